// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// schedule.cpp - who may do what, and when.

#include "schedule.h"

#include <algorithm>
#include <iterator>

namespace stress {

int owner(uint32_t phase, uint32_t offset) {
  const uint32_t key = phase / round_.sticky_phases;
  const uint64_t phase_dice = mix(round_.seed, 11, key);
  static constexpr uint32_t Grains[] = {1, 2, 4, 8, 16, 64, 512, 4096};
  uint32_t grain = 16384;
  if (phase_dice % 8 != 0)
    grain = Grains[mix(round_.seed, key, 1000 + offset / LOCO_BLOCK_BYTES) %
                   std::size(Grains)];
  const uint64_t dice = mix(phase_dice, grain, offset / grain);
  static constexpr uint32_t ReadOnlyPercents[] = {0, 20, 50, 80};
  if (dice % 100 < ReadOnlyPercents[(phase_dice >> 8) % 4])
    return ReadOnly;
  return static_cast<int>((dice >> 16) % all_threads());
}

static bool reserved(uint32_t offset, uint32_t n) {
  for (uint32_t unit = offset / UnitBytes; unit <= (offset + n - 1) / UnitBytes;
       ++unit)
    if (layout.reserved[unit])
      return true;
  return false;
}

bool may_write(int thread, uint32_t phase, uint32_t offset, uint32_t n) {
  if (reserved(offset, n))
    return false;
  for (uint32_t i = 0; i < n; ++i)
    if (owner(phase, offset + i) != thread)
      return false;
  return true;
}

bool may_read_byte(int thread, uint32_t phase, uint32_t offset) {
  if (layout.reserved[offset / UnitBytes])
    return false;
  const int who = owner(phase, offset);
  return who == ReadOnly || who == thread;
}

bool may_read(int thread, uint32_t phase, uint32_t offset, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    if (!may_read_byte(thread, phase, offset + i))
      return false;
  return true;
}

uint32_t pick_offset(Random &random, uint32_t n) {
  const uint32_t blocks = round_.arena_bytes / LOCO_BLOCK_BYTES;
  uint32_t block = random.below(blocks);
  if (random.chance(70))
    block = static_cast<uint32_t>(
        mix(round_.seed, 21, random.below(round_.hot_blocks)) % blocks);
  uint32_t offset = block * LOCO_BLOCK_BYTES + random.below(LOCO_BLOCK_BYTES);
  if (random.chance(12))
    offset = block * LOCO_BLOCK_BYTES + LOCO_BLOCK_BYTES - random.below(n + 1);
  else if (random.chance(60))
    offset -= offset % n;
  return std::min(offset, round_.arena_bytes - n);
}

CounterPhase counter_phase(uint32_t phase, int which) {
  switch (mix(round_.seed, 31 + which, phase) % 5) {
  case 0:
  case 1:
    return CounterPhase::Read;
  case 2:
    return CounterPhase::Reset;
  default:
    return CounterPhase::Active;
  }
}

int counter_resetter(uint32_t phase, int which) {
  return static_cast<int>(mix(round_.seed, 61 + which, phase) % all_threads());
}

bool lock_active(uint32_t phase, int which) {
  return mix(round_.seed, 91 + which, phase) % 3 != 0;
}

} // namespace stress
