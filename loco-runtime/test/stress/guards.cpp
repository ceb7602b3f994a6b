// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// guards.cpp - guards of local statics.

#include "access.h"
#include "failure.h"
#include "operations.h"

namespace stress {

void use_guards(Random &random, const Context &context) {
  for (int which = 0; which < GuardCount; ++which) {
    // All threads together, in one phase.
    if (mix(round_.seed, 121, which) % round_.phases != context.phase)
      continue;
    auto *guard =
        reinterpret_cast<uint64_t *>(round_.arena + layout.guard[which]);
    char *p = round_.arena + layout.guarded[which];
    const uint64_t expected = mix(round_.seed, 122, which);
    if (__loco_guard_acquire(guard)) {
      const uint64_t before = load<uint64_t>(p, How::Checked);
      if (before != 0)
        fail(context, p, "guard %d was entered twice", which);
      store(p, expected, pick_how(random));
      __loco_guard_release(guard);
    }
    const uint64_t got = load<uint64_t>(p, pick_how(random));
    if (got != expected)
      fail(context, p, "guarded value %d: expected 0x%llx, got 0x%llx", which,
           static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

} // namespace stress
