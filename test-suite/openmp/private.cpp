// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// threadprivate, copyin, firstprivate, private.

#include "expect.h"
#include <omp.h>
#include <string>

static int counter = 7;
#pragma omp threadprivate(counter)
static std::string name = "first";
#pragma omp threadprivate(name)
static thread_local int own = 3;

int main() {
  int size = omp_get_max_threads();
  omp_set_dynamic(0);
#pragma omp parallel
  {
    EXPECT_EQ(counter, 7);
    counter = 100 + omp_get_thread_num();
    own += omp_get_thread_num();
  }
  EXPECT_EQ(counter, 100);
#pragma omp parallel
  {
    EXPECT_EQ(counter, 100 + omp_get_thread_num());
    EXPECT_EQ(own, 3 + omp_get_thread_num());
  }
  counter = 55;
  name = "a name that is longer than the short ones";
#pragma omp parallel copyin(counter, name)
  {
    EXPECT_EQ(counter, 55);
    EXPECT(name == "a name that is longer than the short ones");
    counter += omp_get_thread_num();
    name += std::to_string(omp_get_thread_num());
  }
#pragma omp parallel
  {
    EXPECT_EQ(counter, 55 + omp_get_thread_num());
    EXPECT(name == "a name that is longer than the short ones" +
                       std::to_string(omp_get_thread_num()));
  }

  // Addresses of private things may be shared.
  static int *where[256];
  static int *local[256];
#pragma omp parallel
  {
    int me = omp_get_thread_num(), mine = 1000 + me;
    where[me] = &counter;
    local[me] = &mine;
#pragma omp barrier
    int other = (me + 1) % size;
    EXPECT_EQ(*where[other], 55 + other);
    EXPECT_EQ(*local[other], 1000 + other);
#pragma omp barrier
    *local[other] = 2000 + me;
#pragma omp barrier
    EXPECT_EQ(mine, 2000 + (me + size - 1) % size);
  }
  int first = 5, untouched = 6;
#pragma omp parallel firstprivate(first) private(untouched)
  {
    EXPECT_EQ(first, 5);
    first = omp_get_thread_num();
    untouched = first;
  }
  EXPECT_EQ(first, 5);
  EXPECT_EQ(untouched, 6);
  return failures();
}
