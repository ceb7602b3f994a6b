// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/races/allocation_sites.h"

#include "base/private_scope.h"
#include "base/signal_scope.h"

#include <unwind.h>

namespace loco::memory {

namespace {

struct Walk {
  Allocation &into;
  std::size_t count = 0;
};

_Unwind_Reason_Code take_frame(_Unwind_Context *context, void *argument) {
  auto &walk = *static_cast<Walk *>(argument);
  std::uint64_t pc = _Unwind_GetIP(context);
  if (pc == 0 || walk.count == Allocation::MaxFrames)
    return _URC_END_OF_STACK;
  walk.into.pcs[walk.count++] = pc;
  return _URC_NO_REASON;
}

} // namespace

void AllocationSites::note(const void *p, std::size_t bytes) {
  PrivateScope scope;
  SignalScope signals; // the mutex
  Allocation allocation{reinterpret_cast<std::uint64_t>(p), bytes, {}};
  Walk walk{allocation};
  _Unwind_Backtrace(take_frame, &walk);
  std::lock_guard lock(Mutex);
  Live.insert_or_assign(allocation.start, allocation);
}

void AllocationSites::forget(const void *p) {
  PrivateScope scope;
  SignalScope signals; // the mutex
  std::lock_guard lock(Mutex);
  Live.erase(reinterpret_cast<std::uint64_t>(p));
}

std::optional<Allocation> AllocationSites::find(std::uint64_t address) {
  std::lock_guard lock(Mutex);
  auto after = Live.upper_bound(address);
  if (after == Live.begin())
    return std::nullopt;
  const Allocation &allocation = std::prev(after)->second;
  if (address - allocation.start >= allocation.bytes)
    return std::nullopt;
  return allocation;
}

} // namespace loco::memory
