/*
 * kmp_loco_lock.cpp -- omp_lock_t and omp_nest_lock_t where there are several
 * nodes.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// An omp_lock_t is libloco's lock, in its own 8 bytes. An omp_nest_lock_t holds
// the address of a record in shared memory. Both work on every node, in and out
// of spans.
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

namespace {

// owner and depth are only written by the holder, but read by others: all
// accesses are atomics, which act at the home.
struct nest_lock_t {
  kmp_uint64 lock;
  kmp_uint64 owner; // see this_thread; 0: none
  kmp_uint64 depth;
};

kmp_uint64 load(const kmp_uint64 *word) {
  return __loco_atomic_load_8(word, __ATOMIC_RELAXED);
}

void store(kmp_uint64 *word, kmp_uint64 value) {
  __loco_atomic_store_8(word, value, __ATOMIC_RELAXED);
}

nest_lock_t *record(void **lock) {
  return (nest_lock_t *)__loco_atomic_load_8(lock, __ATOMIC_RELAXED);
}

kmp_uint64 this_thread(int gtid) {
  return ((kmp_uint64)__kmp_loco_node << 32) + (kmp_uint64)gtid + 1;
}

} // namespace

// Also around the combining of a reduction.
void __kmp_loco_critical(kmp_critical_name *lock) {
  __loco_lock_acquire(lock);
  __loco_omp_meet_constructs();
}

void __kmp_loco_init_lock(void **lock) {
  __loco_atomic_store_8(lock, 0, __ATOMIC_RELAXED);
}

void __kmp_loco_destroy_lock(void **lock) { __loco_lock_destroy(lock); }

void __kmp_loco_set_lock(void **lock) { __loco_lock_acquire(lock); }

void __kmp_loco_unset_lock(void **lock) { __loco_lock_release(lock); }

int __kmp_loco_test_lock(void **lock) {
  return __loco_lock_try(lock) ? FTN_TRUE : FTN_FALSE;
}

void __kmp_loco_init_nest_lock(void **lock) {
  nest_lock_t *made = (nest_lock_t *)malloc(sizeof(nest_lock_t)); // shared
  if (!made) {
    fprintf(stderr, "loco: error: no memory for an omp_nest_lock_t\n");
    abort();
  }
  store(&made->lock, 0);
  store(&made->owner, 0);
  store(&made->depth, 0);
  __loco_atomic_store_8(lock, (kmp_uint64)made, __ATOMIC_RELAXED);
}

void __kmp_loco_destroy_nest_lock(void **lock) {
  nest_lock_t *nest = record(lock);
  __loco_lock_destroy(&nest->lock);
  free(nest);
  __loco_atomic_store_8(lock, 0, __ATOMIC_RELAXED);
}

void __kmp_loco_set_nest_lock(int gtid, void **lock) {
  nest_lock_t *nest = record(lock);
  if (load(&nest->owner) != this_thread(gtid)) {
    __loco_lock_acquire(&nest->lock);
    store(&nest->owner, this_thread(gtid));
  }
  store(&nest->depth, load(&nest->depth) + 1);
}

void __kmp_loco_unset_nest_lock(void **lock) {
  nest_lock_t *nest = record(lock);
  kmp_uint64 depth = load(&nest->depth) - 1;
  store(&nest->depth, depth);
  if (depth == 0) {
    store(&nest->owner, 0);
    __loco_lock_release(&nest->lock);
  }
}

// The new depth, or 0.
int __kmp_loco_test_nest_lock(int gtid, void **lock) {
  nest_lock_t *nest = record(lock);
  if (load(&nest->owner) != this_thread(gtid)) {
    if (!__loco_lock_try(&nest->lock))
      return 0;
    store(&nest->owner, this_thread(gtid));
  }
  kmp_uint64 depth = load(&nest->depth) + 1;
  store(&nest->depth, depth);
  return (int)depth;
}
