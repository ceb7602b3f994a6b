// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// An outermost parallel region has threads on every node, which are processes
// of their own: all other tests would mean nothing without this.

#include "Inputs/check.h"
#include <omp.h>
#include <set>
#include <unistd.h>
#include <vector>

int main() {
  const int expected = atoi(getenv("LOCO_TEST_EXPECT_NODES"));
  std::vector<int> pids;
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    {
      threads = omp_get_num_threads();
      pids.resize(threads);
    }
    pids[omp_get_thread_num()] = getpid();
  }
  CHECK(threads == atoi(getenv("LOCO_TEST_EXPECT_THREADS")));
  const std::set<int> different(pids.begin(), pids.end());
  CHECK(static_cast<int>(different.size()) == expected);
  CHECK(different.count(getpid()) == 1);
  CHECK(different.count(0) == 0);
  puts("ok");
}
