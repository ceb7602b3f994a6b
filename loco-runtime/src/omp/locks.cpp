// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// locks.cpp - ticket locks in program memory (Mellor-Crummey and Scott,
// "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors",
// TOCS 1991): zero-initialised memory is an open lock, so a critical's name or an
// omp_lock_t is one as it stands.

#include "base/export.h"
#include "loco/abi.h"
#include "loco/omp_abi.h"

#include <cstdint>

namespace {

/// The lock's 8 bytes, acted on with relaxed atomics at their home.
struct TicketLock {
  std::uint32_t next;    ///< the ticket that the next thread takes
  std::uint32_t serving; ///< the ticket that holds the lock
};

TicketLock *as_lock(const void *lock) {
  return static_cast<TicketLock *>(const_cast<void *>(lock));
}

std::uint32_t load(const std::uint32_t *word) {
  return __loco_atomic_load_4(word, __ATOMIC_RELAXED);
}

} // namespace

extern "C" {

LOCO_EXPORT void __loco_lock_acquire(void *lock) {
  TicketLock *l = as_lock(lock);
  std::uint32_t ticket =
      __loco_atomic_rmw_4(&l->next, 1, LOCO_RMW_ADD, __ATOMIC_RELAXED);
  for (unsigned spins = 0; load(&l->serving) != ticket;)
    __loco_omp_wait_step(&spins);
  __loco_acquire();
}

LOCO_EXPORT int __loco_lock_try(void *lock) {
  TicketLock *l = as_lock(lock);
  std::uint32_t serving = load(&l->serving);
  // Taken only by who would be served at once.
  if (__loco_atomic_cas_4(&l->next, serving, serving + 1, __ATOMIC_RELAXED,
                          __ATOMIC_RELAXED) != serving)
    return 0;
  __loco_acquire();
  return 1;
}

LOCO_EXPORT void __loco_lock_release(void *lock) {
  __loco_release();
  TicketLock *l = as_lock(lock);
  // Only the holder writes it.
  __loco_atomic_store_4(&l->serving, load(&l->serving) + 1, __ATOMIC_RELAXED);
}

LOCO_EXPORT int __loco_lock_is_held(const void *lock) {
  TicketLock *l = as_lock(lock);
  return load(&l->next) != load(&l->serving);
}

} // extern "C"
