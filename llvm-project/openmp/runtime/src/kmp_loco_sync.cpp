/*
 * kmp_loco_sync.cpp -- barrier, single, copyprivate, flush over the nodes of a
 * span.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"
#include <sched.h>

// Local gather, a barrier of the nodes by each node's primary thread, local
// release. The tasks of a node are finished in its gather. Returns as
// __kmp_barrier does: 0 for the (global) primary thread, else 1.
int __kmp_loco_barrier(enum barrier_type bt, int gtid, int is_split,
                       size_t reduce_size, void *reduce_data,
                       void (*reduce)(void *, void *)) {
  kmp_loco_span_t &span = __kmp_loco_span;
  if (__kmp_loco_local_barrier(bt, gtid, TRUE, reduce_size, reduce_data,
                               reduce))
    return 1;
  __loco_omp_barrier(span.nodes);
  if (is_split) {
    if (__kmp_loco_node == 0) {
      span.split = true;
      return 0;
    }
    __loco_omp_barrier(span.nodes); // until node 0 ends the split barrier
  }
  __kmp_end_split_barrier(bt, gtid);
  return __kmp_loco_node != 0;
}

// Node 0's primary thread is at the end of a split barrier: lets the other
// nodes go. Upstream's code releases this node.
void __kmp_loco_end_split_barrier(int gtid) {
  kmp_loco_span_t &span = __kmp_loco_span;
  if (!span.split || !__kmp_loco_thread(gtid))
    return;
  span.split = false;
  __loco_omp_barrier(span.nodes);
}

// One winner over all nodes. The winner of each node is a candidate; the word
// counts the constructs won, so the n-th (from 0) is still to be had while it
// is n. It is below n only until an earlier construct's slow candidate has
// asked.
int __kmp_loco_single(int gtid, int local_winner) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return local_winner;
  kmp_uint64 construct = me->singles++;
  if (!local_winner)
    return 0;
  unsigned spins = 0;
  for (;;) {
    kmp_uint64 won =
        __loco_omp_word_cas(loco_word_singles, construct, construct + 1);
    if (won == construct) {
      me->single_won = construct + 1;
      return 1;
    }
    if (won > construct)
      return 0;
    __loco_omp_wait_step(&spins);
  }
}

// The end of a single, master or masked construct, which has no barrier of its own.
// What it has stored is promised to nobody before the next barrier, but programs
// clear a variable there that a later reduction adds to, and on one machine get away
// with it.
void __kmp_loco_end_construct(int gtid) {
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return;
  __loco_omp_leave_construct();
  if (me->single_won) {
    __loco_omp_word_store(loco_word_singles_left, me->single_won);
    me->single_won = 0;
  }
}

// Time is all that orders the clearing and the combining in such programs, and here
// a store may take much longer than there: where the body of the last single is still
// being executed, it gets some.
void __kmp_loco_await_single(int gtid) {
  static constexpr double longest_seconds = 1e-3;
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  if (!me)
    return;
  kmp_uint64 won = __loco_omp_word_load(loco_word_singles);
  if (won == me->single_awaited)
    return;
  me->single_awaited = won;
  double now, end = 0;
  for (unsigned spins = 0; __loco_omp_word_load(loco_word_singles_left) < won;) {
    __kmp_elapsed(&now);
    if (spins == 0)
      end = now + longest_seconds;
    else if (now > end)
      return;
    __loco_omp_wait_step(&spins);
  }
}

void __kmp_loco_copyprivate(int gtid, void *data, void (*copy)(void *, void *),
                            int didit) {
  if (didit)
    __loco_omp_word_store(loco_word_copyprivate, (kmp_uint64)data);
  __kmp_barrier(bs_plain_barrier, gtid, FALSE, 0, NULL, NULL);
  if (!didit)
    copy(data, (void *)__loco_omp_word_load(loco_word_copyprivate));
  __kmp_barrier(bs_plain_barrier, gtid, FALSE, 0, NULL, NULL);
}

// The caller has a barrier after the copying.
void *__kmp_loco_copyprivate_light(int gtid, void *data) {
  if (data)
    __loco_omp_word_store(loco_word_copyprivate, (kmp_uint64)data);
  __kmp_barrier(bs_plain_barrier, gtid, FALSE, 0, NULL, NULL);
  return (void *)__loco_omp_word_load(loco_word_copyprivate);
}

void __kmp_loco_flush() {
  __loco_release();
  __loco_acquire();
  // It may be part of a wait for a thread that shares this core.
  sched_yield();
}

// A ticket lock in the shared words. Clang never calls __kmpc_atomic_*, it
// makes LOCO atomics; code of other compilers does, and one lock is right for
// all of it. The operation then acts in place, between acquire and release.
void __kmp_loco_atomic_start() {
  kmp_uint64 ticket = __loco_omp_word_add(loco_word_atomic_next, 1);
  unsigned spins = 0;
  while (__loco_omp_word_load(loco_word_atomic_serving) != ticket)
    __loco_omp_wait_step(&spins);
  __loco_acquire();
}

void __kmp_loco_atomic_end() {
  __loco_release();
  __loco_omp_word_add(loco_word_atomic_serving, 1);
}
