// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the sum that its team computes; the good program of these tests.

#include <cstdio>

int cells[1000];

int main() {
  long sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < 1000; ++i) {
    cells[i] = i;
    sum += cells[i];
  }
  std::printf("sum %ld\n", sum);
}
