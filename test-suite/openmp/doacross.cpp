// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Doacross loops: ordered(n) with depend.

#include "expect.h"
#include <omp.h>

enum { N = 40, M = 30 };
static long grid[N][M], want[N][M];
static long line[200];

int main() {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < M; ++j)
      want[i][j] = (i ? want[i - 1][j] : i + 1) + (j ? want[i][j - 1] : j + 1) +
                   1 & 0xffffff;
  for (int round = 0; round < 12; ++round) {
#pragma omp parallel for ordered(2) schedule(static, 1)
    for (int i = 0; i < N; ++i)
      for (int j = 0; j < M; ++j) {
#pragma omp ordered depend(sink : i - 1, j) depend(sink : i, j - 1)
        grid[i][j] = (i ? grid[i - 1][j] : i + 1) +
                         (j ? grid[i][j - 1] : j + 1) + 1 &
                     0xffffff;
#pragma omp ordered depend(source)
      }
    for (int i = 0; i < N; ++i)
      for (int j = 0; j < M; ++j) {
        EXPECT_EQ(grid[i][j], want[i][j]);
        grid[i][j] = -1;
      }
  }
#pragma omp parallel
  for (int round = 1; round < 12; ++round) {
#pragma omp for ordered(1) schedule(dynamic, 2)
    for (int i = 199; i >= 0; i -= 3) {
#pragma omp ordered depend(sink : i + 3)
      line[i] = (i + 3 < 200 ? line[i + 3] : 0) + round;
#pragma omp ordered depend(source)
    }
  }
  long steps = 0;
  for (int i = 199; i >= 0; i -= 3)
    EXPECT_EQ(line[i], ++steps * 11);
  return failures();
}
