// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lu.cpp - LU decomposition without pivoting, in place, a parallel loop a column: the
// rows below it, ever fewer, are divided anew among the threads each time.

#include "bench.h"

#include <vector>

namespace {

/// The diagonal is greater than the rest of its row: no pivots are needed.
double element(long i, long j, long n) {
  return i == j ? static_cast<double>(n) : bench::unit(i * n + j);
}

void decompose(const double *matrix, double *a, long n) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n * n; ++i)
    a[i] = matrix[i];
  for (long k = 0; k < n - 1; ++k) {
    const double *pivot = a + k * n;
#pragma omp parallel for schedule(static)
    for (long i = k + 1; i < n; ++i) {
      double *row = a + i * n;
      row[k] /= pivot[k];
      for (long j = k + 1; j < n; ++j)
        row[j] -= row[k] * pivot[j];
    }
  }
}

/// The same by another order of the loops, row after row.
bool same_as_serial(const double *a, long n) {
  std::vector<double> expected(n * n);
  for (long i = 0; i < n; ++i) {
    double *row = expected.data() + i * n;
    for (long j = 0; j < n; ++j)
      row[j] = element(i, j, n);
    for (long k = 0; k < i; ++k) {
      const double *pivot = expected.data() + k * n;
      row[k] /= pivot[k];
      for (long j = k + 1; j < n; ++j)
        row[j] -= row[k] * pivot[j];
    }
  }
  return memcmp(expected.data(), a, expected.size() * sizeof(double)) == 0;
}

/// The node that works on a row when those from `first` on are left.
int node_of(const bench::Run &run, long row, long first, long n) {
  int node = 0;
  while (row - first >= run.node_part(n - first, node).end)
    ++node;
  return node;
}

/// How many elements of rows go to another node in a decomposition, because a loop
/// gives a row to another thread than the one before did.
double elements_that_change_hands(const bench::Run &run, long n) {
  double count = 0;
  if (run.nodes() > 1)
    for (long row = 1; row < n; ++row)
      for (long k = 0; k < row; ++k)
        if (node_of(run, row, k + 1, n) != node_of(run, row, k, n))
          count += static_cast<double>(n - k);
  return count;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "lu");
  const long n = run.pick(40L, 160L, 320L, 800L);
  const int steps = run.pick(4, 4, 8, 6);
  double *matrix = bench::array<double>(n * n);
  double *a = bench::array<double>(n * n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i)
    for (long j = 0; j < n; ++j) {
      matrix[i * n + j] = element(i, j, n);
      a[i * n + j] = 0;
    }
  init.end();

  bench::Phase phase(run, "decompose", steps);
  // What is right of the diagonal of each row, as pivot, on all other nodes; of the
  // rows that change hands what is left to do. The copy at the start overwrites, and
  // needs nothing of what was there.
  double pivots = (run.nodes() - 1) * 0.5 * static_cast<double>(n * n);
  phase.least_fetched(
      run.serial_init()
          ? run.remote_share() * static_cast<double>(n * n) * sizeof(double)
          : 0,
      (pivots + elements_that_change_hands(run, n)) * sizeof(double));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    decompose(matrix, a, n);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n * n; ++i)
    sum += bench::fold(i, a[i]);
  if (run.verify())
    run.check(same_as_serial(a, n), "differs from the serial result");
  return run.finish(sum);
}
