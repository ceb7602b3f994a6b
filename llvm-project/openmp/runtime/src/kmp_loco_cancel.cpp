/*
 * kmp_loco_cancel.cpp -- cancellation of parallel, for and sections in a span.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A request is a shared word; taskgroups are cancelled on their node, by
// upstream's code. All of it only where OMP_CANCELLATION is true.
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

// As __kmpc_cancel: 1 where the request holds.
kmp_int32 __kmp_loco_cancel(int gtid, kmp_int32 kind) {
  kmp_uint64 old = __loco_omp_word_cas(loco_word_cancel, cancel_noreq, kind);
  if (old != cancel_noreq && old != (kmp_uint64)kind)
    return 0;
  // Upstream discards the tasks of a region that is cancelled.
  if (kind == cancel_parallel)
    KMP_ATOMIC_ST_RLX(&__kmp_threads[gtid]->th.th_team->t.t_cancel_request,
                      kind);
  return 1;
}

bool __kmp_loco_cancellation_requested(int gtid, kmp_int32 kind) {
  if (__loco_omp_word_load(loco_word_cancel) != (kmp_uint64)kind)
    return false;
  if (kind == cancel_parallel)
    KMP_ATOMIC_ST_RLX(&__kmp_threads[gtid]->th.th_team->t.t_cancel_request,
                      kind);
  return true;
}

// All nodes read the word between two of their barriers, so that all see the
// same. A request to cancel a loop or sections ends here; one to cancel the
// region stays until the next span.
kmp_int32 __kmp_loco_cancel_barrier(int gtid) {
  kmp_loco_span_t &span = __kmp_loco_span;
  kmp_loco_thread_t *me = __kmp_loco_thread(gtid);
  // A cancelled loop is left without the last call of dispatch_next.
  __kmp_loco_leave_loop(me);
  if (__kmp_loco_local_barrier(bs_plain_barrier, gtid, TRUE, 0, NULL, NULL) ==
      0) {
    __loco_omp_barrier(span.nodes);
    kmp_uint64 kind = __loco_omp_word_load(loco_word_cancel);
    __loco_omp_barrier(span.nodes);
    if (kind == cancel_loop || kind == cancel_sections) {
      if (__kmp_loco_node == 0)
        __loco_omp_word_store(loco_word_cancel, cancel_noreq);
      __loco_omp_barrier(span.nodes);
    }
    span.cancel_seen = kind;
    __kmp_end_split_barrier(bs_plain_barrier, gtid);
  }
  return span.cancel_seen == cancel_parallel;
}
