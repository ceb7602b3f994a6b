// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh.h - whether an acquire brings a copy up to date at once instead of
// taking it away: where it has been missed after each of the last times. That
// spares the miss, or the page fault, and changes of the page table; the price
// is a block that is fetched in vain once nobody reads it any more. So from
// time to time it is taken away all the same, to see whether it is missed before
// it is named again: who takes it away on trial keeps it marked as exported, so
// that its home goes on naming it.
//
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include "memory/layout.h"

#include <cstdint>

namespace loco::memory {

/// What is remembered of a block's copy on this node.
class RefreshHistory {
public:
  /// A notice names the copy: true to refresh it, false to take it away.
  bool named() {
    if (Left == 0) {
      Missing = 1;
      return false;
    }
    --Left;
    return true;
  }
  /// Taken away, and refreshed from now on if it is missed: mark it as exported.
  bool is_on_trial() const { return Missing && Hits != 0; }
  /// A notice names the block, of which there is no copy.
  void named_again() {
    if (Missing)
      Hits = 0;
  }
  /// A thread has missed the block.
  void missed(Block block) {
    if (!Missing)
      return;
    Missing = 0;
    if (Hits < MostHits)
      ++Hits;
    // Neighbours that began together are not all tried again at one time.
    static constexpr unsigned Times[] = {0, 0, 8, 24};
    Left = static_cast<std::uint8_t>(Times[Hits] +
                                     (Hits < 2 ? 0 : (block ^ block >> 3) & 7));
  }

private:
  static constexpr unsigned MostHits = 3;

  std::uint8_t Missing : 1 = 0; ///< taken away by a notice, not missed so far
  std::uint8_t Hits : 2 = 0;    ///< how often it was, without a break
  std::uint8_t Left : 5 = 0;    ///< refreshes until it is tried again
};
static_assert(sizeof(RefreshHistory) == 1);

} // namespace loco::memory
