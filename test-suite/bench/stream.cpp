// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stream.cpp - copy and triad of long arrays. --init=serial: the main thread
// writes them first. -DBENCH_STATIC: static arrays instead of the heap.

#include "bench.h"

#ifdef BENCH_STATIC
static double Arrays[3][16 << 20];
#endif

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "stream");
  const long n = run.pick(20000L, 200000L, 4L << 20, 16L << 20);
  const int steps = run.pick(5, 10, 53, 53);
#ifdef BENCH_STATIC
  double *a = Arrays[0], *b = Arrays[1], *c = Arrays[2];
#else
  double *a = bench::array<double>(n);
  double *b = bench::array<double>(n);
  double *c = bench::array<double>(n);
#endif

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    a[i] = 1 + i % 100;
    b[i] = 2;
    c[i] = 0;
  }
  init.end();

  // All threads work on their own part. After a serial initialisation what is
  // read must come from node 0 once; what is overwritten need not.
  double moved =
      run.serial_init() ? run.remote_share() * n * sizeof(double) : 0;
  bench::Phase copy(run, "copy", steps);
  copy.least_fetched(moved, 0);
  for (int step = 0; step < steps; ++step) {
    copy.begin();
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; ++i)
      c[i] = a[i];
    copy.end();
  }

  bench::Phase triad(run, "triad", steps);
  triad.least_fetched(moved, 0);
  for (int step = 0; step < steps; ++step) {
    triad.begin();
    double scale = step + 1;
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; ++i)
      a[i] = b[i] + scale * c[i];
    triad.end();
  }

  uint64_t sum = 0;
  long wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum, wrong)
  for (long i = 0; i < n; ++i) {
    sum += bench::fold(i, a[i]);
    wrong += a[i] != 2.0 + steps * (1.0 + i % 100);
  }
  run.check(wrong == 0, "an element differs from its closed form");
  return run.finish(sum);
}
