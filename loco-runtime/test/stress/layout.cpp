// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// layout.cpp - where a round's special objects lie: in the same few blocks, and
// where they are worst, at the borders.

#include "random.h"
#include "round.h"

#include <cstring>

namespace stress {

void make_layout() {
  memset(&layout, 0, sizeof layout);
  Random random(mix(round_.seed, 171));
  const uint32_t blocks = round_.arena_bytes / LOCO_BLOCK_BYTES;
  const uint32_t units_of_block = LOCO_BLOCK_BYTES / UnitBytes;
  auto place = [&](uint32_t units, bool at_border) {
    for (;;) {
      uint32_t unit = random.below(blocks * units_of_block - units);
      if (random.chance(60)) // where the other traffic is
        unit = static_cast<uint32_t>(
                   mix(round_.seed, 21, random.below(round_.hot_blocks)) %
                   blocks) *
                   units_of_block +
               random.below(units_of_block - units);
      if (at_border && blocks > 1)
        unit = (1 + random.below(blocks - 1)) * units_of_block - 1;
      bool free = true;
      for (uint32_t i = 0; i < units; ++i)
        free = free && !layout.reserved[unit + i];
      if (!free)
        continue;
      for (uint32_t i = 0; i < units; ++i)
        layout.reserved[unit + i] = true;
      return unit * UnitBytes;
    }
  };
  for (uint32_t &offset : layout.counter)
    offset = place(1, false) + 16 * random.below(4);
  for (uint32_t &offset : layout.lock)
    offset = place(1, false) + 8 * random.below(8);
  for (uint32_t &offset : layout.record)
    offset = place(2, random.chance(30)) + 8 * random.below(2);
  for (int thread = 0; thread < all_threads(); ++thread) {
    layout.mailbox[thread] = place(1, false);
    layout.mailbox_flag[thread] = place(1, false) + 4 * random.below(16);
    layout.stack_pointer[thread] = place(1, false);
  }
  for (uint32_t &offset : layout.guard)
    offset = place(1, false);
  for (uint32_t &offset : layout.guarded)
    offset = place(1, false);
  for (uint32_t &offset : layout.heap_pointer)
    offset = place(1, false) + 8 * random.below(8);
}

} // namespace stress
