// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ordered: in sequence over all nodes, with every schedule.

#include "expect.h"
#include <omp.h>
#include <vector>

static std::vector<int> order;

static void check(int trips) {
  EXPECT_EQ(order.size(), trips);
  for (int i = 0; i < (int)order.size(); ++i)
    EXPECT_EQ(order[i], i);
  order.clear();
}

#define ORDERED(clause)                                                        \
  _Pragma("omp parallel") {                                                    \
    _Pragma(clause) for (int i = 0; i < trips; ++i) {                          \
      if (skip && i % 3 == 1)                                                  \
        continue;                                                              \
      _Pragma("omp ordered") order.push_back(i);                               \
    }                                                                          \
  }                                                                            \
  if (skip)                                                                    \
    for (int i = 1; i < trips; i += 3)                                         \
      order.insert(order.begin() + i, i);                                      \
  check(trips);

int main() {
  int sizes[] = {0, 1, 5, 60};
  for (int trips : sizes)
    for (int skip = 0; skip < 2; ++skip) {
      ORDERED("omp for ordered schedule(static)")
      ORDERED("omp for ordered schedule(static, 1)")
      ORDERED("omp for ordered schedule(static, 4)")
      ORDERED("omp for ordered schedule(dynamic)")
      ORDERED("omp for ordered schedule(dynamic, 3)")
      ORDERED("omp for ordered schedule(guided)")
      ORDERED("omp for ordered schedule(auto)")
      omp_set_schedule(omp_sched_dynamic, 2);
      ORDERED("omp for ordered schedule(runtime)")
    }

  // Data passes from one ordered region to the next.
  long sum = 0, product = 1;
#pragma omp parallel for ordered schedule(dynamic) lastprivate(product)
  for (int i = 1; i <= 50; ++i) {
    long own = i * 3L;
#pragma omp ordered
    {
      sum = sum * 3 % 1000003 + own;
    }
    product = own;
  }
  long want = 0;
  for (int i = 1; i <= 50; ++i)
    want = want * 3 % 1000003 + i * 3L;
  EXPECT_EQ(sum, want);
  EXPECT_EQ(product, 150);
  return failures();
}
