// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh.h - whether an acquire brings a copy that a notice names up to date at once
// instead of taking it away. That spares a miss where somebody reads it before it is
// named again, which nobody sees; the price is a block that is fetched in vain where
// nobody does. So it is brought up to date until that may have cost as much in vain as
// a miss does; then it is hidden as well, so that reading it shows. If it is read, it
// is brought up to date twice as often until it is hidden again; if not, the next
// notice takes it away. After "Competitive snoopy caching", as open_history.h.
//
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include <cstdint>

namespace loco::memory {

/// What is remembered of a block's copy on this node.
class RefreshHistory {
public:
  enum class Then : std::uint8_t {
    Refresh, ///< where it is, as it is visible
    Hide,    ///< bring it up to date, and take it out of sight
  };

  /// A notice names the copy, which is visible. `most`: how many refreshes cost what
  /// a miss does. `chance` is any number, so that programs are seldom in step with it.
  Then named(unsigned most, std::uint32_t chance) {
    if (Vain < (most << Hits) + (chance * 0x9e3779b9 >> 16) % most) {
      ++Vain;
      return Then::Refresh;
    }
    IsHidden = 1;
    return Then::Hide;
  }
  /// A notice names the block, of which there is no copy or a hidden one.
  void named_again() {
    if (IsHidden)
      Hits = 0;
    IsHidden = 0;
  }
  /// A thread has missed the block.
  void missed() {
    if (IsHidden && Hits < MostHits)
      ++Hits;
    IsHidden = 0;
    Vain = 0;
  }

  static constexpr unsigned MostHits = 7;
  /// The largest `most`.
  static constexpr unsigned MostRefreshes = ((1u << 12) - 1) >> (MostHits + 1);

private:
  std::uint16_t Vain : 12 = 0; ///< refreshed, since it was missed
  std::uint16_t IsHidden : 1 = 0;
  std::uint16_t Hits : 3 = 0; ///< how often it was missed when hidden, in a row
};
static_assert(sizeof(RefreshHistory) == 2);

} // namespace loco::memory
