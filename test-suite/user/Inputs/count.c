// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts its threads.
#include <stdio.h>

int main(void) {
  int threads = 0;
#pragma omp parallel reduction(+ : threads)
  threads += 1;
  printf("%d\n", threads);
}
