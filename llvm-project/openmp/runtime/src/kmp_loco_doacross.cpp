/*
 * kmp_loco_doacross.cpp -- ordered(n) loops with depend over the nodes of a
 * span.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One bit an iteration, in shared memory that the first thread allocates and
// the last one frees; bits are set and read at their home. A ring of records
// in the shared words holds the addresses, as for loops
// (kmp_loco_worksharing.cpp). A thread only waits for earlier iterations, and
// every node hands out its iterations in order, so there is always a thread
// that can go on.
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

#include <stdio.h>

namespace {

unsigned word(kmp_uint64 sequence, kmp_loco_doacross_word_t field) {
  return loco_word_doacross +
         (unsigned)(sequence % loco_doacross_ring) * loco_doacross_words +
         field;
}

kmp_uint64 position(kmp_int64 value, const kmp_loco_doacross_t::dim_t &dim) {
  return dim.st > 0 ? (kmp_uint64)(value - dim.lo) / (kmp_uint64)dim.st
                    : (kmp_uint64)(dim.lo - value) / (kmp_uint64)-dim.st;
}

// The number of an iteration; false where it is outside the loop nest.
bool number(const kmp_loco_doacross_t &loop, const kmp_int64 *vec,
            kmp_uint64 *iteration) {
  kmp_uint64 n = 0;
  for (int i = 0; i < loop.num_dims; ++i) {
    const kmp_loco_doacross_t::dim_t &dim = loop.dims[i];
    if (dim.st > 0 ? vec[i] < dim.lo || vec[i] > dim.up
                   : vec[i] > dim.lo || vec[i] < dim.up)
      return false;
    n = n * dim.length + position(vec[i], dim);
  }
  *iteration = n;
  return true;
}

} // namespace

void __kmp_loco_doacross_init(kmp_loco_thread_t *me, int num_dims,
                              const struct kmp_dim *dims) {
  kmp_loco_doacross_t &loop = me->doacross;
  loop.sequence = me->doacrosses++;
  loop.num_dims = num_dims;
  loop.dims = (kmp_loco_doacross_t::dim_t *)__kmp_allocate(
      num_dims * sizeof(kmp_loco_doacross_t::dim_t));
  kmp_uint64 trips = 1;
  for (int i = 0; i < num_dims; ++i) {
    loop.dims[i].lo = dims[i].lo;
    loop.dims[i].up = dims[i].up;
    loop.dims[i].st = dims[i].st;
    loop.dims[i].length = position(dims[i].up, loop.dims[i]) + 1;
    trips *= loop.dims[i].length;
  }

  unsigned spins = 0;
  while (__loco_omp_word_load(word(loop.sequence, loco_doacross_owner)) !=
         loop.sequence)
    __loco_omp_wait_step(&spins);
  unsigned flags = word(loop.sequence, loco_doacross_flags);
  kmp_uint64 address = __loco_omp_word_cas(flags, 0, 1);
  if (address == 0) {
    address = (kmp_uint64)calloc(trips / 32 + 1, sizeof(kmp_uint32));
    if (!address) {
      fprintf(stderr,
              "loco: error: no memory for a doacross loop of %llu "
              "iterations\n",
              (unsigned long long)trips);
      abort();
    }
    __loco_release(); // the zeros are at their home before anyone sets a bit
    __loco_omp_word_store(flags, address);
  }
  spins = 0;
  while (address == 1) {
    __loco_omp_wait_step(&spins);
    address = __loco_omp_word_load(flags);
  }
  loop.flags = (kmp_uint32 *)address;
}

void __kmp_loco_doacross_wait(kmp_loco_thread_t *me, const kmp_int64 *vec) {
  kmp_loco_doacross_t &loop = me->doacross;
  kmp_uint64 iteration;
  if (!number(loop, vec, &iteration))
    return;
  unsigned spins = 0;
  while (!(__loco_atomic_load_4(&loop.flags[iteration / 32], __ATOMIC_RELAXED) &
           (1u << iteration % 32)))
    __loco_omp_wait_step(&spins);
  __loco_acquire();
}

void __kmp_loco_doacross_post(kmp_loco_thread_t *me, const kmp_int64 *vec) {
  kmp_loco_doacross_t &loop = me->doacross;
  kmp_uint64 iteration;
  if (!number(loop, vec, &iteration))
    return;
  __loco_release();
  __loco_atomic_rmw_4(&loop.flags[iteration / 32], 1u << iteration % 32,
                      LOCO_RMW_OR, __ATOMIC_RELAXED);
}

void __kmp_loco_doacross_fini(kmp_loco_thread_t *me) {
  kmp_loco_doacross_t &loop = me->doacross;
  kmp_uint64 sequence = loop.sequence;
  if (__loco_omp_word_add(word(sequence, loco_doacross_done), 1) + 1 ==
      (kmp_uint64)__kmp_loco_span.nproc) {
    free(loop.flags);
    __loco_omp_word_store(word(sequence, loco_doacross_flags), 0);
    __loco_omp_word_store(word(sequence, loco_doacross_done), 0);
    __loco_omp_word_store(word(sequence, loco_doacross_owner),
                          sequence + loco_doacross_ring);
  }
  __kmp_free(loop.dims);
  loop.dims = nullptr;
  loop.flags = nullptr;
}
