// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// access.cpp - loads and stores as compiled code makes them.

#include "access.h"

#include "failure.h"

#include <cstring>

namespace stress {

How pick_how(Random &random) {
  const uint32_t dice = random.below(8);
  if (dice == 0 && (round_.features & Unchecked))
    return How::Unchecked;
  if (dice == 2 && (round_.features & Uncached))
    return How::Uncached;
  return dice == 1 ? How::Called : How::Checked;
}

bool is_uncached(How how) {
  return multi() && (round_.uncached_only || how == How::Uncached);
}

// What compiled code does: look at the shadow, call the slow path if need be.
static void before_load(const void *p, size_t n, How how) {
  if (how == How::Called ||
      (how == How::Checked &&
       (shadow_of(p) > LOCO_SHADOW_CLEAN ||
        shadow_of(static_cast<const char *>(p) + n - 1) > LOCO_SHADOW_CLEAN)))
    __loco_load(p, n);
}

static void before_store(void *p, size_t n, How how) {
  if (how == How::Called ||
      (how == How::Checked &&
       (shadow_of(p) > LOCO_SHADOW_READY ||
        shadow_of(static_cast<char *>(p) + n - 1) > LOCO_SHADOW_READY)))
    __loco_store(p, n);
}

void copy(void *to, const void *from, size_t n) {
  compiler_barrier();
  switch (n) {
  case 1:
    __builtin_memcpy(to, from, 1);
    break;
  case 2:
    __builtin_memcpy(to, from, 2);
    break;
  case 4:
    __builtin_memcpy(to, from, 4);
    break;
  case 8:
    __builtin_memcpy(to, from, 8);
    break;
  default:
    memcpy(to, from, n);
  }
  compiler_barrier();
}

void load(const void *p, void *out, size_t n, How how) {
  if (is_uncached(how))
    return __loco_kv_get(p, out, n);
  before_load(p, n, how);
  copy(out, p, n);
}

void store(void *p, const void *in, size_t n, How how) {
  if (is_uncached(how))
    return __loco_kv_put(p, in, n);
  before_store(p, n, how);
  copy(p, in, n);
}

void load_range(const void *p, void *out, size_t n, How how) {
  if (is_uncached(how))
    return __loco_kv_move(out, p, n);
  if (how != How::Unchecked)
    __loco_touch(p, n, LOCO_TOUCH_LOAD);
  copy(out, p, n);
}

void store_range(void *p, const void *in, size_t n, How how) {
  if (is_uncached(how))
    return __loco_kv_move(p, in, n);
  if (how != How::Unchecked)
    __loco_touch(p, n, LOCO_TOUCH_STORE);
  copy(p, in, n);
}

const char *name_of(How how) {
  if (is_uncached(how))
    return "uncached load";
  return how == How::Checked  ? "checked load"
         : how == How::Called ? "called load"
                              : "unchecked load";
}

} // namespace stress
