// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exports.h - which home blocks may have copies elsewhere that this node's own
// stores would make stale. Who fetches a block marks it, one-sided, at its home
// before the get; the home takes the marks when it releases.
//
// Marks are bytes in Control, on three levels: one for a block, one for 512 of
// them (2 MiB), and one for 512 of those (1 GiB), so that looking for the few
// that are set costs next to nothing.
#pragma once

#include "fabric/fabric.h"
#include "memory/space/layout.h"

namespace loco::memory {

class Exports {
public:
  /// Collective, in the start-up order of Control reservations.
  Exports(fabric::Fabric &fabric, Block num_blocks);

  /// Marks blocks of `home` before a get of them: the home's stores that the
  /// get does not see will find the marks (Dekker; M5).
  void mark(int home, Block first, unsigned count);

  bool is_marked(Block block) const {
    return Marks[0].mine[block].load(std::memory_order_relaxed) != 0;
  }
  /// Forgets marks of this node; the caller knows that none is being made.
  void clear(Block first, unsigned count);

  /// Calls take(block) for every marked block of this node, unmarking it first.
  template <typename Take> void take_all(Take take) {
    for (std::size_t top = 0; top < Marks[Levels - 1].count; top += MarksAtOnce)
      take_marked(Levels - 1, top, MarksAtOnce, take);
  }

private:
  using MarkByte = std::atomic<std::uint8_t>;
  static constexpr int Levels = 3;
  static constexpr unsigned MarksPerMark = 512; ///< of the level below
  static constexpr unsigned MarksAtOnce = 8;

  struct Level {
    std::uint64_t offset; ///< in Control
    MarkByte *mine;       ///< this node's own
    std::size_t count;    ///< a multiple of MarksAtOnce
  };

  /// Whether MarksAtOnce marks, aligned, are all clear.
  static bool all_clear(const MarkByte *marks);

  /// Takes what is marked among `count` marks of a level, from `first` on.
  template <typename Take>
  void take_marked(int level, std::size_t first, std::size_t count,
                   Take take) {
    MarkByte *marks = Marks[level].mine;
    for (std::size_t at = first; at < first + count; at += MarksAtOnce) {
      if (all_clear(marks + at))
        continue;
      for (std::size_t i = at; i < at + MarksAtOnce; ++i) {
        if (!marks[i].load(std::memory_order_relaxed))
          continue;
        // Cleared from the top down, set from the bottom up: a mark that is made
        // meanwhile is found now or next time.
        marks[i].exchange(0, std::memory_order_seq_cst);
        if (level == 0)
          take(static_cast<Block>(i));
        else
          take_marked(level - 1, i * MarksPerMark, MarksPerMark, take);
      }
    }
  }

  fabric::Fabric &Fabric;
  Level Marks[Levels]; ///< [0]: blocks
};

} // namespace loco::memory
