// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tasks: they run on the node that made them; every barrier waits for all.

#include "expect.h"
#include <omp.h>
#include <string.h>

static long fib(int n) {
  if (n < 2)
    return n;
  long a, b;
#pragma omp task shared(a) if (n > 8)
  a = fib(n - 1);
#pragma omp task shared(b) if (n > 8)
  b = fib(n - 2);
#pragma omp taskwait
  return a + b;
}

static void tree(int depth, int *count) {
#pragma omp atomic
  ++*count;
  if (depth == 0)
    return;
#pragma omp task
  tree(depth - 1, count);
#pragma omp task
  tree(depth - 1, count);
}

int main() {
  int size = omp_get_max_threads();
  long result = 0;
#pragma omp parallel
#pragma omp single
  result = fib(18);
  EXPECT_EQ(result, 2584);

  int count = 0, seen = 0;
#pragma omp parallel
  {
    tree(4, &count);
#pragma omp barrier
#pragma omp single
    seen = count;
    tree(3, &count); // the region's end waits
  }
  EXPECT_EQ(seen, 31 * size);
  EXPECT_EQ(count, (31 + 15) * size);

  static int done[100];
  int chain = 0, grouped = 0;
#pragma omp parallel
#pragma omp single
  {
#pragma omp taskloop grainsize(7)
    for (int i = 0; i < 100; ++i)
      done[i]++;
    for (int i = 0; i < 20; ++i) {
#pragma omp task depend(inout : chain) firstprivate(i)
      chain = chain * 2 % 10007 + i;
    }
#pragma omp taskgroup
    {
      for (int i = 0; i < 10; ++i) {
#pragma omp task
        {
#pragma omp task
          {
#pragma omp atomic
            grouped++;
          }
        }
      }
    }
    EXPECT_EQ(grouped, 10);
  }
  for (int n : done)
    EXPECT_EQ(n, 1);
  int want = 0;
  for (int i = 0; i < 20; ++i)
    want = want * 2 % 10007 + i;
  EXPECT_EQ(chain, want);

  // In a worksharing loop, with a reduction over a taskloop in each thread.
  static long sums[64];
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < 64; ++i) {
    long sum = 0;
#pragma omp taskloop reduction(+ : sum)
    for (int j = 0; j < 50; ++j)
      sum += i * j;
    sums[i] = sum;
  }
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(sums[i], i * 1225L);

  // A region inside a task of the serial part.
  int threads = 0;
#pragma omp task shared(threads)
  {
    int own = 1;
#pragma omp parallel reduction(+ : threads)
    threads += own;
  }
#pragma omp taskwait
  EXPECT_EQ(threads, size);
  return failures();
}
