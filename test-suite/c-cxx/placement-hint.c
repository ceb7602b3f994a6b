// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clang %loco-clang %loco-run %s %t
//
// <loco/placement.h>, found without further options: a global array and an
// allocation are placed before they are touched, and hold what is stored.

#include "Inputs/check.h"
#include <errno.h>
#include <omp.h>
#include <stdlib.h>

enum { N = 1 << 18 }; // 2 MiB of doubles: 32 extents
static double table[N];

#ifdef __LOCO__
#include <loco/placement.h>

static void hint(const double *p, enum loco_placement placement) {
  CHECK(loco_alloc_hint(p, N * sizeof *p, placement) == 0);
}
static int home(const double *p, long i) { return __builtin_loco_home(p + i); }
static int nodes(void) { return __builtin_loco_num_nodes(); }
#else
enum { LOCO_PLACEMENT_BLOCK, LOCO_PLACEMENT_INTERLEAVE };
static void hint(const double *p, int placement) { (void)p, (void)placement; }
static int home(const double *p, long i) { return (void)p, (void)i, 0; }
static int nodes(void) { return 1; }
#endif

static double sum(const double *p) {
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (long i = 0; i < N; ++i)
    sum += p[i];
  return sum;
}

int main(void) {
  double *heap = malloc(N * sizeof *heap);
  CHECK(heap != NULL);
  hint(table, LOCO_PLACEMENT_BLOCK);
  hint(heap, LOCO_PLACEMENT_INTERLEAVE);
  for (long i = 0; i < N; ++i) {
    table[i] = (double)i;
    heap[i] = 2.0 * (double)i;
  }
  const double right = 0.5 * N * (N - 1.0);
  CHECK(sum(table) == right && sum(heap) == 2 * right);
  if (nodes() > 1) {
    CHECK(home(table, 0) == 0 && home(table, N - 1) == nodes() - 1);
    // Neighbouring extents of 8192 elements.
    CHECK((home(heap, 8192) + 1) % nodes() == home(heap, 2 * 8192));
  }
  free(heap);
  puts("ok");
  return 0;
}
