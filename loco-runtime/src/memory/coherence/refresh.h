// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh.h - whether an acquire brings a copy up to date at once instead of
// taking it away: where it has been missed after each of the last times. That
// spares the miss, or the page fault, and changes of the page table; the price
// is a block that is fetched in vain where nobody reads it before it is named
// again. So it begins with a trial, and from time to time there is another: the
// copy is brought up to date, but hidden, so that reading it shows as a miss.
// Being up to date it stays marked as exported, so its home goes on naming it.
//
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include "memory/space/layout.h"

#include <cstdint>

namespace loco::memory {

/// What is remembered of a block's copy on this node.
class RefreshHistory {
public:
  enum class Then : std::uint8_t {
    TakeAway,
    Refresh, ///< where it is, as it is visible
    Hide,    ///< bring it up to date, and take it out of sight
  };

  /// A notice names the copy, which is visible.
  Then named() {
    if (Left != 0) {
      --Left;
      return Hits == 0 ? Then::TakeAway : Then::Refresh;
    }
    Waiting = 1;
    return Hits == 0 ? Then::TakeAway : Then::Hide;
  }
  /// A notice names the block, of which there is no copy or a hidden one.
  void named_again(Block block) {
    if (Waiting && Hits != 0)
      Left = static_cast<std::uint8_t>(Pause + spread(block));
    if (Waiting)
      Hits = 0;
    Waiting = 0;
  }
  /// A thread has missed the block.
  void missed(Block block) {
    if (!Waiting)
      return;
    Waiting = 0;
    if (Hits < MostHits)
      ++Hits;
    static constexpr std::uint8_t Times[] = {0, 0, 8, 24};
    Left =
        static_cast<std::uint8_t>(Times[Hits] + (Hits < 2 ? 0 : spread(block)));
  }

private:
  static constexpr unsigned MostHits = 3;
  /// So often it is taken away, after a trial that failed, until the next.
  static constexpr unsigned Pause = 24;

  /// Neighbours that began together are not all tried again at one time.
  static unsigned spread(Block block) { return (block ^ block >> 3) & 7; }

  std::uint8_t Waiting : 1 = 0; ///< taken away or hidden, not missed so far
  std::uint8_t Hits : 2 = 0;    ///< how often it was missed, without a break
  std::uint8_t Left : 5 = 0;    ///< notices until the next trial
};
static_assert(sizeof(RefreshHistory) == 1);

} // namespace loco::memory
