// RUN: %loco-clangxx -O1 -fopenmp -fnoopenmp-use-tls %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: not %loco-run -n 2 --threads 1 %t 2>&1 | FileCheck %s
// CHECK: loco: error: threadprivate variables over several nodes need thread-local storage; compile without -fnoopenmp-use-tls
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "expect.h"
#include <omp.h>

static int counter = 7;
#pragma omp threadprivate(counter)

int main() {
  int sum = 0;
#pragma omp parallel reduction(+ : sum)
  {
    sum += counter;
    counter = 0;
  }
  EXPECT_EQ(sum, 7 * omp_get_max_threads());
  return failures();
}
