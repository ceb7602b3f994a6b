// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// allocation_sites.h - where in the program the objects of this node's heap
// were allocated. With LOCO_RACE only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace loco::memory {

struct Allocation {
  static constexpr std::size_t MaxFrames = 12;
  std::uint64_t start, bytes;
  std::uint64_t pcs[MaxFrames]; ///< innermost first; the unused ones are 0
};

/// Any thread.
class AllocationSites {
public:
  /// [p, p + bytes) was allocated by the caller's callers.
  void note(const void *p, std::size_t bytes);
  /// The object that starts there is no more.
  void forget(const void *p);
  std::optional<Allocation> find(std::uint64_t address);

private:
  std::mutex Mutex;
  std::map<std::uint64_t, Allocation> Live; ///< by start
};

} // namespace loco::memory
