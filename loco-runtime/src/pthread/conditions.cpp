// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// conditions.cpp - pthread_cond_t (so std::condition_variable) between threads
// of several nodes: a count of signals, which those who wait look at. A signal
// wakes all of them: POSIX allows that, and who waits must test his predicate
// again.

#include "pthread/over_nodes.h"

#include "base/export.h"

#include <utility>

using namespace loco::over_nodes;

namespace {

constexpr unsigned MonotonicBit = 2; ///< of __wrefs, set by pthread_cond_init

std::uint64_t signals(pthread_cond_t *condition) {
  return __loco_atomic_load_8(condition, __ATOMIC_RELAXED);
}

void signal(pthread_cond_t *condition) {
  __loco_atomic_rmw_8(condition, 1, LOCO_RMW_ADD, __ATOMIC_RELEASE);
}

clockid_t clock_of(const pthread_cond_t *condition) {
  return (field(condition->__data.__wrefs) & MonotonicBit) != 0
             ? CLOCK_MONOTONIC
             : CLOCK_REALTIME;
}

/// With a mutex that all nodes see; the condition, too, unless it lies in
/// memory where a signal would not be seen: then each wait ends at once.
int wait(pthread_cond_t *condition, pthread_mutex_t *mutex,
         Deadline deadline = {}) {
  if (!deadline.is_valid())
    return EINVAL;
  const bool counts = is_shared(condition);
  const std::uint64_t before = counts ? signals(condition) : 0;
  unlock_for_wait(mutex);
  const int error = wait_until(
      [&, first = true]() mutable {
        if (counts)
          return signals(condition) != before;
        return !std::exchange(first, false);
      },
      deadline);
  lock_after_wait(mutex);
  return error;
}

} // namespace

extern "C" {

LOCO_EXPORT int pthread_cond_wait(pthread_cond_t *condition,
                                  pthread_mutex_t *mutex) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_cond_wait)(condition, mutex);
  return wait(condition, mutex);
}

LOCO_EXPORT int pthread_cond_timedwait(pthread_cond_t *condition,
                                       pthread_mutex_t *mutex,
                                       const timespec *time) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_cond_timedwait)(condition, mutex, time);
  return wait(condition, mutex, {clock_of(condition), time});
}

LOCO_EXPORT int pthread_cond_clockwait(pthread_cond_t *condition,
                                       pthread_mutex_t *mutex, clockid_t clock,
                                       const timespec *time) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_cond_clockwait)(condition, mutex, clock, time);
  return wait(condition, mutex, {clock, time});
}

LOCO_EXPORT int pthread_cond_signal(pthread_cond_t *condition) {
  if (!is_shared(condition))
    return LOCO_LIBC(pthread_cond_signal)(condition);
  signal(condition);
  return 0;
}

LOCO_EXPORT int pthread_cond_broadcast(pthread_cond_t *condition) {
  if (!is_shared(condition))
    return LOCO_LIBC(pthread_cond_broadcast)(condition);
  signal(condition);
  return 0;
}

LOCO_EXPORT int pthread_cond_destroy(pthread_cond_t *condition) {
  if (!is_shared(condition))
    return LOCO_LIBC(pthread_cond_destroy)(condition);
  return 0;
}

} // extern "C"
