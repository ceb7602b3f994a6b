// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// omp_alloc: memory that all nodes share, from any allocator.

#include "expect.h"
#include <omp.h>
#include <stdint.h>

int main() {
  int size = omp_get_max_threads();
  omp_alloctrait_t traits[] = {{omp_atk_alignment, 256}};
  omp_allocator_handle_t aligned =
      omp_init_allocator(omp_default_mem_space, 1, traits);
  int *a = (int *)omp_alloc(1000 * sizeof(int), omp_default_mem_alloc);
  int *b = (int *)omp_calloc(1000, sizeof(int), aligned);
  EXPECT_EQ((uintptr_t)b % 256, 0);
  static int *from[256];
#pragma omp parallel
  {
    int me = omp_get_thread_num();
#pragma omp for
    for (int i = 0; i < 1000; ++i) {
      a[i] = i;
      b[i] += 2 * i;
    }
    from[me] = (int *)omp_alloc(64, aligned);
    EXPECT_EQ((uintptr_t)from[me] % 256, 0);
    from[me][3] = me;
#pragma omp barrier
    int other = (me + 1) % size;
    EXPECT_EQ(from[other][3], other);
#pragma omp barrier
    from[other] = (int *)omp_realloc(from[other], 4096, aligned, aligned);
    EXPECT_EQ(from[other][3], other);
    omp_free(from[other], aligned);
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(a[i], i);
    EXPECT_EQ(b[i], 2 * i);
  }
  omp_free(a, omp_default_mem_alloc);
  omp_free(b, aligned);
  omp_destroy_allocator(aligned);
  return failures();
}
