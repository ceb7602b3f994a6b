// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: env OMP_CANCELLATION=true %loco-run -n 1 --threads 2 %t
// RUN: env OMP_CANCELLATION=true %loco-run -n 2 --threads 2 %t
// RUN: env OMP_CANCELLATION=true %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cancellation of parallel, for and sections reaches all nodes.

#include "expect.h"
#include <omp.h>

int main() {
  int size = omp_get_max_threads();
  EXPECT(omp_get_cancellation());
  for (int round = 0; round < 5; ++round) {
    int found = 0, after = 0;
#pragma omp parallel
    {
#pragma omp for schedule(guided)
      for (int i = 0; i < 100000; ++i) {
        if (i == 40) {
#pragma omp atomic
          found++;
#pragma omp cancel for
        }
#pragma omp cancellation point for
      }
#pragma omp atomic
      after++;
    }
    EXPECT_EQ(found, 1);
    EXPECT_EQ(after, size);

    after = 0;
#pragma omp parallel
    {
#pragma omp for schedule(static)
      for (int i = 0; i < 1000; ++i) {
#pragma omp cancel for if (i == 0)
      }
#pragma omp atomic
      after++;
#pragma omp sections
      {
#pragma omp section
        {
#pragma omp cancel sections
        }
#pragma omp section
        {
#pragma omp cancellation point sections
        }
      }
#pragma omp atomic
      after++;
    }
    EXPECT_EQ(after, 2 * size);

    int reached = 0;
    after = 0;
#pragma omp parallel
    {
#pragma omp atomic
      reached++;
#pragma omp barrier
      if (omp_get_thread_num() == size - 1) {
#pragma omp cancel parallel
      }
#pragma omp barrier
#pragma omp cancellation point parallel
#pragma omp atomic
      after++;
    }
    EXPECT_EQ(reached, size);
    EXPECT_EQ(after, 0);

    // All is well afterwards.
    int sum = 0;
#pragma omp parallel for schedule(dynamic, 3) reduction(+ : sum)
    for (int i = 0; i < 100; ++i)
      sum += i;
    EXPECT_EQ(sum, 4950);
  }
  return failures();
}
