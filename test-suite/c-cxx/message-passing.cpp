// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Data handed over by release and acquire, in both directions, without a
// barrier: a ring of threads, each waiting for the one before.

#include "Inputs/check.h"
#include <atomic>
#include <omp.h>
#include <vector>

struct Slot {
  std::atomic<int> turn{0};
  int data[50] = {};
};

int main() {
  std::vector<Slot> slots(64);
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    const int me = omp_get_thread_num();
    Slot &mine = slots[me];
    Slot &previous = slots[(me + threads - 1) % threads];
    for (int round = 1; round <= 20; ++round) {
      if (me != 0 || round > 1) {
        const int wanted = me == 0 ? round - 1 : round;
        while (previous.turn.load(std::memory_order_acquire) != wanted)
          ;
        for (int i = 0; i < 50; ++i)
          mine.data[i] = previous.data[i] + 1;
      }
      mine.turn.store(round, std::memory_order_release);
    }
  }
  for (int i = 0; i < 50; ++i)
    CHECK(slots[threads - 1].data[i] == threads * 20 - 1);

  // The same by a fence and omp atomic.
  int value = 0, ready = 0;
#pragma omp parallel num_threads(threads)
  {
    if (omp_get_thread_num() == threads - 1) {
      value = 99;
#pragma omp flush
#pragma omp atomic write
      ready = 1;
    }
    if (omp_get_thread_num() == 0) {
      int seen = 0;
      while (!seen) {
#pragma omp atomic read
        seen = ready;
      }
#pragma omp flush
      CHECK(value == 99);
    }
  }
  puts("ok");
}
