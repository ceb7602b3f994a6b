// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exports.h - which home blocks may have copies elsewhere that this node's own
// stores would make stale. Who fetches a block marks it, one-sided, at its home
// before the get; the home takes the marks when it releases.
//
// A byte a block, and above it a byte for 512 blocks (2 MiB), both in Control.
#pragma once

#include "fabric/fabric.h"
#include "memory/layout.h"

namespace loco::memory {

class Exports {
public:
  /// Collective, in the start-up order of Control reservations.
  Exports(fabric::Fabric &fabric, Block num_blocks);

  /// Marks blocks of `home` before a get of them: the home's stores that the
  /// get does not see will find the marks (Dekker; M5).
  void mark(int home, Block first, unsigned count);

  /// Calls take(block) for every marked block of this node, unmarking it first.
  template <typename Take> void take_all(Take take) {
    for (Block group = 0; group < NumGroups; group += 8) {
      if (all_clear(Groups + group))
        continue;
      for (Block g = group; g < group + 8; ++g)
        if (Groups[g].load(std::memory_order_relaxed)) {
          // Unmark from the top down: a mark made meanwhile stays visible.
          Groups[g].exchange(0, std::memory_order_seq_cst);
          take_group(g, take);
        }
    }
  }

private:
  static constexpr Block BlocksPerGroup = 512;
  using Mark = std::atomic<std::uint8_t>;

  /// Whether 8 marks, 8-byte aligned, are all clear.
  static bool all_clear(const Mark *marks);

  template <typename Take> void take_group(Block group, Take take) {
    for (Block b = group * BlocksPerGroup; b < (group + 1) * BlocksPerGroup;
         b += 8) {
      if (all_clear(Blocks + b))
        continue;
      for (Block block = b; block < b + 8; ++block)
        if (Blocks[block].load(std::memory_order_relaxed)) {
          Blocks[block].exchange(0, std::memory_order_seq_cst);
          take(block);
        }
    }
  }

  fabric::Fabric &Fabric;
  Block NumGroups;
  std::uint64_t BlocksOffset, GroupsOffset; ///< in Control
  Mark *Blocks, *Groups;                    ///< this node's own
};

} // namespace loco::memory
