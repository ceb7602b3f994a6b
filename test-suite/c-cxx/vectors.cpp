// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Vector types, conditional and indirect loops that the optimiser turns into
// vector code, and operands of inline assembly in shared memory.

#include "Inputs/check.h"
#include <cstdint>
#include <cstring>
#include <omp.h>
#include <vector>

typedef float float4 __attribute__((vector_size(16)));
typedef int int8 __attribute__((vector_size(32)));
typedef int64_t long2_unaligned
    __attribute__((vector_size(16), aligned(1), may_alias));

static void add_one(long *where) {
#if defined(__x86_64__)
  __asm__ volatile("addq $1, %0" : "+m"(*where));
#else
  ++*where;
#endif
}

static long read_through(const long *where) {
  long value;
#if defined(__x86_64__)
  __asm__("movq %1, %0" : "=r"(value) : "m"(*where));
#else
  value = *where;
#endif
  return value;
}

int main() {
  constexpr int N = 6000;
  static float4 fours[N];
  static int8 eights[N / 4];
  std::vector<int> keys(N), values(N), result(N);
  std::vector<long> cells(N);
  std::vector<double> numbers(N);
#pragma omp parallel
  {
#pragma omp for
    for (int i = 0; i < N; ++i) {
      const float f = static_cast<float>(i);
      fours[i] = float4{f, f + 1, f + 2, f + 3};
      keys[i] = (i * 7) % N;
      values[i] = i;
      numbers[i] = i - N / 2;
    }
#pragma omp for
    for (int i = 0; i < N / 4; ++i)
      eights[i] = int8{i, 1, 2, 3, 4, 5, 6, i} * 2;
#pragma omp for
    for (int i = 0; i < N; ++i)
      fours[i] = fours[i] * fours[i] + float4{1, 1, 1, 1};
      // Masked stores, gathers.
#pragma omp for simd
    for (int i = 0; i < N; ++i) {
      if (numbers[i] > 0)
        numbers[i] = -numbers[i];
      result[i] = values[keys[i]] + 1;
    }
#pragma omp for schedule(static, 1)
    for (int i = 0; i < N; ++i)
      add_one(&cells[i]);
#pragma omp for schedule(static, 3)
    for (int i = 0; i < N; ++i) {
      CHECK(read_through(&cells[i]) == 1);
      add_one(&cells[i]);
    }
  }
  char *bytes = static_cast<char *>(malloc(20 * 4096));
#pragma omp parallel for schedule(static, 1)
  for (int i = 1; i < 20; ++i) {
    auto *at_border = reinterpret_cast<long2_unaligned *>(bytes + i * 4096 - 7);
    *at_border = long2_unaligned{i, -i};
  }
  for (int i = 0; i < N; ++i) {
    const float f = static_cast<float>(i);
    CHECK(fours[i][0] == f * f + 1 && fours[i][3] == (f + 3) * (f + 3) + 1);
    CHECK(numbers[i] <= 0 && numbers[i] >= -N / 2);
    CHECK(result[i] == (i * 7) % N + 1);
    CHECK(cells[i] == 2);
    if (i < N / 4)
      CHECK(eights[i][0] == 2 * i && eights[i][6] == 12 &&
            eights[i][7] == 2 * i);
  }
#pragma omp parallel for
  for (int i = 1; i < 20; ++i) {
    int64_t pair[2];
    memcpy(pair, bytes + i * 4096 - 7, sizeof pair);
    CHECK(pair[0] == i && pair[1] == -i);
  }
  free(bytes);
  puts("ok");
}
