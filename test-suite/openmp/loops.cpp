// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops: every iteration once, whatever schedule, type and stride; lastprivate.

#include "expect.h"
#include <omp.h>
#include <string.h>
#include <vector>

enum { Max = 2000 };
static int hits[Max];
static int owner[Max];

static void check_hits(int trips, const char *what) {
  for (int i = 0; i < Max; ++i)
    if (hits[i] != (i < trips)) {
      fprintf(stderr, "%s: iteration %d of %d ran %d times\n", what, i, trips,
              hits[i]);
      EXPECT(hits[i] == (i < trips));
      break;
    }
  memset(hits, 0, sizeof(hits));
}

static void hit(long i) {
#pragma omp atomic
  hits[i]++;
}

// `checked`: the clause has lastprivate(last). Upstream's dynamic loops without
// monotonic: get that wrong on one node, in LLVM 19.
#define LOOP(name, T, checked, clause)                                         \
  template <typename T> static void name(long trips, long stride) {            \
    T first = (T)(stride < 0 ? 3 + (trips - 1) * -stride : 3);                 \
    T end = (T)(first + trips * stride);                                       \
    T last = 0;                                                                \
    if (stride > 0) {                                                          \
      _Pragma("omp parallel")                                                  \
      {                                                                        \
        _Pragma(clause) for (T i = first; i < end; i += (T)stride) {           \
          hit((long)((i - first) / (T)stride));                                \
          last = i;                                                            \
        }                                                                      \
      }                                                                        \
    } else {                                                                   \
      T step = (T)-stride;                                                     \
      _Pragma("omp parallel")                                                  \
      {                                                                        \
        _Pragma(clause) for (T i = first; i >= 3; i -= step) {                 \
          hit((long)((first - i) / step));                                     \
          last = i;                                                            \
        }                                                                      \
      }                                                                        \
    }                                                                          \
    if (checked && trips > 0)                                                  \
      EXPECT_EQ(last, first + (T)((trips - 1) * stride));                      \
    check_hits((int)trips, clause);                                            \
  }

LOOP(static_loop, T, true,
     "omp for schedule(static) lastprivate(last)")
LOOP(static1, T, true,
     "omp for schedule(static, 1) lastprivate(last)")
LOOP(static7, T, true,
     "omp for schedule(static, 7) lastprivate(last)")
LOOP(dynamic_loop, T, false, "omp for schedule(dynamic) private(last)")
LOOP(dynamic5, T, false, "omp for schedule(dynamic, 5) private(last)")
LOOP(monotonic3, T, true,
     "omp for schedule(monotonic: dynamic, 3) lastprivate(last)")
LOOP(guided_loop, T, true,
     "omp for schedule(guided) lastprivate(last)")
LOOP(guided4, T, true,
     "omp for schedule(guided, 4) lastprivate(last)")
LOOP(auto_loop, T, false, "omp for schedule(auto) private(last)")
LOOP(runtime_loop, T, false, "omp for schedule(runtime) private(last)")
LOOP(simd_loop, T, true,
     "omp for simd schedule(simd: static) lastprivate(last)")

template <typename T> static void all(long trips, long stride) {
  static_loop<T>(trips, stride);
  static1<T>(trips, stride);
  static7<T>(trips, stride);
  dynamic_loop<T>(trips, stride);
  dynamic5<T>(trips, stride);
  monotonic3<T>(trips, stride);
  guided_loop<T>(trips, stride);
  guided4<T>(trips, stride);
  auto_loop<T>(trips, stride);
  simd_loop<T>(trips, stride);
  omp_sched_t kinds[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided,
                         omp_sched_auto};
  for (omp_sched_t kind : kinds)
    for (int chunk = 0; chunk < 10; chunk += 9) {
      omp_set_schedule(kind, chunk);
      runtime_loop<T>(trips, stride);
    }
}

static long work(int i) {
  volatile long x = 0;
  for (int k = 0; k < (i % 50) * 100; ++k)
    x = x + k;
  return x;
}

int main() {
  long trips[] = {0, 1, 2, 3, 5, 8, 97, 1000};
  for (long n : trips) {
    all<int>(n, 1);
    all<long>(n, 3);
  }
  all<unsigned>(97, 1);
  all<unsigned long>(97, 5);
  all<int>(97, -1);
  all<long>(97, -4);

  // Bounds at the ends of the type.
  long count = 0;
#pragma omp parallel for schedule(dynamic, 3) reduction(+ : count)
  for (int i = -2147483647 - 1; i < -2147483647 + 99; ++i)
    count++;
  EXPECT_EQ(count, 100);
  count = 0;
#pragma omp parallel for schedule(static) reduction(+ : count)
  for (unsigned i = 4294967000u; i < 4294967295u; ++i)
    count++;
  EXPECT_EQ(count, 295);

  // schedule(static) without chunk: the same thread in every loop.
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int i = 0; i < Max; ++i)
      owner[i] = omp_get_thread_num();
#pragma omp for schedule(static)
    for (int i = 0; i < Max; ++i)
      EXPECT_EQ(owner[i], omp_get_thread_num());
  }
  for (int i = 1; i < Max; ++i)
    EXPECT(owner[i] >= owner[i - 1]);

  // Threads run ahead over more loops than there are records.
  static long sums[100];
#pragma omp parallel
  for (int loop = 0; loop < 100; ++loop) {
#pragma omp for schedule(dynamic) nowait
    for (int i = 0; i < 40; ++i) {
      if ((i + loop) % 17 == 0)
        work(49);
#pragma omp atomic
      sums[loop] += i;
    }
  }
  for (long sum : sums)
    EXPECT_EQ(sum, 780);

  // collapse; uneven work; iterators.
  static int grid[30][40];
#pragma omp parallel for collapse(2) schedule(dynamic, 7)
  for (int i = 0; i < 30; ++i)
    for (int j = 0; j < 40; ++j) {
      work(i + j);
      grid[i][j] += i * 40 + j;
    }
  for (int i = 0; i < 30; ++i)
    for (int j = 0; j < 40; ++j)
      EXPECT_EQ(grid[i][j], i * 40 + j);
  std::vector<int> v(500, 2);
#pragma omp parallel for schedule(guided)
  for (auto it = v.begin(); it < v.end(); ++it)
    *it *= 3;
  for (int x : v)
    EXPECT_EQ(x, 6);
  return failures();
}
