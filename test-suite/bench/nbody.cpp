// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nbody.cpp - gravity between all pairs of bodies; every thread needs the places
// of all.

#include "bench.h"

#include <cmath>

namespace {

struct Bodies {
  double *X, *Y, *Z, *Mass;
  double *SpeedX, *SpeedY, *SpeedZ;
};

constexpr double TimeStep = 1e-3, Softening = 1e-4;

void place(const Bodies &b, long i) {
  b.X[i] = bench::unit(4 * i);
  b.Y[i] = bench::unit(4 * i + 1);
  b.Z[i] = bench::unit(4 * i + 2);
  b.Mass[i] = bench::unit(4 * i + 3);
  b.SpeedX[i] = b.SpeedY[i] = b.SpeedZ[i] = 0;
}

void accelerate(const Bodies &b, long i, long n) {
  double ax = 0, ay = 0, az = 0;
  for (long j = 0; j < n; ++j) {
    double dx = b.X[j] - b.X[i], dy = b.Y[j] - b.Y[i], dz = b.Z[j] - b.Z[i];
    double square = dx * dx + dy * dy + dz * dz + Softening;
    double pull = b.Mass[j] / (square * std::sqrt(square));
    ax += pull * dx;
    ay += pull * dy;
    az += pull * dz;
  }
  b.SpeedX[i] += TimeStep * ax;
  b.SpeedY[i] += TimeStep * ay;
  b.SpeedZ[i] += TimeStep * az;
}

void move(const Bodies &b, long i) {
  b.X[i] += TimeStep * b.SpeedX[i];
  b.Y[i] += TimeStep * b.SpeedY[i];
  b.Z[i] += TimeStep * b.SpeedZ[i];
}

Bodies make(long n) {
  return {bench::array<double>(n), bench::array<double>(n),
          bench::array<double>(n), bench::array<double>(n),
          bench::array<double>(n), bench::array<double>(n),
          bench::array<double>(n)};
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "nbody");
  const long n = run.pick(200L, 400L, 4096L, 16384L);
  const int steps = run.pick(5, 5, 11, 8);
  Bodies bodies = make(n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i)
    place(bodies, i);
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // In each step every node needs the coordinates of all others' bodies, in the
  // first one their masses too. (Speeds stay with their owners.)
  double array_bytes = static_cast<double>(n * sizeof(double));
  phase.least_fetched(
      (run.nodes() - 1) * array_bytes +
          (run.serial_init() ? 3 * run.remote_share() * array_bytes : 0),
      (run.nodes() - 1) * 3 * array_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; ++i)
      accelerate(bodies, i, n);
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; ++i)
      move(bodies, i);
    phase.end();
  }

  double sum = 0;
  for (long i = 0; i < n; ++i)
    sum += bodies.X[i] * (i % 3 + 1) + bodies.Y[i] * (i % 5 + 1) + bodies.Z[i];
  if (run.verify()) {
    Bodies other = make(n);
    for (long i = 0; i < n; ++i)
      place(other, i);
    for (int step = 0; step < steps; ++step) {
      for (long i = 0; i < n; ++i)
        accelerate(other, i, n);
      for (long i = 0; i < n; ++i)
        move(other, i);
    }
    double worst = 0;
    for (long i = 0; i < n; ++i)
      worst = std::fmax(worst, std::fabs(other.X[i] - bodies.X[i]) +
                                   std::fabs(other.Y[i] - bodies.Y[i]) +
                                   std::fabs(other.Z[i] - bodies.Z[i]));
    run.check(worst < 1e-12, "differs from the serial result");
  }
  return run.finish(sum);
}
