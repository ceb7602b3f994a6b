// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sweeps.cpp - an alternating-direction solver on a grid of small vectors: lines
// along x, y and z are solved in turn. Along x and y the threads divide the planes,
// along z, where a line passes through all planes, the rows.

#include "bench.h"

#include <vector>

namespace {

constexpr int Parts = 5;

struct Vector {
  double Part[Parts];
};

struct Grid {
  long Side;
  Vector *Value;
  Vector &at(long z, long y, long x) const {
    return Value[(z * Side + y) * Side + x];
  }
  long size() const { return Side * Side * Side; }
};

Vector initial(long i) {
  Vector result;
  for (int p = 0; p < Parts; ++p)
    result.Part[p] = bench::unit(i * Parts + p);
  return result;
}

void add(Vector &to, double factor, const Vector &from) {
  for (int p = 0; p < Parts; ++p)
    to.Part[p] += factor * from.Part[p];
}

/// Forwards and back through the inner points of a line, `stride` apart.
void solve_line(Vector *first, long stride, long length) {
  for (long i = 1; i < length; ++i)
    add(first[i * stride], 0.3, first[(i - 1) * stride]);
  for (long i = length - 1; i-- > 0;) {
    add(first[i * stride], 0.3, first[(i + 1) * stride]);
    for (double &part : first[i * stride].Part)
      part *= 0.8;
  }
}

Vector curvature(const Grid &u, long z, long y, long x) {
  Vector sum = {};
  add(sum, -0.6, u.at(z, y, x));
  for (long step : {-1L, 1L}) {
    add(sum, 0.1, u.at(z + step, y, x));
    add(sum, 0.1, u.at(z, y + step, x));
    add(sum, 0.1, u.at(z, y, x + step));
  }
  return sum;
}

/// Called by all threads of a region, or by one thread outside.
void time_step(const Grid &u, const Grid &change) {
  const long end = u.Side - 1, inner = u.Side - 2, plane = u.Side * u.Side;
#pragma omp for schedule(static)
  for (long z = 1; z < end; ++z)
    for (long y = 1; y < end; ++y)
      for (long x = 1; x < end; ++x)
        change.at(z, y, x) = curvature(u, z, y, x);
#pragma omp for schedule(static)
  for (long z = 1; z < end; ++z)
    for (long y = 1; y < end; ++y)
      solve_line(&change.at(z, y, 1), 1, inner);
#pragma omp for schedule(static)
  for (long z = 1; z < end; ++z)
    for (long x = 1; x < end; ++x)
      solve_line(&change.at(z, 1, x), u.Side, inner);
#pragma omp for schedule(static)
  for (long y = 1; y < end; ++y)
    for (long x = 1; x < end; ++x)
      solve_line(&change.at(1, y, x), plane, inner);
#pragma omp for schedule(static)
  for (long z = 1; z < end; ++z)
    for (long y = 1; y < end; ++y)
      for (long x = 1; x < end; ++x)
        add(u.at(z, y, x), 0.05, change.at(z, y, x));
}

bool same_as_serial(const Grid &u, int steps) {
  std::vector<Vector> values(u.size()), changes(u.size());
  for (long i = 0; i < u.size(); ++i)
    values[i] = initial(i);
  for (int step = 0; step < steps; ++step)
    time_step({u.Side, values.data()}, {u.Side, changes.data()});
  return memcmp(values.data(), u.Value, u.size() * sizeof(Vector)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "sweeps");
  const long side = run.pick(8L, 20L, 40L, 80L);
  const int steps = run.pick(4, 4, 20, 10);
  Grid u = {side, nullptr}, change = {side, nullptr};
  u.Value = bench::array<Vector>(u.size());
  change.Value = bench::array<Vector>(u.size());

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < u.size(); ++i) {
    u.Value[i] = initial(i);
    change.Value[i] = {};
  }
  init.end();

  bench::Phase phase(run, "step", steps);
  // The change is handed to the threads of the lines along z, and back: of each
  // thread's all but its own part of the rows. Of the grid only the planes at the
  // borders of two nodes.
  double inner = side - 2.0, vector_bytes = sizeof(Vector);
  phase.least_fetched(
      run.serial_init()
          ? run.remote_share() * static_cast<double>(u.size()) * vector_bytes
          : 0,
      2 * run.remote_share() * inner * inner * inner * vector_bytes +
          2 * (run.nodes() - 1) * inner * inner * vector_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel
    time_step(u, change);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < u.size(); ++i)
    for (int p = 0; p < Parts; ++p)
      sum += bench::fold(i * Parts + p, u.Value[i].Part[p]);
  if (run.verify())
    run.check(same_as_serial(u, steps), "differs from the serial result");
  return run.finish(sum);
}
