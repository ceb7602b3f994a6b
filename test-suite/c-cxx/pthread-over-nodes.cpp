// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t -std=c++20
//
// The synchronisation objects of C++ and POSIX between the threads of a parallel
// region, on whichever nodes they are. Counters are plain: a lock that does not
// exclude, or that does not carry what was written under it, loses some.

#include "Inputs/check.h"
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <omp.h>
#include <pthread.h>
#include <semaphore.h>
#include <semaphore>
#include <shared_mutex>
#include <vector>

namespace {

constexpr int Rounds = 100;
using namespace std::chrono_literals;

/// Every thread calls add() Rounds times, in exclusion of the others.
template <typename Add> void count(long &total, Add add) {
  total = 0;
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    for (int i = 0; i < Rounds; ++i)
      add();
  }
  CHECK(total == long(threads) * Rounds);
}

long total;
std::mutex global_mutex;
pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

void mutexes() {
  count(total, [] {
    std::lock_guard lock(global_mutex);
    ++total;
  });
  auto on_heap = std::make_unique<std::mutex>();
  count(total, [&] {
    while (!on_heap->try_lock())
      ;
    ++total;
    on_heap->unlock();
  });
  std::timed_mutex timed;
  count(total, [&] {
    while (!timed.try_lock_for(50ms))
      ;
    ++total;
    timed.unlock();
  });
  count(total, [] {
    pthread_mutex_lock(&recursive);
    CHECK(pthread_mutex_trylock(&recursive) == 0);
    ++total;
    pthread_mutex_unlock(&recursive);
    pthread_mutex_unlock(&recursive);
  });
  count(total, [] {
    CHECK(pthread_mutex_unlock(&checking) == EPERM);
    pthread_mutex_lock(&checking);
    CHECK(pthread_mutex_lock(&checking) == EDEADLK);
    ++total;
    CHECK(pthread_mutex_unlock(&checking) == 0);
  });
  // Made anew, again and again, where there was one.
  for (int i = 0; i < 20; ++i) {
    pthread_mutex_t made;
    CHECK(pthread_mutex_init(&made, nullptr) == 0);
    long sum = 0;
    int threads = 0;
#pragma omp parallel
    {
#pragma omp single
      threads = omp_get_num_threads();
      pthread_mutex_lock(&made);
      ++sum;
      pthread_mutex_unlock(&made);
    }
    CHECK(sum == threads);
    CHECK(pthread_mutex_destroy(&made) == 0);
  }
  std::timed_mutex busy;
  busy.lock();
#pragma omp parallel
  if (omp_get_thread_num() != 0)
    CHECK(!busy.try_lock_for(2ms));
  busy.unlock();
  pthread_spinlock_t spin;
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  count(total, [&] {
    pthread_spin_lock(&spin);
    ++total;
    pthread_spin_unlock(&spin);
  });
}

/// A queue of one place, as in textbooks.
void conditions() {
  std::mutex mutex;
  std::condition_variable full, empty;
  long place = 0, taken = 0, sum = 0;
  const long items = 60;
#pragma omp parallel
  {
    const int me = omp_get_thread_num();
    if (me == 0) {
      for (long i = 1; i <= items; ++i) {
        std::unique_lock lock(mutex);
        empty.wait(lock, [&] { return place == 0; });
        place = i;
        full.notify_all();
      }
    } else {
      for (;;) {
        std::unique_lock lock(mutex);
        full.wait(lock, [&] { return place != 0 || taken == items; });
        if (place == 0)
          break;
        sum += place;
        place = 0;
        if (++taken == items)
          full.notify_all();
        empty.notify_one();
      }
    }
  }
  CHECK(sum == items * (items + 1) / 2);
  std::unique_lock lock(mutex);
  CHECK(full.wait_for(lock, 3ms) == std::cv_status::timeout);
}

void readers_and_writers() {
  std::shared_mutex mutex;
  long a = 0, b = 0;
  count(a, [&] {
    {
      std::shared_lock lock(mutex);
      CHECK(a == b);
    }
    std::unique_lock lock(mutex);
    ++a;
    ++b;
  });
}

std::once_flag once;
int calls = 0;

void once_and_counts() {
  int seen = 0;
#pragma omp parallel reduction(+ : seen)
  {
    std::call_once(once, [] { ++calls; });
    seen += calls == 1;
  }
  CHECK(calls == 1 && seen > 0 && seen == omp_get_max_threads());

  std::once_flag throws;
  int tries = 0;
#pragma omp parallel
  try {
    std::call_once(throws, [&] {
      if (++tries == 1)
        throw 1;
    });
  } catch (int) {
  }
  CHECK(tries == 2 || omp_get_max_threads() == 1);

  sem_t semaphore;
  CHECK(sem_init(&semaphore, 0, 1) == 0);
  count(total, [&] {
    while (sem_wait(&semaphore) != 0)
      ;
    ++total;
    sem_post(&semaphore);
  });
  int value;
  CHECK(sem_getvalue(&semaphore, &value) == 0 && value == 1);
  sem_destroy(&semaphore);

  pthread_barrier_t barrier;
  std::vector<long> steps(omp_get_max_threads());
  CHECK(pthread_barrier_init(&barrier, nullptr, steps.size()) == 0);
  int serial = 0;
#pragma omp parallel reduction(+ : serial)
  {
    CHECK(omp_get_num_threads() == int(steps.size()));
    for (long step = 1; step <= 20; ++step) {
      steps[omp_get_thread_num()] = step;
      serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
      for (long other : steps)
        CHECK(other == step);
      pthread_barrier_wait(&barrier);
    }
  }
  CHECK(serial == 20);
  pthread_barrier_destroy(&barrier);
}

/// What the C++ library builds on futexes.
void waits_on_atomics() {
  std::atomic<int> turn{0};
  std::latch ready(omp_get_max_threads());
  std::barrier meet(omp_get_max_threads());
  std::counting_semaphore<> places(1);
  total = 0;
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    ready.arrive_and_wait();
    const int me = omp_get_thread_num();
    for (int now; (now = turn.load()) != me;)
      turn.wait(now);
    ++total; // one after the other
    turn.store(me + 1);
    turn.notify_all();
    meet.arrive_and_wait();
    CHECK(total == threads);
    meet.arrive_and_wait();
    places.acquire();
    ++total;
    places.release();
  }
  CHECK(total == 2L * threads);
}

} // namespace

int main() {
  mutexes();
  conditions();
  readers_and_writers();
  once_and_counts();
  waits_on_atomics();
  puts("ok");
}
