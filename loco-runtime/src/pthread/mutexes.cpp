// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mutexes.cpp - pthread_mutex_t (so std::mutex and its kin) and
// pthread_spinlock_t between threads of several nodes. A mutex has one of
// LOCO's locks in the bytes that libc uses for robust mutexes alone.

#include "base/private_scope.h"
#include "pthread/over_nodes.h"

#include "base/export.h"
#include "base/result.h"
#include "base/result.h"
#include "memory/heap/heap.h"

#include <dlfcn.h>
#include <vector>

namespace loco::over_nodes {

namespace {

constexpr int TypeBits =
    3; ///< of __kind; the rest are protocols and robustness

/// Mutexes of this thread that count or check who locks them: how often it
/// holds each. So whose they are is in no node's memory but the holder's.
struct Held {
  const pthread_mutex_t *mutex;
  unsigned depth;
};
thread_local std::vector<Held> held;

class SharedMutex {
public:
  explicit SharedMutex(pthread_mutex_t *mutex)
      : Mutex(mutex), Lock(&mutex->__data.__list.__prev),
        Type(field(mutex->__data.__kind) & TypeBits) {}

  int lock(Deadline deadline = {}) {
    if (const int error = lock_again(); error != EBUSY)
      return error;
    if (deadline.time == nullptr)
      __loco_lock_acquire(Lock);
    else if (const int error =
                 wait_until([&] { return __loco_lock_try(Lock); }, deadline))
      return error;
    note_held();
    return 0;
  }

  int try_lock() {
    if (const int error = lock_again(); error != EBUSY)
      return error == EDEADLK ? EBUSY : error;
    if (!__loco_lock_try(Lock))
      return EBUSY;
    note_held();
    return 0;
  }

  int unlock() {
    if (is_noted()) {
      Held *mine = find_held();
      if (mine == nullptr)
        return EPERM;
      if (--mine->depth != 0)
        return 0;
      *mine = held.back();
      held.pop_back();
    }
    __loco_lock_release(Lock);
    return 0;
  }

  int destroy() {
    if (__loco_lock_is_held(Lock))
      return EBUSY;
    __loco_lock_destroy(Lock);
    return 0;
  }

private:
  bool is_noted() const {
    return Type == PTHREAD_MUTEX_RECURSIVE || Type == PTHREAD_MUTEX_ERRORCHECK;
  }
  Held *find_held() const {
    for (Held &entry : held)
      if (entry.mutex == Mutex)
        return &entry;
    return nullptr;
  }
  /// EBUSY: the thread does not hold it yet.
  int lock_again() const {
    Held *mine = is_noted() ? find_held() : nullptr;
    if (mine == nullptr)
      return EBUSY;
    if (Type == PTHREAD_MUTEX_ERRORCHECK)
      return EDEADLK;
    ++mine->depth;
    return 0;
  }
  void note_held() const {
    if (!is_noted())
      return;
    PrivateScope scope;
    held.push_back({Mutex, 1});
  }

  pthread_mutex_t *Mutex;
  void *Lock;
  int Type;
};

} // namespace

void *libc_function(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == nullptr)
    fatal(std::string("libc has no ") + name);
  return found;
}

bool is_shared_mutex(const pthread_mutex_t *mutex) {
  if (!is_shared(mutex))
    return false;
  if ((field(mutex->__data.__kind) & 0x70) == 0) // robust, inherit, protect
    return true;
  warn_once("libc-mutex", "a robust or priority mutex works between threads of "
                          "one node alone");
  return false;
}

void unlock_for_wait(pthread_mutex_t *mutex) { SharedMutex(mutex).unlock(); }
void lock_after_wait(pthread_mutex_t *mutex) { SharedMutex(mutex).lock(); }

} // namespace loco::over_nodes

using namespace loco::over_nodes;

extern "C" {

LOCO_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_mutex_lock)(mutex);
  return SharedMutex(mutex).lock();
}

LOCO_EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_mutex_trylock)(mutex);
  return SharedMutex(mutex).try_lock();
}

LOCO_EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_mutex_unlock)(mutex);
  return SharedMutex(mutex).unlock();
}

LOCO_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex,
                                        const timespec *time) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_mutex_timedlock)(mutex, time);
  return SharedMutex(mutex).lock({CLOCK_REALTIME, time});
}

LOCO_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                        const timespec *time) {
  if (!is_shared_mutex(mutex))
    return LOCO_LIBC(pthread_mutex_clocklock)(mutex, clock, time);
  return SharedMutex(mutex).lock({clock, time});
}

LOCO_EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex) {
  if (is_shared_mutex(mutex))
    if (const int error = SharedMutex(mutex).destroy())
      return error;
  return LOCO_LIBC(pthread_mutex_destroy)(mutex);
}

// A spin lock is 1 while it is free, as libc's pthread_spin_init leaves it.

LOCO_EXPORT int pthread_spin_trylock(pthread_spinlock_t *lock) {
  if (!is_shared(const_cast<const int *>(lock)))
    return LOCO_LIBC(pthread_spin_trylock)(lock);
  const bool taken =
      __loco_atomic_cas_4(const_cast<int *>(lock), 1, 0, __ATOMIC_ACQUIRE,
                          __ATOMIC_RELAXED) == 1;
  return taken ? 0 : EBUSY;
}

LOCO_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock) {
  if (!is_shared(const_cast<const int *>(lock)))
    return LOCO_LIBC(pthread_spin_lock)(lock);
  return wait_until([&] { return pthread_spin_trylock(lock) == 0; });
}

LOCO_EXPORT int pthread_spin_unlock(pthread_spinlock_t *lock) {
  if (!is_shared(const_cast<const int *>(lock)))
    return LOCO_LIBC(pthread_spin_unlock)(lock);
  __loco_atomic_store_4(const_cast<int *>(lock), 1, __ATOMIC_RELEASE);
  return 0;
}

} // extern "C"
