// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// once_and_counts.cpp - pthread_once (so std::call_once), semaphores and
// pthread_barrier_t between threads of several nodes. What is called once is
// called once in the job, by the thread that came first.

#include "pthread/over_nodes.h"

#include "base/export.h"

#include <semaphore.h>

using namespace loco::over_nodes;

namespace {

// The values that libc gives a pthread_once_t.
enum : std::uint32_t { NotRun = 0, Running = 1, Done = 2 };

void run_once(pthread_once_t *once, void (*fn)()) {
  struct Undo {
    pthread_once_t *once;
    ~Undo() {
      if (once != nullptr) // fn threw: the next one tries again
        __loco_atomic_store_4(once, NotRun, __ATOMIC_RELEASE);
    }
  } undo{once};
  fn();
  undo.once = nullptr;
  __loco_atomic_store_4(once, Done, __ATOMIC_RELEASE);
}

/// libc has the value in these bytes too, and those that wait beside it.
bool try_take(sem_t *semaphore) {
  const std::uint32_t value = __loco_atomic_load_4(semaphore, __ATOMIC_RELAXED);
  return value != 0 &&
         __loco_atomic_cas_4(semaphore, value, value - 1, __ATOMIC_ACQUIRE,
                             __ATOMIC_RELAXED) == value;
}

int take(sem_t *semaphore, Deadline deadline = {}) {
  const int error = wait_until([&] { return try_take(semaphore); }, deadline);
  if (error == 0)
    return 0;
  errno = error;
  return -1;
}

/// Two words of a pthread_barrier_t: how many meet, and how many have come.
struct BarrierWords {
  std::uint64_t size;
  std::uint64_t arrivals;
};
static_assert(sizeof(BarrierWords) <= sizeof(pthread_barrier_t));

} // namespace

extern "C" {

LOCO_EXPORT int pthread_once(pthread_once_t *once, void (*fn)()) {
  if (!is_shared(once))
    return LOCO_LIBC(pthread_once)(once, fn);
  unsigned spins = 0;
  for (;;) {
    switch (__loco_atomic_cas_4(once, NotRun, Running, __ATOMIC_ACQUIRE,
                                __ATOMIC_ACQUIRE)) {
    case NotRun:
      run_once(once, fn);
      return 0;
    case Done:
      return 0;
    default:
      __loco_omp_wait_step(&spins);
    }
  }
}

LOCO_EXPORT int sem_wait(sem_t *semaphore) {
  return is_shared(semaphore) ? take(semaphore)
                              : LOCO_LIBC(sem_wait)(semaphore);
}

LOCO_EXPORT int sem_timedwait(sem_t *semaphore, const timespec *time) {
  return is_shared(semaphore) ? take(semaphore, {CLOCK_REALTIME, time})
                              : LOCO_LIBC(sem_timedwait)(semaphore, time);
}

LOCO_EXPORT int sem_clockwait(sem_t *semaphore, clockid_t clock,
                              const timespec *time) {
  return is_shared(semaphore)
             ? take(semaphore, {clock, time})
             : LOCO_LIBC(sem_clockwait)(semaphore, clock, time);
}

LOCO_EXPORT int sem_trywait(sem_t *semaphore) {
  if (!is_shared(semaphore))
    return LOCO_LIBC(sem_trywait)(semaphore);
  if (try_take(semaphore))
    return 0;
  errno = EAGAIN;
  return -1;
}

LOCO_EXPORT int sem_post(sem_t *semaphore) {
  if (!is_shared(semaphore))
    return LOCO_LIBC(sem_post)(semaphore);
  __loco_atomic_rmw_4(semaphore, 1, LOCO_RMW_ADD, __ATOMIC_RELEASE);
  return 0;
}

LOCO_EXPORT int sem_getvalue(sem_t *semaphore, int *value) {
  if (!is_shared(semaphore))
    return LOCO_LIBC(sem_getvalue)(semaphore, value);
  *value = static_cast<int>(__loco_atomic_load_4(semaphore, __ATOMIC_RELAXED));
  return 0;
}

LOCO_EXPORT int pthread_barrier_init(pthread_barrier_t *barrier,
                                     const pthread_barrierattr_t *attributes,
                                     unsigned count) {
  if (!is_shared(barrier))
    return LOCO_LIBC(pthread_barrier_init)(barrier, attributes, count);
  if (count == 0)
    return EINVAL;
  auto *words = reinterpret_cast<BarrierWords *>(barrier);
  __loco_atomic_store_8(&words->arrivals, 0, __ATOMIC_RELAXED);
  __loco_atomic_store_8(&words->size, count, __ATOMIC_RELAXED);
  return 0;
}

LOCO_EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier) {
  if (!is_shared(barrier))
    return LOCO_LIBC(pthread_barrier_wait)(barrier);
  auto *words = reinterpret_cast<BarrierWords *>(barrier);
  const std::uint64_t size =
      __loco_atomic_load_8(&words->size, __ATOMIC_RELAXED);
  const std::uint64_t mine =
      __loco_atomic_rmw_8(&words->arrivals, 1, LOCO_RMW_ADD, __ATOMIC_ACQ_REL);
  const std::uint64_t round = mine / size;
  if (mine % size == size - 1)
    return PTHREAD_BARRIER_SERIAL_THREAD;
  wait_until([&] {
    return __loco_atomic_load_8(&words->arrivals, __ATOMIC_RELAXED) / size !=
           round;
  });
  loco::memory::order_after(__ATOMIC_ACQUIRE, &words->arrivals,
                               sizeof words->arrivals);
  return 0;
}

LOCO_EXPORT int pthread_barrier_destroy(pthread_barrier_t *barrier) {
  return is_shared(barrier) ? 0 : LOCO_LIBC(pthread_barrier_destroy)(barrier);
}

} // extern "C"
