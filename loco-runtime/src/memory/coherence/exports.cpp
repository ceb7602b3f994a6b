// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exports.cpp - marking exported blocks at their home.

#include "memory/coherence/exports.h"

#include <cstring>

namespace loco::memory {

using fabric::Segment;

Exports::Exports(fabric::Fabric &fabric, Block num_blocks) : Fabric(fabric) {
  std::size_t count = round_up(num_blocks, MarksPerMark);
  for (Level &level : Marks) {
    level.count = count;
    level.offset = fabric.reserve_control(count);
    level.mine = reinterpret_cast<MarkByte *>(fabric.control() + level.offset);
    count = round_up(count / MarksPerMark, &level == &Marks[Levels - 2]
                                               ? MarksAtOnce
                                               : MarksPerMark);
  }
}

void Exports::mark(int home, Block first, unsigned count) {
  static constexpr unsigned MaxRun = BlocksPerExtent;
  std::uint8_t ones[MaxRun];
  std::memset(ones, 1, sizeof ones);
  std::size_t low = first, high = first + count - 1;
  for (const Level &level : Marks) {
    for (std::size_t at = low; at <= high; at += MaxRun) {
      std::size_t run = high - at + 1 < MaxRun ? high - at + 1 : MaxRun;
      Fabric.put(home, Segment::Control, level.offset + at, ones, run);
    }
    low /= MarksPerMark;
    high /= MarksPerMark;
  }
  // The marks come before the get that follows, also in this CPU's order.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Exports::clear(Block first, unsigned count) {
  for (Block b = first; b < first + count; ++b)
    Marks[0].mine[b].store(0, std::memory_order_relaxed);
}

bool Exports::all_clear(const MarkByte *marks) {
  // Only a filter: marks that are set are read again one by one.
  std::uint64_t word;
  std::memcpy(&word, static_cast<const void *>(marks), sizeof word);
  return word == 0;
}

} // namespace loco::memory
