// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 1 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// RUN: %loco-clangxx -O0 -fopenmp %s -o %t.O0
// RUN: %loco-run -n 2 --threads 1 %t.O0
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is a race by the letter, works on every single machine, and is in programs that
// nobody will change (the user guide has the list).

#include "expect.h"
#include <atomic>
#include <immintrin.h>
#include <omp.h>
#include <sched.h>

constexpr int MaxThreads = 64, Rounds = 100, RowLength = 512;

/// Ordered by time alone, as in programs where much work lies between; here by an
/// atomic that orders nothing else.
static std::atomic<int> done;
static void await_done(int round, bool is_mine) {
  if (is_mine)
    done.store(round, std::memory_order_relaxed);
  while (done.load(std::memory_order_relaxed) < round)
    sched_yield();
}

/// Cleared without a barrier, then summed into.
static void cleared_sums() {
  static double sum, high;
  static long count;
#pragma omp parallel
  for (int round = 1; round <= 3 * Rounds; round += 3) {
    bool is_mine = false;
#pragma omp single nowait
    {
      sum = 0;
      is_mine = true;
    }
    await_done(round, is_mine);
#pragma omp master
    high = -1;
    await_done(round + 1, omp_get_thread_num() == 0);
#pragma omp for reduction(+ : sum) reduction(max : high)
    for (int i = 1; i <= 1000; ++i) {
      sum += i;
      high = i > high ? i : high;
    }
#pragma omp single
    {
      EXPECT(sum == 500500);
      EXPECT(high == 1000);
    }
    is_mine = false;
#pragma omp single nowait
    {
      count = 7;
      is_mine = true;
    }
    await_done(round + 2, is_mine);
#pragma omp critical
    ++count;
#pragma omp barrier
#pragma omp single
    EXPECT_EQ(count, 7 + omp_get_num_threads());
  }
}

// An extent a thread.
alignas(65536) static long rows[MaxThreads][8192];

/// A chain: each thread hands its row to the one before it, which hands it back.
template <typename Set, typename Await>
static void hand_rows_on(Set set, Await await) {
#pragma omp parallel
  {
    int me = omp_get_thread_num(), last = omp_get_num_threads() - 1;
    for (int round = 1; round <= Rounds; ++round) {
      if (me < last)
        await(me + 1, 1);
      if (me > 0)
        await(me, 0);
      int stale = 0;
      for (int i = 0; i < RowLength; ++i) {
        stale += me < last && rows[me + 1][i] != round;
        rows[me][i] = round;
      }
      EXPECT_EQ(stale, 0);
      if (me < last)
        set(me + 1, 0);
      if (me > 0)
        set(me, 1);
    }
  }
}

static int flags[MaxThreads];
static volatile int volatile_flags[MaxThreads];

int main() {
  cleared_sums();

  // The flush stands in the waiting loop alone.
  hand_rows_on([](int f, int value) { flags[f] = value; },
               [](int f, int value) {
                 while (flags[f] != value) {
#pragma omp flush
                 }
               });
  // Fences of x86, as intrinsics and as text.
  hand_rows_on(
      [](int f, int value) {
        _mm_mfence();
        volatile_flags[f] = value;
      },
      [](int f, int value) {
        while (volatile_flags[f] != value)
          _mm_pause();
        _mm_mfence();
      });
  hand_rows_on(
      [](int f, int value) {
        asm volatile("mfence" ::: "memory");
        volatile_flags[f] = value;
      },
      [](int f, int value) {
        while (volatile_flags[f] != value)
          _mm_pause();
        asm volatile("lfence" ::: "memory");
      });
  return failures();
}
