// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// multigrid.cpp - V-cycles for Poisson's equation on a square. Each level has half the
// side of the one above it, down to a single point: most levels are smaller than a
// block for each thread, and the last ones have less rows than threads.

#include "bench.h"

#include <cmath>
#include <vector>

namespace {

/// Values on (Side + 1)^2 points, those at the edge included.
struct Level {
  long Side;
  double *Solution, *Right, *Work;
  long width() const { return Side + 1; }
  long points() const { return width() * width(); }
};

double right_side(long i) { return bench::unit(i) - 0.5; }

double neighbours(const double *x, long width) {
  return x[-1] + x[1] + x[-width] + x[width];
}

/// Two damped Jacobi steps: to Work and back.
void smooth(const Level &level, bool parallel) {
  const long width = level.width();
  for (int step = 0; step < 2; ++step) {
    const double *from = step == 0 ? level.Solution : level.Work;
    double *to = step == 0 ? level.Work : level.Solution;
#pragma omp parallel for schedule(static) if (parallel)
    for (long i = 1; i < level.Side; ++i)
      for (long k = i * width + 1; k < i * width + level.Side; ++k)
        to[k] = 0.2 * from[k] +
                0.2 * (level.Right[k] + neighbours(from + k, width));
  }
}

/// What is left of the right side, weighted over 3 by 3 points, becomes the right
/// side of the coarser level. Right is four times the mean: the squares are twice
/// as wide.
void restrict_to(const Level &fine, const Level &coarse, bool parallel) {
  const long width = fine.width();
#pragma omp parallel for schedule(static) if (parallel)
  for (long i = 1; i < fine.Side; ++i)
    for (long k = i * width + 1; k < i * width + fine.Side; ++k)
      fine.Work[k] = fine.Right[k] - 4 * fine.Solution[k] +
                     neighbours(fine.Solution + k, width);
#pragma omp parallel for schedule(static) if (parallel)
  for (long i = 1; i < coarse.Side; ++i)
    for (long j = 1; j < coarse.Side; ++j) {
      const double *r = fine.Work + 2 * i * width + 2 * j;
      long k = i * coarse.width() + j;
      coarse.Right[k] =
          r[0] + 0.5 * neighbours(r, width) +
          0.25 * (r[-width - 1] + r[-width + 1] + r[width - 1] + r[width + 1]);
      coarse.Solution[k] = 0;
    }
}

/// Adds the coarser level's solution, interpolated.
void interpolate(const Level &coarse, const Level &fine, bool parallel) {
#pragma omp parallel for schedule(static) if (parallel)
  for (long i = 1; i < fine.Side; ++i)
    for (long j = 1; j < fine.Side; ++j) {
      const double *above = coarse.Solution + i / 2 * coarse.width();
      const double *below = coarse.Solution + (i + 1) / 2 * coarse.width();
      fine.Solution[i * fine.width() + j] +=
          0.25 * (above[j / 2] + above[(j + 1) / 2] + below[j / 2] +
                  below[(j + 1) / 2]);
    }
}

void cycle(const std::vector<Level> &levels, size_t depth, bool parallel) {
  const Level &level = levels[depth];
  if (level.Side == 2) { // one inner point
    level.Solution[4] = 0.25 * level.Right[4];
    return;
  }
  smooth(level, parallel);
  restrict_to(level, levels[depth + 1], parallel);
  cycle(levels, depth + 1, parallel);
  interpolate(levels[depth + 1], level, parallel);
  smooth(level, parallel);
}

std::vector<Level> make_levels(long side, bool parallel) {
  std::vector<Level> levels;
  for (; side >= 2; side /= 2) {
    Level level = {side, nullptr, nullptr, nullptr};
    for (double **array : {&level.Solution, &level.Right, &level.Work})
      *array = bench::array<double>(level.points());
    bool finest = levels.empty();
    const long width = level.width();
#pragma omp parallel for schedule(static) if (parallel)
    for (long i = 0; i < width; ++i)
      for (long k = i * width; k < (i + 1) * width; ++k) {
        level.Solution[k] = level.Work[k] = 0;
        level.Right[k] = finest ? right_side(k) : 0;
      }
    levels.push_back(level);
  }
  return levels;
}

double residual(const Level &level) {
  double sum = 0;
  for (long i = 1; i < level.Side; ++i)
    for (long j = 1; j < level.Side; ++j) {
      const long k = i * level.width() + j;
      sum += std::fabs(level.Right[k] - 4 * level.Solution[k] +
                       neighbours(level.Solution + k, level.width()));
    }
  return sum;
}

bool same_as_serial(const Level &finest, int steps) {
  std::vector<Level> levels = make_levels(finest.Side, false);
  for (int step = 0; step < steps; ++step)
    cycle(levels, 0, false);
  return memcmp(levels[0].Solution, finest.Solution,
                finest.points() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "multigrid");
  const long side = run.pick(16L, 128L, 512L, 2048L);
  const int steps = run.pick(5, 5, 20, 15);

  bench::Phase init(run, "init");
  init.begin();
  std::vector<Level> levels = make_levels(side, !run.serial_init());
  init.end();
  const double start = residual(levels[0]);

  bench::Phase phase(run, "cycle", steps);
  // At each border of two nodes, on each level that has a row for each: four times
  // smoothed and once interpolated, the rows on both sides are new to the other;
  // the residual needs one of the finer rows.
  double border_bytes = 0;
  for (const Level &level : levels)
    if (level.Side > run.nodes())
      border_bytes += 11.0 * static_cast<double>(level.Side * sizeof(double));
  phase.least_fetched(0, (run.nodes() - 1) * border_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    cycle(levels, 0, true);
    phase.end();
  }

  uint64_t sum = 0;
  for (long k = 0; k < levels[0].points(); ++k)
    sum += bench::fold(k, levels[0].Solution[k]);
  run.check(residual(levels[0]) < 0.01 * start, "no convergence");
  if (run.verify())
    run.check(same_as_serial(levels[0], steps),
              "differs from the serial result");
  return run.finish(sum);
}
