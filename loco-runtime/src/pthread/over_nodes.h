// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// over_nodes.h - what the functions of this folder share. They stand before
// libc's synchronisation objects: one in memory that all nodes see works
// between threads of all nodes, with the release and acquire that POSIX
// promises ("Memory Synchronization"); any other, and all of them on one node,
// is libc's.
//
// Each keeps its state in the object, starting from what libc's initialisation
// leaves, and where it can in bytes that libc never looks at: a forked child,
// which is no node, has libc's functions again.
#pragma once

#include "loco/abi.h"
#include "loco/omp_abi.h"
#include "memory/coherence/atomics.h"

#include <atomic>
#include <cerrno>
#include <ctime>
#include <pthread.h>

namespace loco::over_nodes {

/// Whether the object at `p` may be used by threads of several nodes.
inline bool is_shared(const void *p) { return memory::is_managed(p); }

/// libc's function; ends the process where there is none.
void *libc_function(const char *name);

/// libc's function of the same name. Found at the first call, without a guard:
/// the guards of the C++ library wait by syscall(), which is such a function.
#define LOCO_LIBC(function)                                                    \
  ([]() {                                                                      \
    static std::atomic<decltype(&function)> known{nullptr};                    \
    auto found = known.load(std::memory_order_relaxed);                        \
    if (found == nullptr) {                                                    \
      found = reinterpret_cast<decltype(&function)>(                           \
          ::loco::over_nodes::libc_function(#function));                       \
      known.store(found, std::memory_order_relaxed);                           \
    }                                                                          \
    return found;                                                              \
  }())

/// The value of a field of the object, as this node sees it.
template <typename T> T field(const T &of) {
  if (!__loco_is_local(&of))
    __loco_load(&of, sizeof of);
  return __atomic_load_n(&of, __ATOMIC_RELAXED);
}

/// When to give up waiting; never, where there is no time.
struct Deadline {
  clockid_t clock = CLOCK_REALTIME;
  const timespec *time = nullptr;

  bool is_valid() const {
    return time == nullptr ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1'000'000'000);
  }
  bool has_passed() const {
    timespec now;
    return time != nullptr && clock_gettime(clock, &now) == 0 &&
           (now.tv_sec > time->tv_sec ||
            (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec));
  }
};

/// Waits politely until done() or the deadline. 0, ETIMEDOUT or EINVAL.
template <typename Done> int wait_until(Done done, Deadline deadline = {}) {
  unsigned spins = 0;
  while (!done()) {
    if (!deadline.is_valid())
      return EINVAL;
    if (deadline.has_passed())
      return ETIMEDOUT;
    __loco_omp_wait_step(&spins);
  }
  return 0;
}

/// A mutex of several nodes given back for the time of a wait, and taken again.
void unlock_for_wait(pthread_mutex_t *mutex);
void lock_after_wait(pthread_mutex_t *mutex);
/// Whether the mutex is one of these, not libc's.
bool is_shared_mutex(const pthread_mutex_t *mutex);

} // namespace loco::over_nodes
