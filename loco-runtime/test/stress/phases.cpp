// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// phases.cpp - running and replaying phases.

#include "phases.h"

#include "access.h"
#include "counters.h"
#include "model.h"
#include "operations.h"
#include "records.h"
#include "schedule.h"

#include "loco/omp_abi.h"

#include <algorithm>

namespace stress {

// A thread's part of a phase that both execution and replay go through: all
// that changes the model.
static void run_operations(Random &random, const Context &context, bool execute,
                           bool follow_data) {
  Wide counters[CounterCount] = {};
  uint64_t record_counts[LockCount] = {};
  uint64_t record_sums[LockCount] = {};
  bool counted = false;
  for (uint32_t i = 0; i < round_.ops; ++i) {
    const uint32_t dice = random.below(100);
    Random op(random.next());
    if (dice < 74) {
      if ((round_.features & Plain) && (execute || follow_data))
        plain_access(op, context, execute);
    } else if (dice < 82) {
      if ((round_.features & Touch) && (execute || follow_data))
        range_access(op, context, execute);
    } else if (dice < 90) {
      CounterDelta delta;
      int order;
      if (!(round_.features & Atomics) ||
          !pick_counter(op, context, delta, order))
        continue;
      if (execute) {
        count(delta.which, delta.value, order);
      } else {
        counters[delta.which] =
            model_count(delta.which, counters[delta.which], delta.value);
        counted = true;
      }
    } else if (dice < 94) {
      LockUse use;
      How how;
      bool by_trying;
      if (!(round_.features & Locks) ||
          !pick_lock(op, context, use, how, by_trying))
        continue;
      if (execute) {
        use_lock(context, use, how, by_trying);
      } else {
        ++record_counts[use.which];
        record_sums[use.which] += use.value;
        counted = true;
      }
    } else if (execute) {
      if (dice < 96 && (round_.features & Atomics))
        check_counters(op, context);
      else if (dice < 98 && (round_.features & Locks))
        check_records(op, context);
      else if (dice < 99 && (round_.features & Sync)) {
        __loco_release();
        if (multi())
          check_released(op, context);
      } else if (round_.features & Sync) {
        __loco_acquire();
      }
    }
  }
  if (!counted)
    return;
  pthread_mutex_lock(&model_mutex);
  add_to_model(counters);
  for (int which = 0; which < LockCount; ++which) {
    record_count_model[which] += record_counts[which];
    record_sum_model[which] += record_sums[which];
  }
  pthread_mutex_unlock(&model_mutex);
}

static uint64_t thread_seed(const Context &context) {
  return mix(round_.seed, 151 + context.thread, context.phase);
}

static void execute_phase(const Context &context) {
  Random random(thread_seed(context));
  Random extra(thread_seed(context) ^ 0x5eed);
  if (round_.features & Mailboxes)
    send_letter(extra, context);
  if (round_.features & Atomics)
    reset_counters(context);
  if (round_.features & Stacks)
    use_stacks(extra, context);
  if (round_.features & Guards)
    use_guards(extra, context);
  if (round_.features & Heap)
    use_heap(context);
  run_operations(random, context, true, true);
  if (round_.features & Mailboxes)
    receive_letter(extra, context);
}

// After the phase: what the threads of the other nodes did to the data, and all
// threads to counters and records. The node's threads divide it among them.
static void replay_phase(const Context &context) {
  for (int thread = 0; thread < all_threads(); ++thread) {
    if (thread % round_.threads != context.thread % round_.threads)
      continue;
    Context other = context;
    other.thread = thread;
    Random random(thread_seed(other));
    run_operations(random, other, false,
                   node_of(thread) != node_of(context.thread));
  }
  if (context.thread % round_.threads == 0 && (round_.features & Atomics)) {
    pthread_mutex_lock(&model_mutex);
    for (int which = 0; which < CounterCount; ++which)
      if (counter_phase(context.phase, which) == CounterPhase::Reset)
        counter_model[which] = 0;
    pthread_mutex_unlock(&model_mutex);
  }
}

static void local_wait() { pthread_barrier_wait(&local_barrier); }

// All threads of all nodes.
static void global_wait(const Context &context) {
  local_wait();
  if (context.thread % round_.threads == 0 && round_.nodes > 1)
    __loco_omp_barrier(round_.nodes);
  local_wait();
}

static void check_whole_arena(const Context &context) {
  // The threads of a node share the work; every node looks at all of it.
  const uint32_t share = round_.arena_bytes / round_.threads + 1;
  const uint32_t begin = context.thread % round_.threads * share;
  const uint32_t end = std::min(begin + share, round_.arena_bytes);
  for (uint32_t offset = begin; offset < end; ++offset) {
    if (layout.reserved[offset / UnitBytes])
      continue;
    const auto got = load<unsigned char>(round_.arena + offset, How::Checked);
    check_bytes(context, offset, &got, 1, "at the end");
  }
}

void run_thread(int local_thread) {
  char stack_box[StackBoxBytes];
  asm volatile("" : : "r"(stack_box) : "memory");
  Context context;
  context.thread = __loco_omp_node() * round_.threads + local_thread;
  context.stack_box = stack_box;
  for (context.phase = 0; context.phase < round_.phases; ++context.phase) {
    execute_phase(context);
    global_wait(context);
    replay_phase(context);
    local_wait();
  }
  check_whole_arena(context);
  global_wait(context);
}

} // namespace stress
