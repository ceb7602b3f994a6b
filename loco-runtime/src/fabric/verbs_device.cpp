// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_device.cpp - finding the device. An on-demand-paging device is not
// asked for: memory is registered whole and stays pinned. (Registering in
// chunks, as extents get their homes, is future work.)
#include "fabric/verbs_device.h"
#include "base/settings.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace loco::fabric {
namespace {

std::string reason() { return std::strerror(errno); }

std::string device_names() {
  std::string names;
  std::error_code none;
  for (auto &device :
       std::filesystem::directory_iterator("/sys/class/infiniband", none))
    names += (names.empty() ? "" : ", ") + device.path().filename().string();
  return names;
}

/// Entry `node` of a list that is used again from its start.
std::string entry_of(const std::string &list, int node) {
  std::vector<std::string> entries(1);
  for (char c : list)
    if (c == ',')
      entries.emplace_back();
    else
      entries.back() += c;
  return entries[static_cast<std::size_t>(node) % entries.size()];
}

bool parse_address(const std::string &text, sockaddr_storage &into) {
  into = {};
  auto *v4 = reinterpret_cast<sockaddr_in *>(&into);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    return true;
  }
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&into);
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    return true;
  }
  return false;
}

bool may_lock_without_limit() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  return syscall(SYS_capget, &header, data) == 0 &&
         (data[0].effective & (1u << CAP_IPC_LOCK)) != 0;
}

} // namespace

std::string address_text(const sockaddr_storage &address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET)
    inet_ntop(AF_INET,
              &reinterpret_cast<const sockaddr_in &>(address).sin_addr, text,
              sizeof text);
  else
    inet_ntop(AF_INET6,
              &reinterpret_cast<const sockaddr_in6 &>(address).sin6_addr, text,
              sizeof text);
  return text;
}

Result<void> check_lockable(std::uint64_t bytes, int nodes_here) {
  const std::string needed =
      "the fabric 'verbs' registers its segments whole: " +
      std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB a node";
  const std::string what_to_do =
      "; set LOCO_WINDOW to less (5/4 of it and some 10 MiB are registered)";
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur &&
      !may_lock_without_limit())
    return Error{needed + ", but RLIMIT_MEMLOCK allows " +
                 std::to_string(limit.rlim_cur >> 10) + " KiB" + what_to_do +
                 ", or raise the limit (ulimit -l)"};
  struct sysinfo system{};
  sysinfo(&system);
  const std::uint64_t memory = std::uint64_t(system.totalram) * system.mem_unit;
  if (bytes > memory / static_cast<unsigned>(nodes_here))
    return Error{needed + ", and " + std::to_string(nodes_here) +
                 " of them run on this machine, which has " +
                 std::to_string(memory >> 20) + " MiB" + what_to_do};
  return {};
}

VerbsDevice::~VerbsDevice() {
  for (ibv_mr *region : Regions)
    verbs_api.ibv_dereg_mr(region);
  if (Domain)
    verbs_api.ibv_dealloc_pd(Domain);
  if (Listener)
    verbs_api.rdma_destroy_id(Listener);
}

std::string VerbsDevice::describe() const {
  return std::string(verbs_api.ibv_get_device_name(context()->device)) + " (" +
         address_text(Address) + ")";
}

Result<void> VerbsDevice::bind(const sockaddr_storage &address) {
  // Without an event channel every call waits for its own event.
  rdma_cm_id *id = nullptr;
  if (verbs_api.rdma_create_id(nullptr, &id, nullptr, RDMA_PS_TCP) != 0)
    return Error{"cannot use the RDMA connection manager: " + reason() +
                 "; load the kernel module rdma_ucm and give access to "
                 "/dev/infiniband/rdma_cm"};
  sockaddr_storage copy = address;
  std::string wrong;
  if (verbs_api.rdma_bind_addr(id, reinterpret_cast<sockaddr *>(&copy)) != 0)
    wrong = reason();
  else if (!id->verbs)
    wrong = "no RDMA device owns it";
  else if (id->verbs->device->transport_type != IBV_TRANSPORT_IB)
    // Without receiver-not-ready retries a burst of messages ends a connection.
    wrong = "its device speaks iWARP; InfiniBand and RoCE are supported";
  if (!wrong.empty()) {
    verbs_api.rdma_destroy_id(id);
    return Error{"cannot use the address " + address_text(address) +
                 " for RDMA: " + wrong};
  }
  Listener = id;
  Address = address;
  return {};
}

Result<void> VerbsDevice::bind_any() {
  ifaddrs *interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0)
    return Error{"cannot list the network interfaces: " + reason()};
  std::string tried;
  for (ifaddrs *i = interfaces; i && !Listener; i = i->ifa_next) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
        (i->ifa_flags & IFF_LOOPBACK))
      continue;
    sockaddr_storage address{};
    std::memcpy(&address, i->ifa_addr, sizeof(sockaddr_in));
    if (Result<void> bound = bind(address); !bound.ok())
      tried += "; " + bound.error().message;
  }
  freeifaddrs(interfaces);
  if (Listener)
    return {};
  return Error{"no local IPv4 address belongs to an RDMA device (" +
               device_names() + ")" + tried +
               "; give its interface an address, or set LOCO_VERBS_ADDRESS"};
}

Result<void> VerbsDevice::open(int node) {
  if (device_names().empty())
    return Error{"the fabric 'verbs' finds no RDMA device in "
                 "/sys/class/infiniband; load the device's kernel module (for "
                 "Soft-RoCE: rdma link add rxe0 type rxe netdev INTERFACE)"};
  const std::string &wanted = settings().verbs_address;
  Result<void> bound;
  if (wanted.empty()) {
    bound = bind_any();
  } else {
    sockaddr_storage address;
    const std::string mine = entry_of(wanted, node);
    if (!parse_address(mine, address))
      return Error{"LOCO_VERBS_ADDRESS='" + wanted + "': '" + mine +
                   "' is not an IP address"};
    bound = bind(address);
    if (!bound.ok())
      return Error{bound.error().message +
                   "; LOCO_VERBS_ADDRESS must be the address of an interface "
                   "of an RDMA device (there is: " + device_names() + ")"};
  }
  if (!bound.ok())
    return bound;
  if (verbs_api.rdma_listen(Listener, MaxNodes) != 0)
    return Error{"cannot listen on " + describe() + ": " + reason()};
  if (int error = verbs_api.ibv_query_device(context(), &Attributes))
    return Error{"cannot query " + describe() + ": " + std::strerror(error)};
  Domain = verbs_api.ibv_alloc_pd(context());
  if (!Domain)
    return Error{"cannot allocate a protection domain on " + describe() +
                 ": " + reason()};
  return {};
}

Result<Registered> VerbsDevice::register_memory(void *base,
                                                std::uint64_t bytes,
                                                const char *what) {
  ibv_mr *region = verbs_api.ibv_reg_mr(
      Domain, base, bytes,
      IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ |
          IBV_ACCESS_REMOTE_WRITE);
  if (!region)
    return Error{std::string("cannot register ") + what + " (" +
                 std::to_string(bytes >> 20) + " MiB) with " + describe() +
                 ": " + reason() +
                 "; is RLIMIT_MEMLOCK (ulimit -l) or the machine's memory too "
                 "small for LOCO_WINDOW?"};
  Regions.push_back(region);
  return Registered{static_cast<std::byte *>(base), bytes, region};
}

} // namespace loco::fabric
