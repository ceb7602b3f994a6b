// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// block_list.h - a list of block numbers that slow paths append to: no
// allocation, a spin lock, taken whole by the one who releases.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/reserve.h"

#include <algorithm>
#include <atomic>
#include <sched.h>
#include <span>

namespace loco::memory {

class BlockList {
public:
  /// Each block is in the list at most once, so `capacity` blocks suffice.
  BlockList(Block capacity, const char *what)
      : Filling(reserve_array<Block>(capacity, what)),
        Taken(reserve_array<Block>(capacity, what)) {}

  void append(Block block) {
    lock();
    Filling[Count++] = block;
    unlock();
  }

  std::size_t size() const { return Count.load(std::memory_order_acquire); }
  bool empty() const { return Count.load(std::memory_order_acquire) == 0; }

  /// Empties the list; what was in it, sorted, stays valid until the next call.
  /// One caller at a time.
  std::span<Block> take_sorted() {
    lock();
    std::swap(Filling, Taken);
    std::size_t count = Count;
    Count = 0;
    unlock();
    // Most come in the order in which the last release has looked at them.
    Block *const rest = std::is_sorted_until(Taken, Taken + count);
    if (Taken + count - rest > FewUnsorted)
      std::sort(Taken, Taken + count);
    else
      for (Block *next = rest; next != Taken + count; ++next)
        std::rotate(std::upper_bound(Taken, next, *next), next, next + 1);
    return {Taken, count};
  }

private:
  static constexpr std::ptrdiff_t FewUnsorted = 16;

  void lock() {
    while (Locked.exchange(true, std::memory_order_acquire))
      sched_yield();
  }
  void unlock() { Locked.store(false, std::memory_order_release); }

  std::atomic<bool> Locked{false};
  std::atomic<std::size_t> Count{0};
  Block *Filling;
  Block *Taken;
};

} // namespace loco::memory
