// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Large structs by value: assigned, passed, returned, captured, in variadic
// calls; member-wise and whole.

#include "Inputs/check.h"
#include <cstdarg>
#include <omp.h>
#include <vector>

struct Big {
  int id;
  double values[700];
  char name[33];
};

struct Small {
  short a;
  char b;
};

static Big make(int id) {
  Big big{};
  big.id = id;
  for (int i = 0; i < 700; ++i)
    big.values[i] = id + i * 0.5;
  snprintf(big.name, sizeof big.name, "number %d", id);
  return big;
}

__attribute__((noinline)) double sum(Big big) {
  double total = big.id;
  for (double value : big.values)
    total += value;
  big.id = -1; // its own copy
  return total;
}

__attribute__((noinline)) double variadic(int count, ...) {
  va_list list;
  va_start(list, count);
  double total = 0;
  for (int i = 0; i < count; ++i) {
    const Big big = va_arg(list, Big);
    const Small small = va_arg(list, Small);
    total +=
        big.values[3] + small.a + va_arg(list, double) + *va_arg(list, int *);
  }
  va_end(list);
  return total;
}

Big global_big = make(3);

int main() {
  constexpr int N = 60;
  std::vector<Big> bigs(N);
  std::vector<Small> smalls(N);
#pragma omp parallel for
  for (int i = 0; i < N; ++i) {
    bigs[i] = make(i);
    smalls[i] = Small{static_cast<short>(i), 'x'};
  }
  Big captured = make(1000);
  double total = 0;
#pragma omp parallel for schedule(dynamic, 3) firstprivate(captured)           \
    reduction(+ : total)
  for (int i = 0; i < N; ++i) {
    const int other = N - 1 - i;
    CHECK(sum(bigs[other]) == 701.0 * other + 0.5 * 699 * 350);
    CHECK(bigs[other].id == other);
    CHECK(variadic(1, bigs[other], smalls[i], 0.5, &bigs[other].id) ==
          other + 1.5 + i + 0.5 + other);
    CHECK(captured.id >= 1000);
    captured.id += 1;
    total += captured.values[0];
    CHECK(global_big.values[10] == 8);
  }
  CHECK(total == 1000.0 * N);
  CHECK(captured.id == 1000);
#pragma omp parallel
#pragma omp single
  global_big = bigs[7];
  CHECK(global_big.id == 7 && global_big.values[699] == 7 + 349.5);
  puts("ok");
}
