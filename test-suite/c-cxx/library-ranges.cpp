// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %loco-clangxx -fopenmp -O2 %s -o %t
// RUN: %S/library-ranges.sh 120 %loco-run --stats -n 2 --threads 1 %t
// RUN: %loco-clangxx -fopenmp -O2 -fno-builtin %s -o %t.net
// RUN: not %S/library-ranges.sh 120 %loco-run --stats -n 2 --threads 1 %t.net
// RUN: %loco-run -n 2 --threads 1 %t.net
//
// libc functions that take a length find their memory fetched: page faults of
// 15 MB that were written on node 0 and are read and written on node 1. With
// -fno-builtin nobody knows these functions, and the page-fault net has to do.

#include "Inputs/check.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <omp.h>
#include <unistd.h>

static int less(const void *a, const void *b) {
  const int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
  return (x > y) - (x < y);
}

int main() {
  constexpr size_t Bytes = 3 << 20;
  // Not a constant for the compiler: its own expansions are not meant here.
  volatile size_t length = Bytes;
  char *parts[5];
  for (char *&part : parts) {
    part = static_cast<char *>(malloc(Bytes));
    memset(part, 'x', length);
  }
  int *numbers = reinterpret_cast<int *>(parts[4]);
  for (size_t i = 0; i < Bytes / sizeof(int); ++i)
    numbers[i] = static_cast<int>(i * 7919 % 100003);
#pragma omp parallel
  if (omp_get_thread_num() == omp_get_num_threads() - 1) {
    const size_t n = length;
    CHECK(memcmp(parts[0], parts[1], n) == 0);
    CHECK(memchr(parts[0], 'y', n) == nullptr);
    FILE *file = tmpfile();
    CHECK(file && fwrite(parts[2], 1, n, file) == n);
    rewind(file);
    CHECK(fread(parts[3], 1, n, file) == n);
    CHECK(pread(fileno(file), parts[1], n, 0) == static_cast<ssize_t>(n));
    fclose(file);
    qsort(numbers, n / sizeof(int), sizeof(int), less);
  }
  CHECK(memcmp(parts[1], parts[3], Bytes) == 0);
  for (size_t i = 1; i < Bytes / sizeof(int); ++i)
    CHECK(numbers[i - 1] <= numbers[i]);
  puts("ok");
}
