// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reuse.h - which blocks of an extent are stored to again in each round, so
// that the first store of a round may make all of them writable at once:
// programs that iterate store to the same blocks, in any order.
//
// A round of an extent ends with the release that protects it again. What one
// round missed is expected of the next ones once two rounds in a row were
// alike. As nobody sees which expected blocks were stored to in fact, a round
// without expectations follows from time to time, the longer after the more
// often it has missed the same: in the end every 8th to 16th one.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/reserve.h"

#include <algorithm>
#include <atomic>
#include <bit>

namespace loco::memory {

/// Any thread. It only hints: what two threads note at once may get lost.
class Reuse {
public:
  /// Blocks of an extent; the first one is bit 0.
  using Mask = std::uint16_t;
  static_assert(BlocksPerExtent == 16);

  Reuse(Extent num_extents, const char *what)
      : Uses(reserve_array<Use>(num_extents, what)) {}

  /// `count` blocks were missed, and are or get writable. Returns which others
  /// of their extent are likely to be missed in this round.
  Mask missed(Block first, Block count) {
    Use &use = Uses[extent_of(first)];
    auto blocks =
        static_cast<Mask>(((1u << count) - 1) << first % BlocksPerExtent);
    use.Missed.fetch_or(blocks, std::memory_order_relaxed);
    return static_cast<Mask>(expected(extent_of(first)) & ~blocks);
  }

  /// What is likely to be missed of an extent in this round.
  Mask expected(Extent extent) const {
    const Use &use = Uses[extent];
    if (use.RoundsLeft.load(std::memory_order_relaxed) == 0)
      return 0;
    return use.Expected.load(std::memory_order_relaxed);
  }

  /// Blocks of the extent were protected by release number `now`.
  void end_round(Extent extent, std::uint32_t now) {
    Use &use = Uses[extent];
    if (use.EndedAt.exchange(now, std::memory_order_relaxed) == now)
      return;
    Mask missed = use.Missed.exchange(0, std::memory_order_relaxed);
    Mask expected = use.Expected.load(std::memory_order_relaxed);
    if (unsigned left = use.RoundsLeft.load(std::memory_order_relaxed)) {
      set(use.RoundsLeft, left - 1);
      set(use.Expected, expected | missed);
      return;
    }
    if (missed == 0) // all of it was prepared as ranges
      return;
    unsigned trust = 0;
    if (alike(missed, expected))
      trust =
          std::min(use.Trust.load(std::memory_order_relaxed) + 1u, MostTrust);
    set(use.Trust, trust);
    // Not all extents learn in the same round: a miss costs time.
    unsigned rounds = (1u << trust) - 1;
    set(use.RoundsLeft, rounds - extent % (rounds / 2 + 1));
    set(use.Expected, missed);
  }

private:
  static constexpr unsigned MostTrust = 4;

  struct Use {
    std::atomic<Mask> Missed;   ///< in this round
    std::atomic<Mask> Expected; ///< of a round
    std::atomic<std::uint32_t> EndedAt;
    std::atomic<std::uint8_t> Trust;
    std::atomic<std::uint8_t> RoundsLeft; ///< to rely on Expected; 0: learning
  };

  template <typename T> static void set(std::atomic<T> &to, unsigned value) {
    to.store(static_cast<T>(value), std::memory_order_relaxed);
  }

  /// Three quarters of what is in either are in both.
  static bool alike(Mask a, Mask b) {
    return 4 * std::popcount(static_cast<Mask>(a & b)) >=
           3 * std::popcount(static_cast<Mask>(a | b));
  }

  Use *Uses;
};

} // namespace loco::memory
