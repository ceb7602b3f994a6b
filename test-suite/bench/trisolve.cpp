// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// trisolve.cpp - solves with a lower and with an upper triangular matrix in turn, as
// a preconditioner by incomplete factors does: level by level, the rows of one do
// not depend on each other. The matrices are those of a square grid, its levels the
// antidiagonals, each of which passes through all of the memory.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

/// The points of a square, row by row, and in the order of their levels.
class Grid {
public:
  explicit Grid(long side) : Side(side) {}
  long points() const { return Side * Side; }
  long levels() const { return 2 * Side - 1; }
  long length(long level) const { return last(level) - first(level) + 1; }
  /// Number k of a level.
  long point(long level, long k) const {
    long row = first(level) + k;
    return row * Side + level - row;
  }

  long Side;

private:
  long first(long level) const { return std::max(0L, level - Side + 1); }
  long last(long level) const { return std::min(level, Side - 1); }
};

double initial(long point) { return bench::unit(point); }

/// The row of the lower matrix: the points above and to the left.
double forward(const double *x, const double *b, long point, long side) {
  double left = point % side > 0 ? x[point - 1] : 0;
  double above = point >= side ? x[point - side] : 0;
  return 0.9 * (b[point] + 0.3 * left + 0.4 * above);
}

/// The row of the upper one: those below and to the right.
double backward(const double *x, const double *b, long point, long side) {
  double right = point % side < side - 1 ? x[point + 1] : 0;
  double below = point < side * (side - 1) ? x[point + side] : 0;
  return 0.9 * (b[point] + 0.4 * right + 0.3 * below);
}

/// b -> x -> b. `start` has for each level where its points begin in `order`.
void solve_both(const long *start, const int *order, long levels, double *x,
                double *b, long side) {
#pragma omp parallel
  {
    for (long level = 0; level < levels; ++level)
#pragma omp for schedule(static)
      for (long k = start[level]; k < start[level + 1]; ++k)
        x[order[k]] = forward(x, b, order[k], side);
    for (long level = levels; level-- > 0;)
#pragma omp for schedule(static)
      for (long k = start[level]; k < start[level + 1]; ++k)
        b[order[k]] = backward(b, x, order[k], side);
  }
}

bool same_as_serial(const Grid &grid, const double *result, int steps) {
  const long n = grid.points();
  std::vector<double> x(n), b(n);
  for (long i = 0; i < n; ++i)
    b[i] = initial(i);
  for (int step = 0; step < steps; ++step) {
    for (long i = 0; i < n; ++i)
      x[i] = forward(x.data(), b.data(), i, grid.Side);
    for (long i = n; i-- > 0;)
      b[i] = backward(b.data(), x.data(), i, grid.Side);
  }
  return memcmp(b.data(), result, n * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "trisolve");
  const Grid grid(run.pick(12L, 64L, 256L, 1024L));
  const int steps = run.pick(4, 5, 8, 8);
  const long n = grid.points(), levels = grid.levels();
  double *x = bench::array<double>(n), *b = bench::array<double>(n);
  int *order = bench::array<int>(n);
  long *start = bench::array<long>(levels + 1);

  bench::Phase init(run, "init");
  init.begin();
  start[0] = 0;
  for (long level = 0; level < levels; ++level)
    start[level + 1] = start[level] + grid.length(level);
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long level = 0; level < levels; ++level)
    for (long k = 0; k < grid.length(level); ++k)
      order[start[level] + k] = static_cast<int>(grid.point(level, k));
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    x[i] = 0;
    b[i] = initial(i);
  }
  init.end();

  bench::Phase phase(run, "solve", steps);
  // The threads divide each level, the same way there and back: at each border of
  // two nodes a level needs one point of the level before. The order was made by
  // other threads, and comes over once with the vectors.
  phase.least_fetched(run.remote_share() * static_cast<double>(n) *
                          (sizeof(int) + sizeof(double)),
                      2.0 * static_cast<double>(levels) * (run.nodes() - 1) *
                          sizeof(double));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    solve_both(start, order, levels, x, b, grid.Side);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n; ++i)
    sum += bench::fold(i, b[i]);
  if (run.verify())
    run.check(same_as_serial(grid, b, steps), "differs from the serial result");
  return run.finish(sum);
}
