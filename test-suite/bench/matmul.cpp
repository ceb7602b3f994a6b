// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// matmul.cpp - dense C += A * B, in blocks.

#include "bench.h"

namespace {

constexpr long Tile = 64;

/// C's rows [row, row + Tile), with A's same rows and all of B.
void rows_of_tiles(const double *a, const double *b, double *c, long n,
                   long row) {
  for (long middle = 0; middle < n; middle += Tile)
    for (long column = 0; column < n; column += Tile)
      for (long i = row; i < row + Tile; ++i)
        for (long k = middle; k < middle + Tile; ++k) {
          double factor = a[i * n + k];
          for (long j = column; j < column + Tile; ++j)
            c[i * n + j] += factor * b[k * n + j];
        }
}

double element_a(long i, long n) { return (i / n + i % n) % 7 - 3; }
double element_b(long i, long n) { return (i / n * 3 + i % n) % 5 - 2; }

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "matmul");
  const long n = run.pick(2L, 2L, 12L, 20L) * Tile;
  const int steps = run.pick(4, 4, 6, 6);
  double *a = bench::array<double>(n * n);
  double *b = bench::array<double>(n * n);
  double *c = bench::array<double>(n * n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long row = 0; row < n; row += Tile)
    for (long i = row * n; i < (row + Tile) * n; ++i) {
      a[i] = element_a(i, n);
      b[i] = element_b(i, n);
      c[i] = 0;
    }
  init.end();

  bench::Phase phase(run, "multiply", steps);
  // Every node reads all of B, once; after a serial initialisation its rows of A
  // and C too.
  double matrix_bytes = n * n * sizeof(double);
  double moved = (run.nodes() - 1) * matrix_bytes;
  if (run.serial_init())
    moved += 2 * run.remote_share() * matrix_bytes;
  phase.least_fetched(moved, 0);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel for schedule(static)
    for (long row = 0; row < n; row += Tile)
      rows_of_tiles(a, b, c, n, row);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n * n; ++i)
    sum += bench::fold(i, c[i]);
  if (run.verify()) {
    long wrong = 0;
    for (long i = 0; i < n; ++i)
      for (long j = 0; j < n; ++j) {
        double element = 0; // exact: small whole numbers
        for (long k = 0; k < n; ++k)
          element += element_a(i * n + k, n) * element_b(k * n + j, n);
        wrong += c[i * n + j] != steps * element;
      }
    run.check(wrong == 0, "differs from the serial result");
  }
  return run.finish(sum);
}
