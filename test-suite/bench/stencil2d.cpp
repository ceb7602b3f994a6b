// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stencil2d.cpp - Jacobi iterations of the 5-point stencil. --init=serial: the
// main thread writes both grids first. -DBENCH_STATIC: static grids.

#include "bench.h"

#include <utility>
#include <vector>

namespace {

constexpr long MaxSide = 4096;
#ifdef BENCH_STATIC
double Grids[2][MaxSide * MaxSide];
#endif

double initial(long row, long column) {
  return bench::unit(row * MaxSide + column);
}

void iterate(const double *from, double *to, long rows, long columns) {
#pragma omp parallel for schedule(static)
  for (long i = 1; i < rows - 1; ++i)
    for (long j = 1; j < columns - 1; ++j)
      to[i * columns + j] =
          0.5 * from[i * columns + j] +
          0.125 * (from[(i - 1) * columns + j] + from[(i + 1) * columns + j] +
                   from[i * columns + j - 1] + from[i * columns + j + 1]);
}

bool same_as_serial(const double *result, long rows, long columns, int steps) {
  std::vector<double> from(rows * columns), to;
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < columns; ++j)
      from[i * columns + j] = initial(i, j);
  to = from;
  for (int step = 0; step < steps; ++step) {
    for (long i = 1; i < rows - 1; ++i)
      for (long j = 1; j < columns - 1; ++j) {
        const double *x = &from[i * columns + j];
        to[i * columns + j] =
            0.5 * x[0] + 0.125 * (x[-columns] + x[columns] + x[-1] + x[1]);
      }
    from.swap(to);
  }
  return memcmp(from.data(), result, from.size() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "stencil2d");
  const long rows = run.pick(66L, 258L, 2048L, MaxSide);
  const long columns = run.pick(130L, 256L, 2048L, MaxSide);
  const int steps = run.pick(6, 20, 83, 53);
#ifdef BENCH_STATIC
  double *from = Grids[0], *to = Grids[1];
#else
  double *from = bench::array<double>(rows * columns);
  double *to = bench::array<double>(rows * columns);
#endif

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < columns; ++j)
      from[i * columns + j] = to[i * columns + j] = initial(i, j);
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // At each border between two nodes each needs a row of the other. After a
  // serial initialisation one of the grids must come from node 0 once.
  double row_bytes = columns * sizeof(double);
  phase.least_fetched(run.serial_init() ? run.remote_share() * rows * row_bytes
                                        : 0,
                      2.0 * (run.nodes() - 1) * row_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    iterate(from, to, rows, columns);
    phase.end();
    std::swap(from, to);
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < rows * columns; ++i)
    sum += bench::fold(i, from[i]);
  if (run.verify())
    run.check(same_as_serial(from, rows, columns, steps),
              "differs from the serial result");
  return run.finish(sum);
}
