/*
 * kmp_loco_reduction.cpp -- reductions over the nodes of a span.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

// The node's threads combine in upstream's gather; then each node's primary
// thread takes the lock in turn, and generated code adds the node's result to
// the shared variable (return value 1). The other threads have nothing left to
// do (0). Which method the compiler offers does not matter.
kmp_int32 __kmp_loco_reduce(int gtid, size_t size, void *data,
                            void (*reduce)(void *, void *),
                            kmp_critical_name *lock, bool blocking) {
  if (__kmp_loco_local_barrier(bs_reduction_barrier, gtid, blocking, size, data,
                               reduce))
    return 0;
  __kmp_loco_await_single(gtid);
  __kmp_loco_critical(lock);
  return 1;
}

// Each node's primary thread; where blocking, its node waits to be released.
void __kmp_loco_end_reduce(int gtid, kmp_critical_name *lock, bool blocking) {
  __loco_lock_release(lock);
  if (!blocking)
    return;
  __loco_omp_barrier(__kmp_loco_span.nodes);
  __kmp_end_split_barrier(bs_reduction_barrier, gtid);
}
