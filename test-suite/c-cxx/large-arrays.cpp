// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Arrays of many megabytes: static, on the heap, written by all, read by
// others; a large one that is hardly used costs nothing in the file.

#include "Inputs/check.h"
#include <cstdint>
#include <omp.h>
#include <sys/stat.h>

constexpr size_t N = 6'000'000;
static int static_array[N];
static char hardly_used[800'000'000];

int main() {
  struct stat status;
  CHECK(stat("/proc/self/exe", &status) == 0 && status.st_size < 50'000'000);
  int64_t *heap = static_cast<int64_t *>(malloc(N * sizeof *heap));
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (size_t i = 0; i < N; ++i) {
      static_array[i] = static_cast<int>(i % 1000);
      heap[i] = static_cast<int64_t>(i);
    }
    // The other way round: each thread reads what another wrote.
#pragma omp for schedule(static)
    for (size_t j = 0; j < N; ++j) {
      const size_t i = N - 1 - j;
      heap[i] += static_array[i];
    }
#pragma omp for schedule(static, 1)
    for (size_t i = 0; i < 80; ++i)
      hardly_used[i * 10'000'000] = static_cast<char>(i);
  }
  int64_t sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (size_t i = 0; i < N; ++i)
    sum += heap[i];
  CHECK(sum == static_cast<int64_t>(N) * (N - 1) / 2 + N / 1000 * 499500L);
  for (size_t i = 0; i < 80; ++i)
    CHECK(hardly_used[i * 10'000'000] == static_cast<char>(i));
  free(heap);
  puts("ok");
}
