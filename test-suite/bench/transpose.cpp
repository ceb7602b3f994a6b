// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// transpose.cpp - a matrix is renewed by rows, then read by columns into the rows of
// its transpose.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

/// So many columns are read at once, for the cache's sake.
constexpr long Strip = 64;

double initial(long i) { return static_cast<double>(bench::mix(i) % 101); }

void renew(double *a, const double *b, long n) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i)
    for (long j = 0; j < n; ++j)
      a[i * n + j] = 0.5 * a[i * n + j] + b[i * n + j];
}

void transpose(const double *a, double *b, long n) {
#pragma omp parallel for schedule(static)
  for (long strip = 0; strip < n; strip += Strip)
    for (long i = 0; i < n; ++i)
      for (long j = strip; j < std::min(strip + Strip, n); ++j)
        b[j * n + i] = 0.25 * a[i * n + j];
}

bool same_as_serial(const double *result, long n, int steps) {
  std::vector<double> a(n * n), b(n * n);
  for (long i = 0; i < n * n; ++i)
    a[i] = initial(i);
  for (int step = 0; step < steps; ++step) {
    for (long i = 0; i < n * n; ++i)
      a[i] = 0.5 * a[i] + b[i];
    for (long i = 0; i < n; ++i)
      for (long j = 0; j < n; ++j)
        b[j * n + i] = 0.25 * a[i * n + j];
  }
  return memcmp(a.data(), result, a.size() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "transpose");
  const long n = run.pick(128L, 320L, 1024L, 4096L);
  const int steps = run.pick(4, 5, 20, 10);
  double *a = bench::array<double>(n * n), *b = bench::array<double>(n * n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n * n; ++i) {
    a[i] = initial(i);
    b[i] = 0;
  }
  init.end();

  bench::Phase phase(run, "step", steps);
  // Each node needs its columns of the rows that the others have renewed; the rows
  // of the transpose stay with it.
  double matrix_bytes = static_cast<double>(n * n) * sizeof(double);
  phase.least_fetched(run.serial_init() ? 2 * run.remote_share() * matrix_bytes
                                        : 0,
                      run.remote_share() * matrix_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    renew(a, b, n);
    transpose(a, b, n);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n * n; ++i)
    sum += bench::fold(i, a[i]);
  if (run.verify())
    run.check(same_as_serial(a, n, steps), "differs from the serial result");
  return run.finish(sum);
}
