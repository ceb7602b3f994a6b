// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_device.h - the RDMA device of this node: found by an IP address, with
// the memory that is registered with it.
#pragma once

#include "fabric/verbs_api.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace loco::fabric {

/// A local range that the device may read and write.
struct Registered {
  std::byte *base = nullptr;
  std::uint64_t bytes = 0;
  ibv_mr *region = nullptr;

  bool holds(const void *at, std::size_t count) const {
    auto offset = static_cast<const std::byte *>(at) - base;
    return offset >= 0 && std::uint64_t(offset) <= bytes &&
           count <= bytes - std::uint64_t(offset);
  }
};

class VerbsDevice {
public:
  VerbsDevice() = default;
  VerbsDevice(const VerbsDevice &) = delete;
  ~VerbsDevice();

  /// Binds and listens at the address that LOCO_VERBS_ADDRESS names for this
  /// node, or at the first local one that an RDMA device owns.
  Result<void> open(int node);

  /// Registers mapped memory. The device pins it: all its pages are taken.
  Result<Registered> register_memory(void *base, std::uint64_t bytes,
                                     const char *what);

  rdma_cm_id *listener() const { return Listener; }
  ibv_context *context() const { return Listener->verbs; }
  ibv_pd *domain() const { return Domain; }
  const ibv_device_attr &attributes() const { return Attributes; }
  const sockaddr_storage &address() const { return Address; }
  std::string describe() const; ///< "rxe0 (10.0.0.1)"

private:
  Result<void> bind(const sockaddr_storage &address);
  Result<void> bind_any();

  rdma_cm_id *Listener = nullptr;
  ibv_pd *Domain = nullptr;
  ibv_device_attr Attributes{};
  sockaddr_storage Address{};
  std::vector<ibv_mr *> Regions;
};

std::string address_text(const sockaddr_storage &address);

/// Finds out before it is tried whether `bytes` can be registered on each of
/// `nodes_here` processes of this machine.
Result<void> check_lockable(std::uint64_t bytes, int nodes_here);

} // namespace loco::fabric
