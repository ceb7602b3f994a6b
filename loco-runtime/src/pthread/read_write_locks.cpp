// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// read_write_locks.cpp - pthread_rwlock_t (so std::shared_mutex) between
// threads of several nodes: a word that counts the readers, or says that there
// is a writer. Readers go before writers, as libc's default has it.

#include "pthread/over_nodes.h"

#include "base/export.h"

using namespace loco::over_nodes;

namespace {

constexpr std::uint64_t Writer = std::uint64_t(1) << 63;

/// Bytes of the lock that libc does not use.
void *word(pthread_rwlock_t *lock) { return &lock->__data.__pad2; }

bool try_change(pthread_rwlock_t *lock, std::uint64_t from, std::uint64_t to) {
  return __loco_atomic_cas_8(word(lock), from, to, __ATOMIC_ACQUIRE,
                             __ATOMIC_RELAXED) == from;
}

bool try_read(pthread_rwlock_t *lock) {
  for (;;) {
    const std::uint64_t now =
        __loco_atomic_load_8(word(lock), __ATOMIC_RELAXED);
    if (now == Writer)
      return false;
    if (try_change(lock, now, now + 1))
      return true;
  }
}

bool try_write(pthread_rwlock_t *lock) { return try_change(lock, 0, Writer); }

int read(pthread_rwlock_t *lock, Deadline deadline = {}) {
  return wait_until([&] { return try_read(lock); }, deadline);
}

int write(pthread_rwlock_t *lock, Deadline deadline = {}) {
  return wait_until([&] { return try_write(lock); }, deadline);
}

} // namespace

extern "C" {

LOCO_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  return is_shared(lock) ? read(lock) : LOCO_LIBC(pthread_rwlock_rdlock)(lock);
}

LOCO_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock) {
  if (!is_shared(lock))
    return LOCO_LIBC(pthread_rwlock_tryrdlock)(lock);
  return try_read(lock) ? 0 : EBUSY;
}

LOCO_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock,
                                           const timespec *time) {
  return is_shared(lock) ? read(lock, {CLOCK_REALTIME, time})
                         : LOCO_LIBC(pthread_rwlock_timedrdlock)(lock, time);
}

LOCO_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock,
                                           clockid_t clock,
                                           const timespec *time) {
  return is_shared(lock)
             ? read(lock, {clock, time})
             : LOCO_LIBC(pthread_rwlock_clockrdlock)(lock, clock, time);
}

LOCO_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  return is_shared(lock) ? write(lock) : LOCO_LIBC(pthread_rwlock_wrlock)(lock);
}

LOCO_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock) {
  if (!is_shared(lock))
    return LOCO_LIBC(pthread_rwlock_trywrlock)(lock);
  return try_write(lock) ? 0 : EBUSY;
}

LOCO_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock,
                                           const timespec *time) {
  return is_shared(lock) ? write(lock, {CLOCK_REALTIME, time})
                         : LOCO_LIBC(pthread_rwlock_timedwrlock)(lock, time);
}

LOCO_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock,
                                           clockid_t clock,
                                           const timespec *time) {
  return is_shared(lock)
             ? write(lock, {clock, time})
             : LOCO_LIBC(pthread_rwlock_clockwrlock)(lock, clock, time);
}

LOCO_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
  if (!is_shared(lock))
    return LOCO_LIBC(pthread_rwlock_unlock)(lock);
  // Only a holder may call this, so the writer's bit does not change meanwhile.
  if (__loco_atomic_load_8(word(lock), __ATOMIC_RELAXED) == Writer)
    __loco_atomic_store_8(word(lock), 0, __ATOMIC_RELEASE);
  else
    __loco_atomic_rmw_8(word(lock), 1, LOCO_RMW_SUB, __ATOMIC_RELEASE);
  return 0;
}

} // extern "C"
