// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wavefront.cpp - Gauss-Seidel sweeps through the planes of a grid as a pipeline: a
// thread has some rows of each plane, and waits by an atomic flag until the one
// before it has finished the plane.

#include "bench.h"

#include <vector>

namespace {

/// How many planes a thread has finished; nothing else is in its cache line.
struct alignas(64) Flag {
  int Planes = 0;
};

struct Grid {
  long Planes, Side;
  double *Value;
  double *row(long plane, long i) const {
    return Value + (plane * Side + i) * Side;
  }
  long size() const { return Planes * Side * Side; }
};

double initial(long i) { return bench::unit(i); }

/// The rows [begin, end) of a plane from what is behind, above and to the left of
/// each point.
void update(const Grid &g, long plane, long begin, long end) {
  for (long i = begin; i < end; ++i) {
    double *x = g.row(plane, i);
    const double *behind = g.row(plane - 1, i), *above = g.row(plane, i - 1);
    for (long j = 1; j < g.Side; ++j)
      x[j] = 0.25 * (x[j] + behind[j] + above[j] + x[j - 1]);
  }
}

void wait_for(const Flag &flag, int planes) {
  int seen;
  do {
#pragma omp atomic read acquire
    seen = flag.Planes;
  } while (seen < planes);
}

void sweep(const Grid &g, Flag *flags, int step, int threads) {
#pragma omp parallel num_threads(threads)
  {
    const int me = omp_get_thread_num();
    const bench::Range own = bench::part_of(g.Side - 1, threads, me);
    for (int plane = 1; plane < g.Planes; ++plane) {
      const int finished = step * static_cast<int>(g.Planes) + plane;
      if (me > 0)
        wait_for(flags[me - 1], finished);
      update(g, plane, own.begin + 1, own.end + 1);
#pragma omp atomic write release
      flags[me].Planes = finished;
    }
  }
}

bool same_as_serial(const Grid &g, int steps) {
  std::vector<double> values(g.size());
  for (long i = 0; i < g.size(); ++i)
    values[i] = initial(i);
  Grid expected = {g.Planes, g.Side, values.data()};
  for (int step = 0; step < steps; ++step)
    for (long plane = 1; plane < g.Planes; ++plane)
      update(expected, plane, 1, g.Side);
  return memcmp(values.data(), g.Value, g.size() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "wavefront");
  const int threads = run.threads();
  const int steps = run.pick(4, 5, 20, 20);
  Grid g = {run.pick(9L, 33L, 65L, 129L), run.pick(17L, 65L, 129L, 257L),
            nullptr};
  g.Value = bench::array<double>(g.size());
  std::vector<Flag> flags(threads);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < g.size(); ++i)
    g.Value[i] = initial(i);
  init.end();

  bench::Phase phase(run, "sweep", steps);
  // In each plane the first row of a node needs the last one of the node before.
  // The initialisation divides the planes, the sweeps the rows: all but a node's
  // own share comes over once.
  phase.least_fetched(
      run.remote_share() * static_cast<double>(g.size() * sizeof(double)),
      (run.nodes() - 1.0) * (g.Planes - 1.0) * g.Side * sizeof(double));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sweep(g, flags.data(), step, threads);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < g.size(); ++i)
    sum += bench::fold(i, g.Value[i]);
  if (run.verify())
    run.check(same_as_serial(g, steps), "differs from the serial result");
  return run.finish(sum);
}
