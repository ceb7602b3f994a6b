// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Volatile accesses of several sizes go past the cache: one thread's become
// visible to another without more; and a thread sees its own plain stores.

#include "Inputs/check.h"
#include <omp.h>

struct Device {
  volatile int status;
  volatile unsigned char byte;
  volatile double number;
  struct Pair {
    int a, b;
  };
  int plain;
};

Device device;
volatile int go = 0;

int main() {
  int threads = 0;
  int *cells = new int[64]();
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    const int me = omp_get_thread_num();
    if (me == threads - 1) {
      device.byte = 7;
      device.number = 2.5;
      device.status = 1;
      go = 1;
    }
    while (!go)
      ;
    while (device.status != 1)
      ;
    CHECK(device.byte == 7);
    CHECK(device.number == 2.5);
    // Plain and volatile access to the same word by one thread.
    cells[me] = me + 1;
    volatile int *cell = &cells[me];
    CHECK(*cell == me + 1);
    *cell = *cell + 1;
    CHECK(cells[me] == me + 2);
  }
  for (int i = 0; i < threads; ++i)
    CHECK(cells[i] == i + 2);
  delete[] cells;
  puts("ok");
}
