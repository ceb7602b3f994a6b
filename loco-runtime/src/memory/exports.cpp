// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exports.cpp - marking exported blocks at their home.

#include "memory/exports.h"

#include <cstring>

namespace loco::memory {

using fabric::Segment;

Exports::Exports(fabric::Fabric &fabric, Block num_blocks)
    : Fabric(fabric),
      NumGroups(static_cast<Block>(
          round_up((num_blocks + BlocksPerGroup - 1) / BlocksPerGroup, 8))) {
  BlocksOffset = fabric.reserve_control(std::size_t{NumGroups} *
                                        BlocksPerGroup);
  GroupsOffset = fabric.reserve_control(NumGroups);
  Blocks = reinterpret_cast<Mark *>(fabric.control() + BlocksOffset);
  Groups = reinterpret_cast<Mark *>(fabric.control() + GroupsOffset);
}

void Exports::mark(int home, Block first, unsigned count) {
  static constexpr unsigned MaxRun = BlocksPerExtent;
  std::uint8_t ones[MaxRun];
  std::memset(ones, 1, sizeof ones);
  for (unsigned done = 0; done < count;) {
    unsigned run = count - done < MaxRun ? count - done : MaxRun;
    Fabric.put(home, Segment::Control, BlocksOffset + first + done, ones, run);
    done += run;
  }
  Block first_group = first / BlocksPerGroup;
  Block last_group = (first + count - 1) / BlocksPerGroup;
  for (Block g = first_group; g <= last_group; ++g)
    Fabric.put(home, Segment::Control, GroupsOffset + g, ones, 1);
  // The marks come before the get that follows, also in this CPU's order.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool Exports::all_clear(const Mark *marks) {
  // Only a filter: marks that are set are read again one by one.
  std::uint64_t word;
  std::memcpy(&word, static_cast<const void *>(marks), sizeof word);
  return word == 0;
}

} // namespace loco::memory
