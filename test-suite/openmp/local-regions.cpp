// RUN: %loco-clangxx -O2 -g -fopenmp -c %s -o %t.o
// RUN: %loco-clangxx -O2 -g -fopenmp -fno-loco -DWITHOUT -c %s -o %t.without.o
// RUN: %loco-clangxx -fopenmp %t.o %t.without.o -o %t
// RUN: %loco-run -n 1 --threads 2 %t 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: %loco-run -n 2 --threads 2 %t 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: %loco-clangxx -O2 -fopenmp -fno-loco -DWITHOUT -c %s -o %t.without.o
// RUN: %loco-clangxx -fopenmp %t.o %t.without.o -o %t.no-g
// RUN: %loco-run -n 2 --threads 1 %t.no-g 2>&1 | FileCheck %s --check-prefix=NOG
// NOG: loco: warning: parallel region at address 0x{{[0-9a-f]+}} of {{.*}}no-g (-g gives the line) was compiled without -floco; it runs on node 0 alone
// NOG: right
// ONE-NOT: loco: warning
// ONE: right
// TWO: loco: warning: parallel region at {{.*}}local-regions.cpp:[[#]] was compiled without -floco; it runs on node 0 alone
// TWO-NOT: without -floco
// TWO: loco: warning: parallel region at {{.*}}local-regions.cpp:[[#]] starts while another thread's region spans the nodes; it runs on node 0 alone
// TWO-NOT: another thread's
// TWO: loco: warning: teams construct at {{.*}}local-regions.cpp:[[#]] runs on the node that meets it
// TWO: right
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Regions that do not span the nodes say so once, and are right.

#include "expect.h"
#include <omp.h>
#ifdef WITHOUT
int without(int n) {
  int count = 0, size = 0;
#pragma omp parallel reduction(+ : count)
  {
    count += n;
#pragma omp single
    size = omp_get_num_threads();
  }
  EXPECT_EQ(size, omp_get_max_threads());
  EXPECT_EQ(count, size * n);
  return expect_failures;
}
#else
#include <atomic>
#include <thread>
int without(int n);

static std::atomic<int> stage;

// A region of another root thread while this one's is open.
static void second_root() {
  int seen = 0;
  for (int i = 0; i < 2; ++i) {
    while (stage != 1)
      std::this_thread::yield();
#pragma omp parallel num_threads(3)
    {
      EXPECT_EQ(omp_get_num_threads(), 3);
#pragma omp critical
      seen++;
#pragma omp barrier
      EXPECT_EQ(seen, 3 * (i + 1));
    }
  }
  stage = 2;
}

int main() {
  int bad = without(3) + without(4);
  std::thread other(second_root);
#pragma omp parallel
  {
#pragma omp master
    {
      stage = 1;
      while (stage != 2)
        std::this_thread::yield();
    }
  }
  other.join();
  int sum = 0;
  for (int i = 0; i < 2; ++i) {
#pragma omp teams distribute parallel for num_teams(2) reduction(+ : sum)
    for (int j = 0; j < 100; ++j)
      sum += j;
  }
  EXPECT_EQ(sum, 9900);
  int size = omp_get_max_threads(), after = 0;
#pragma omp parallel reduction(+ : after)
  after += 1;
  EXPECT_EQ(after, size);
  if (failures() + bad == 0)
    fprintf(stderr, "right\n");
  return failures() + bad;
}
#endif
