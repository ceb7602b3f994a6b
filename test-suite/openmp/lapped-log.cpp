// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 2 --threads 1 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread 0's copies come and go with what thread 1 has released: so much at a time that the
// log of it is overwritten before thread 0 reads it (65,536 notices). What thread 0 then
// changes back to what it was before is news to thread 1 all the same.

#include "expect.h"
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <unistd.h>

constexpr std::size_t Block = 4096, Bytes = 8 << 20;
constexpr int Rounds = 8, Noisy = 200, Releases = 400;

int main() {
  auto *memory = static_cast<char *>(std::aligned_alloc(1 << 16, Bytes));
  std::memset(memory, 0, Bytes); // so at home with thread 0
  int *flag = reinterpret_cast<int *>(memory), *rounds = flag + 100;
  char *noise = memory + (1 << 20);
  int outdated = 0;
#pragma omp parallel reduction(+ : outdated)
  for (int round = 1; round <= Rounds; ++round) {
    const int self = omp_get_thread_num();
    if (self == 0) {
      *flag = 0;
      *rounds = round;
      for (int i = 0; i < Noisy; ++i) // its own, too: they stay at home here
        noise[2 * i * Block + 1] = static_cast<char>(round);
    }
#pragma omp barrier
    if (self == 1)
      outdated += *flag != 0 || *rounds != round;
#pragma omp barrier
    if (self == 1) {
      usleep(20000); // thread 0 waits at the barrier, and acquires when all of this is over
      *flag = 1;
      for (int release = 1; release <= Releases; ++release) {
        for (int i = 0; i < Noisy; ++i) // no two are neighbours: a notice each
          noise[2 * i * Block] = static_cast<char>(release);
        std::atomic_thread_fence(std::memory_order_release);
      }
    }
#pragma omp barrier
    if (self == 0) {
      outdated += *flag != 1;
      *flag = 0;
    }
#pragma omp barrier
    if (self == 1)
      outdated += *flag != 0;
#pragma omp barrier
  }
  EXPECT(outdated == 0);
  return failures();
}
