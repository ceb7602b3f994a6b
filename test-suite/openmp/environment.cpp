// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: env OMP_NUM_THREADS=5 %loco-run -n 2 %t 5 dynamic 1
// RUN: env OMP_NUM_THREADS=2 %loco-run -n 3 %t 2 dynamic 1
// RUN: env OMP_NUM_THREADS=1 %loco-run -n 3 %t 1 dynamic 1
// RUN: env OMP_NUM_THREADS=4,3 OMP_MAX_ACTIVE_LEVELS=2 %loco-run -n 2 %t 4 dynamic 3
// RUN: env OMP_THREAD_LIMIT=3 %loco-run -n 2 --threads 4 %t 3 dynamic 1
// RUN: env OMP_SCHEDULE=guided,7 %loco-run -n 2 --threads 2 %t 4 guided 1
// RUN: env OMP_DYNAMIC=true %loco-run -n 3 --threads 2 %t 6 dynamic 1
// RUN: env KMP_BLOCKTIME=infinite %loco-run -n 2 --threads 1 %t 2 dynamic 1
// RUN: env OMP_NUM_THREADS=12 OMP_PROC_BIND=true %loco-run -n 2 %t 12 dynamic 1
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Environment variables hold for the whole team. Arguments: its size, the
// schedule(runtime), the size of a nested team.

#include "expect.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  int size = atoi(argv[1]), inner = atoi(argv[3]), count = 0, nested = 0;
  omp_sched_t want =
      strcmp(argv[2], "guided") == 0 ? omp_sched_guided : omp_sched_dynamic;
  if (!getenv("OMP_SCHEDULE"))
    omp_set_schedule(want, 1);
#pragma omp parallel reduction(+ : count, nested)
  {
    count += 1;
    EXPECT_EQ(omp_get_num_threads(), size);
    omp_sched_t kind;
    int chunk;
    omp_get_schedule(&kind, &chunk);
    EXPECT_EQ(kind & 0xff, want);
#pragma omp parallel reduction(+ : nested)
    nested += 1;
  }
  EXPECT_EQ(count, size);
  EXPECT_EQ(nested, size * inner);
  long sum = 0;
#pragma omp parallel for schedule(runtime) reduction(+ : sum)
  for (int i = 0; i < 500; ++i)
    sum += i;
  EXPECT_EQ(sum, 124750);
  return failures();
}
