// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory that cannot be had: null from the C functions, std::bad_alloc from
// new, on every node; afterwards the program goes on.
//
// RUN: for opt in O0 O2; do \
// RUN:   %loco-clangxx -fopenmp -$opt %s -o %t.$opt || exit 1; \
// RUN:   for n in 1 3; do \
// RUN:     %S/../expect-exit.sh 0 60 %loco-run -n $n --threads 2 %t.$opt | FileCheck %s || exit 1; \
// RUN:   done; \
// RUN: done
// RUN: env LOCO_WINDOW=64M %S/../expect-exit.sh 1 30 %loco-run -n 2 --threads 1 %t.O2 until-the-end | FileCheck --check-prefix=FULL %s
// CHECK: {{^}}ok{{$}}
// FULL: caught bad_alloc after {{[0-9]+}} MiB

#include "../c-cxx/Inputs/check.h"
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

static volatile size_t huge = SIZE_MAX / 4;

// Takes memory until there is none.
static void take_all() {
  std::vector<char *> all;
  all.reserve(1 << 16);
  long mib = 0;
  try {
    for (;;) {
      all.push_back(new char[1 << 20]);
      memset(all.back(), 1, 1 << 20);
      ++mib;
    }
  } catch (const std::bad_alloc &) {
    fprintf(stderr, "caught bad_alloc after %ld MiB\n", mib);
    exit(1);
  }
}

int main(int argc, char **) {
  if (argc > 1)
    take_all();
  int caught = 0, threads = 0;
#pragma omp parallel reduction(+ : caught, threads)
  {
    ++threads;
    void *volatile p = malloc(huge);
    CHECK(p == nullptr);
    p = calloc(huge / 8, 8);
    CHECK(p == nullptr);
    p = calloc(huge, 8); // the product does not fit
    CHECK(p == nullptr);
    void *small = malloc(100);
    memset(small, 7, 100);
    p = realloc(small, huge);
    CHECK(p == nullptr && static_cast<char *>(small)[99] == 7);
    free(small);
    void *aligned = nullptr;
    CHECK(posix_memalign(&aligned, 64, huge) != 0);
    CHECK(posix_memalign(&aligned, 3, 64) != 0);
    p = new (std::nothrow) char[huge];
    CHECK(p == nullptr);
    try {
      p = new char[huge];
    } catch (const std::bad_alloc &) {
      ++caught;
    }
    try {
      std::vector<double> v(huge / 16);
      p = v.data();
    } catch (const std::bad_alloc &) {
      ++caught;
    }
  }
  CHECK(caught == 2 * threads);
  std::vector<int> fine(1000, 1);
  CHECK(fine[999] == 1);
  puts("ok");
}
