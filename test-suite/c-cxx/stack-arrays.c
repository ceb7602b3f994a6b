// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clang %loco-clang %loco-run %s %t
//
// Variable-length arrays, alloca and compound literals of one thread that the
// threads of other nodes read and write.

#include "Inputs/check.h"
#include <alloca.h>
#include <omp.h>
#include <string.h>

struct point {
  int x, y;
};

static long sum_of(const struct point *points, int n) {
  long sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < n; ++i)
    sum += points[i].x * points[i].y;
  return sum;
}

static void fill(int n, int matrix[n][n], char *bytes) {
#pragma omp parallel for
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j)
      matrix[i][j] = i * n + j;
    bytes[i] = (char)i;
  }
}

static int deep(int depth, int *sums) {
  int local[depth + 1];
  local[depth] = depth;
  local[0] = 1;
#pragma omp parallel
  {
#pragma omp atomic
    local[0] += 1;
#pragma omp atomic
    sums[depth] += local[depth];
  }
  return local[0] + (depth > 1 ? deep(depth - 1, sums) : 0);
}

int main(void) {
  for (int n = 10; n <= 130; n += 60) {
    int matrix[n][n];
    char *bytes = alloca((size_t)n);
    memset(bytes, 0, (size_t)n);
    fill(n, matrix, bytes);
    for (int i = 0; i < n; ++i) {
      CHECK(bytes[i] == (char)i);
      for (int j = 0; j < n; ++j)
        CHECK(matrix[i][j] == i * n + j);
    }
    struct point *points = alloca(sizeof *points * (size_t)n);
    long expected = 0;
    for (int i = 0; i < n; ++i) {
      points[i] = (struct point){i, i + 1};
      expected += i * (i + 1);
    }
    CHECK(sum_of(points, n) == expected);
    CHECK(sum_of((struct point[]){{1, 2}, {3, 4}}, 2) == 14);
  }
  int sums[9] = {0};
  const int total = deep(8, sums);
  int threads = 0;
#pragma omp parallel
#pragma omp single
  threads = omp_get_num_threads();
  CHECK(total == 8 * (1 + threads) || threads == 1);
  for (int i = 2; i < 9; ++i)
    CHECK(sums[i] == i * threads);

  // A stack array of every thread, written by the next.
  static int *arrays[256];
#pragma omp parallel
  {
    const int me = omp_get_thread_num(), all = omp_get_num_threads();
    int mine[me + 20];
    memset(mine, 0, sizeof mine);
    arrays[me] = mine;
#pragma omp barrier
    const int next = (me + 1) % all;
    for (int i = 0; i < next + 20; ++i)
      arrays[next][i] = next * 1000 + i;
#pragma omp barrier
    for (int i = 0; i < me + 20; ++i)
      CHECK(mine[i] == me * 1000 + i);
  }
  puts("ok");
}
