// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stacks.cpp - in even phases a thread fills a box on its own stack, by stores
// that nobody checks; in odd ones another thread reads and changes it; then the
// owner looks.

#include "access.h"
#include "failure.h"
#include "operations.h"

namespace stress {

static int stack_visitor(uint32_t phase, int thread) {
  return static_cast<int>(
      (thread + 1 + mix(round_.seed, 141, phase) % all_threads()) %
      all_threads());
}

static unsigned char stack_byte(uint32_t phase, int thread, int i) {
  return static_cast<unsigned char>(
      mix(round_.seed ^ phase, static_cast<uint64_t>(thread), i));
}

static void check_stack(const Context &context, const char *box, int thread,
                        uint32_t phase, const char *whose) {
  for (int i = 0; i < StackBoxBytes; ++i)
    if (static_cast<unsigned char>(box[i]) != stack_byte(phase, thread, i))
      fail(context, box + i,
           "M9: stack of thread %d of node %d, %s: byte %d: expected 0x%02x, "
           "got "
           "0x%02x",
           thread, node_of(thread), whose, i, stack_byte(phase, thread, i),
           static_cast<unsigned char>(box[i]));
}

void use_stacks(Random &random, const Context &context) {
  if (context.phase % 2 == 0) {
    if (context.phase > 0)
      check_stack(context, context.stack_box, context.thread, context.phase - 1,
                  "read by itself");
    for (int i = 0; i < StackBoxBytes; ++i)
      context.stack_box[i] =
          static_cast<char>(stack_byte(context.phase, context.thread, i));
    compiler_barrier();
    store(round_.arena + layout.stack_pointer[context.thread],
          context.stack_box, How::Checked);
    return;
  }
  for (int thread = 0; thread < all_threads(); ++thread) {
    if (stack_visitor(context.phase, thread) != context.thread)
      continue;
    char *box =
        load<char *>(round_.arena + layout.stack_pointer[thread], How::Checked);
    char seen[StackBoxBytes];
    load(box, seen, sizeof seen, pick_how(random));
    check_stack(context, seen, thread, context.phase - 1, "read by a visitor");
    for (int i = 0; i < StackBoxBytes; ++i)
      seen[i] = static_cast<char>(stack_byte(context.phase, thread, i));
    store(box, seen, sizeof seen, pick_how(random));
  }
}

} // namespace stress
