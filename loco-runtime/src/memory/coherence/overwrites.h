// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// overwrites.h - which home blocks a release had better name at once, of those
// that others have fetched: those that this node stores to again before anybody
// reads them again. Their copies go one notice earlier than they must; for that
// the block needs no protection, no first store, and no fingerprint on either
// side (M13).
//
// A block is protected at first, which shows whether it is stored to between
// one fetch and the next, and how many releases lie between those. If it always
// is, it is named for some rounds; then it is protected once more, to see
// whether it still is. A fetch that comes early shows that its copy went too
// early: others read it more than once between two stores. One that comes at
// once after a notice may be a refresh by an acquire (refresh.h), which would
// follow each notice, also one too many.
//
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/reserve.h"

#include <algorithm>
#include <cstdint>

namespace loco::memory {

class Overwrites {
public:
  Overwrites(Block num_blocks, const char *what)
      : Uses(reserve_array<Use>(num_blocks, what)) {}

  /// Others have fetched the block, which is writable, before release number
  /// `now`: true to name it and leave it so, false to protect it.
  bool fetched(Block block, std::uint32_t now) {
    Use &use = Uses[block];
    auto gap = static_cast<std::uint16_t>(now - use.FetchedAt);
    bool at_once = static_cast<std::uint16_t>(now - use.NamedAt) < 2;
    bool stored = use.Stored;
    use.FetchedAt = static_cast<std::uint16_t>(now);
    use.Stored = 0;
    if (use.Naming) {
      if (gap < use.Gap - use.Gap / 4) { // too early
        use.Naming = 0;
        use.Trust = 0;
        use.Left = static_cast<std::uint8_t>(2u << use.Mistakes);
        if (use.Mistakes < MostMistakes)
          ++use.Mistakes;
        return false;
      }
      if (use.Left != 0) {
        --use.Left;
        return true;
      }
      use.Naming = 0; // protected once
      return false;
    }
    if (!stored || at_once) {
      use.Trust = 0;
      return false;
    }
    use.Gap = gap;
    if (use.Left != 0) {
      --use.Left;
      return false;
    }
    if (use.Trust < MostTrust)
      ++use.Trust;
    if (use.Trust == MostTrust)
      use.Mistakes = 0;
    if (use.Trust < 2)
      return false;
    use.Naming = 1;
    // Neighbours are not all protected in one round.
    use.Left = static_cast<std::uint8_t>((1u << use.Trust) - 1 +
                                         ((block ^ block >> 3) & 7));
    return true;
  }

  /// Release number `now` has a notice of the block.
  void named(Block block, std::uint32_t now) {
    Uses[block].NamedAt = static_cast<std::uint16_t>(now);
  }
  /// The first store since the block was protected.
  void stored(Block block) { Uses[block].Stored = 1; }

private:
  static constexpr unsigned MostTrust = 5, MostMistakes = 6;

  struct Use {
    std::uint16_t FetchedAt; ///< release that found it last
    std::uint16_t NamedAt;   ///< release with its last notice
    std::uint16_t Gap;       ///< releases between two such, while protected
    std::uint8_t Left;       ///< rounds to name it; or to protect it, at least
    std::uint8_t Naming : 1;
    std::uint8_t Stored : 1;   ///< since it was protected
    std::uint8_t Trust : 3;    ///< how often it was stored to between, in a row
    std::uint8_t Mistakes : 3; ///< how often it was named too early
  };

  Use *Uses;
};

} // namespace loco::memory
