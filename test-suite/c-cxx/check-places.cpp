// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for checks: on several nodes they become calls that find what is not
// here before it would fault, and keep every register. In inline functions of
// two files, with the linker's garbage collection, with LTO.
//
// RUN: for flags in -O0 -O2 "-O2 -ffunction-sections -Wl,--gc-sections" \
// RUN:     "-O2 -flto=thin" "-O2 -flto" "-O2 -floco-checks=none"; do \
// RUN:   %loco-clangxx -fopenmp $flags -c -DSECOND_FILE %s -o %t.second.o || exit 1; \
// RUN:   %loco-clangxx -fopenmp $flags %s %t.second.o -o %t || exit 1; \
// RUN:   case $flags in *none) faults=many ;; *) faults=few ;; esac; \
// RUN:   timeout 60 %loco-run -n 1 %t few | grep -x ok || exit 1; \
// RUN:   timeout 60 %loco-run -n 2 --threads 1 %t $faults | grep -x ok || exit 1; \
// RUN: done
//
// An executable without such places has no list, and starts.
// RUN: echo 'int main() { return 0; }' > %t.empty.cpp
// RUN: %loco-clangxx %t.empty.cpp -o %t.empty
// RUN: timeout 60 %loco-run -n 2 %t.empty

#include "Inputs/check.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <omp.h>

extern "C" int64_t __loco_counter(const char *name);

struct Node {
  double value;
  long number;
  Node *next;
};
constexpr int Count = 300; // of a block each

// What is live across the check of the node: all registers of arguments.
template <typename T>
__attribute__((noinline)) T visit(const Node *node, long a, long b, long c,
                                  long d, long e, T s, T t, T u, T v, T w, T x,
                                  T y, T z) {
  const T sum =
      node->value + s + 2 * t + 3 * u + 4 * v + 5 * w + 6 * x + 7 * y + 8 * z;
  return sum + a + 2 * b + 3 * c + 4 * d + 5 * e;
}

__attribute__((noinline)) inline void mark(Node *node, long number) {
  node->number = number;
}

double visit_in_second_file(const Node *node);

#ifdef SECOND_FILE
double visit_in_second_file(const Node *node) {
  mark(const_cast<Node *>(node), 7);
  return visit<double>(node, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 8);
}
#else
static Node *make(int count) {
  Node *list = nullptr;
  for (int i = count; i-- > 0;) {
    auto *node = static_cast<Node *>(std::aligned_alloc(4096, 4096));
    *node = {double(i), 0, list};
    list = node;
  }
  return list;
}

int main(int, char **argv) {
  Node *first = make(Count), *second = make(Count);
  const double constant = 204 + 55;
  double sums[2] = {};
  long faults = 0;
#pragma omp parallel
  if (omp_get_thread_num() == omp_get_num_threads() - 1) {
    const long before = __loco_counter("page_faults");
    for (Node *node = first; node; node = node->next) {
      sums[0] += visit<double>(node, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 8);
      mark(node, 7);
    }
    for (Node *node = second; node; node = node->next)
      sums[1] += visit_in_second_file(node);
    faults = __loco_counter("page_faults") - before;
  }
  const double expected = Count * constant + Count * (Count - 1) / 2.0;
  CHECK(sums[0] == expected && sums[1] == expected);
  std::printf("%ld page faults\n", faults);
  CHECK(std::strcmp(argv[1], "few") == 0 ? faults < Count / 2 : faults > Count);
  for (Node *list : {first, second})
    for (Node *node = list; node; node = node->next)
      CHECK(node->number == 7);
  std::puts("ok");
}
#endif
