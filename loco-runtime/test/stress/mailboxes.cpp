// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mailboxes.cpp - a thread writes its box by plain stores, then releases its
// flag; its neighbours wait for the flag, then read the box.

#include "access.h"
#include "atomics.h"
#include "failure.h"
#include "operations.h"

#include "loco/omp_abi.h"

#include <sched.h>

namespace stress {

static uint64_t letter_word(int thread, uint32_t phase, int i) {
  return mix(round_.seed ^ 0x6d61696c, thread * 1000 + phase, i);
}

void send_letter(Random &random, const Context &context) {
  char *box = round_.arena + layout.mailbox[context.thread];
  for (int i = 0; i < 8; ++i)
    store(box + i * 8, letter_word(context.thread, context.phase, i),
          pick_how(random));
  atomic_store(reinterpret_cast<uint32_t *>(
                   round_.arena + layout.mailbox_flag[context.thread]),
               context.phase + 1, __ATOMIC_RELEASE);
}

void receive_letter(Random &random, const Context &context) {
  const int sender = static_cast<int>(
      (context.thread + 1 + random.below(all_threads())) % all_threads());
  const auto *flag = reinterpret_cast<const uint32_t *>(
      round_.arena + layout.mailbox_flag[sender]);
  for (unsigned spins = 0;
       atomic_load(flag, __ATOMIC_ACQUIRE) != context.phase + 1;) {
    if (multi())
      __loco_omp_wait_step(&spins);
    else
      sched_yield();
  }
  const char *box = round_.arena + layout.mailbox[sender];
  for (int i = 0; i < 8; ++i) {
    const uint64_t got = load<uint64_t>(box + i * 8, pick_how(random));
    const uint64_t expected = letter_word(sender, context.phase, i);
    if (got != expected)
      fail(context, box + i * 8,
           "M4 or M6: letter from thread %d of node %d: word %d: expected "
           "0x%llx, got "
           "0x%llx",
           sender, node_of(sender), i,
           static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

} // namespace stress
