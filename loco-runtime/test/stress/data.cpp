// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// data.cpp - plain and volatile accesses, one by one and in ranges.

#include "access.h"
#include "failure.h"
#include "model.h"
#include "operations.h"
#include "schedule.h"

#include <algorithm>
#include <cstring>

namespace stress {

void plain_access(Random &random, const Context &context, bool execute) {
  uint32_t n = 1u << random.below(4);
  const uint32_t offset = pick_offset(random, n);
  const bool write = random.chance(55);
  const bool update = random.chance(20);
  const bool is_volatile =
      random.chance(8) && (round_.features & Volatile) && multi();
  const How how = pick_how(random);
  uint64_t value = random.next();
  char *p = round_.arena + offset;

  if (write) {
    if (!may_write(context.thread, context.phase, offset, n))
      n = 1;
    if (!may_write(context.thread, context.phase, offset, n))
      return;
    if (update) {
      uint64_t old = 0;
      if (execute) {
        load(p, &old, n, how);
        check_bytes(context, offset, reinterpret_cast<unsigned char *>(&old), n,
                    name_of(how));
      }
      memcpy(&old, model + offset, n);
      value += old;
    }
    if (execute) {
      if (is_volatile)
        __loco_volatile_store(p, &value, n);
      else
        store(p, &value, n, how);
    }
    note_write(context, offset, &value, n);
    return;
  }
  if (!execute)
    return;
  if (!may_read(context.thread, context.phase, offset, n))
    n = 1;
  if (!may_read(context.thread, context.phase, offset, n))
    return;
  if (is_volatile)
    __loco_volatile_load(p, &value, n);
  else
    load(p, &value, n, how);
  check_bytes(context, offset, reinterpret_cast<unsigned char *>(&value), n,
              is_volatile ? "volatile load" : name_of(how));
}

void range_access(Random &random, const Context &context, bool execute) {
  const bool write = random.chance(50);
  const uint32_t most = std::min<uint32_t>(
      round_.arena_bytes, random.chance(20) ? 5 * LOCO_BLOCK_BYTES : 600);
  uint32_t n = 1 + random.below(most);
  const uint32_t offset = pick_offset(random, n);
  const uint32_t dice = random.below(8);
  const uint64_t pattern = random.next();
  char *p = round_.arena + offset;
  const How how =
      dice == 0 && (round_.features & Unchecked)  ? How::Unchecked
      : dice == 2 && (round_.features & Uncached) ? How::Uncached
                                                  : How::Checked;
  static thread_local unsigned char buffer[5 * LOCO_BLOCK_BYTES];

  if (write) {
    // As much of it as belongs to this thread.
    uint32_t mine = 0;
    while (mine < n &&
           may_write(context.thread, context.phase, offset + mine, 1))
      ++mine;
    if (mine == 0)
      return;
    n = mine;
    for (uint32_t i = 0; i < n; ++i)
      buffer[i] =
          static_cast<unsigned char>(mix(pattern, i / 8) >> (i % 8 * 8));
    if (execute)
      store_range(p, buffer, n, how);
    note_write(context, offset, buffer, n);
    return;
  }
  if (!execute)
    return;
  if (dice == 1 && !is_uncached(how))
    __loco_prefetch(p, n);
  load_range(p, buffer, n, how);
  for (uint32_t i = 0; i < n; ++i)
    if (may_read_byte(context.thread, context.phase, offset + i))
      check_bytes(context, offset + i, buffer + i, 1,
                  is_uncached(how)          ? "uncached range"
                  : how == How::Unchecked ? "unchecked range"
                                          : "touched range");
}

void check_released(Random &random, const Context &context) {
  for (int i = 0; i < 4; ++i) {
    const uint32_t offset = pick_offset(random, 1);
    if (!may_write(context.thread, context.phase, offset, 1))
      continue;
    unsigned char got;
    __loco_volatile_load(round_.arena + offset, &got, 1);
    if (got != model[offset])
      fail(context, round_.arena + offset,
           "M4: released, and home has 0x%02x in place of 0x%02x", got,
           model[offset]);
  }
}

} // namespace stress
