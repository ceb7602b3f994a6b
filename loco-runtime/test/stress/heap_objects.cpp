// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heap_objects.cpp - an object is made in one phase, changed in the next, freed
// in the third, by threads chosen at random.

#include "access.h"
#include "failure.h"
#include "operations.h"

#include <algorithm>
#include <iterator>

namespace stress {

struct HeapPlan {
  uint32_t bytes;
  uint32_t kind;
  uint64_t pattern;
  int worker; // of this phase
};

static HeapPlan heap_plan(uint32_t phase, int slot) {
  const uint64_t life = mix(round_.seed, 131 + slot, phase / 3);
  HeapPlan plan;
  static constexpr uint32_t Sizes[] = {8, 100, 4096, 9000, 70000, 300000};
  plan.bytes =
      1 + static_cast<uint32_t>((life >> 8) % Sizes[life % std::size(Sizes)]);
  plan.kind = static_cast<uint32_t>((life >> 40) % 4);
  plan.pattern = life;
  plan.worker = static_cast<int>(mix(life, phase) % all_threads());
  return plan;
}

// The pattern of bytes i to i + 7 of an object; pattern 0 is all zeros.
static uint64_t heap_word(uint64_t pattern, uint32_t i) {
  return pattern ? mix(pattern, i) : 0;
}

static void fill_object(char *p, uint32_t bytes, uint64_t pattern) {
  if (!is_uncached(How::Unchecked))
    __loco_touch(p, bytes, LOCO_TOUCH_STORE);
  for (uint32_t i = 0; i < bytes; i += 8) {
    const uint64_t word = heap_word(pattern, i);
    store(p + i, &word, std::min<uint32_t>(8, bytes - i), How::Unchecked);
  }
}

static void check_object(const Context &context, const char *p, uint32_t bytes,
                         uint64_t pattern, const char *what) {
  if (!is_uncached(How::Unchecked))
    __loco_touch(p, bytes, LOCO_TOUCH_LOAD);
  for (uint32_t i = 0; i < bytes; i += 8) {
    const uint32_t n = std::min<uint32_t>(8, bytes - i);
    const uint64_t expected = heap_word(pattern, i);
    uint64_t got = expected;
    load(p + i, &got, n, How::Unchecked);
    if (got != expected)
      fail(context, p + i,
           "%s of %u bytes: bytes %u to %u: expected 0x%llx, got 0x%llx", what,
           bytes, i, i + n - 1, static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

void use_heap(const Context &context) {
  // The life of an object must fit into the round.
  if (context.phase / 3 * 3 + 3 > round_.phases)
    return;
  for (int slot = 0; slot < HeapSlotCount; ++slot) {
    const HeapPlan plan = heap_plan(context.phase, slot);
    if (plan.worker != context.thread)
      continue;
    char *where = round_.arena + layout.heap_pointer[slot];
    if (context.phase % 3 == 0) {
      void *p = nullptr;
      switch (plan.kind) {
      case 0:
        p = __loco_malloc(plan.bytes);
        break;
      case 1:
        p = __loco_calloc(1, plan.bytes);
        if (p)
          check_object(context, static_cast<char *>(p), plan.bytes, 0,
                       "zeroed object");
        break;
      case 2:
        if (__loco_posix_memalign(&p, 256, plan.bytes) != 0)
          p = nullptr;
        break;
      default:
        p = __loco_new(plan.bytes);
      }
      if (!p)
        fail(context, nullptr, "no memory for %u bytes", plan.bytes);
      if (plan.kind == 2 && reinterpret_cast<uintptr_t>(p) % 256 != 0)
        fail(context, p, "not aligned to 256");
      fill_object(static_cast<char *>(p), plan.bytes, plan.pattern);
      store(where, p, How::Checked);
      continue;
    }
    char *p = load<char *>(where, How::Checked);
    if (context.phase % 3 == 1) {
      check_object(context, p, plan.bytes, plan.pattern, "new object");
      if (plan.kind == 0) { // grows by half, keeping what it has
        p = static_cast<char *>(__loco_realloc(p, plan.bytes + plan.bytes / 2));
        if (!p)
          fail(context, nullptr, "no memory for %u bytes", plan.bytes);
        check_object(context, p, plan.bytes, plan.pattern, "regrown object");
        store(where, p, How::Checked);
      }
      fill_object(p, plan.bytes, ~plan.pattern);
    } else {
      check_object(context, p, plan.bytes, ~plan.pattern, "changed object");
      if (plan.kind == 3)
        __loco_delete(p);
      else
        __loco_free(p);
    }
  }
}

} // namespace stress
