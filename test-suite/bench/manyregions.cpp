// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// manyregions.cpp - explicit hydrodynamics on a mesh of hexahedra, in small: a time
// step is some fifty short parallel loops over small arrays, and gets and frees its
// temporary arrays each time.

#include "bench.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

constexpr int Corners = 8;
constexpr int Materials = 11;

struct Mesh {
  explicit Mesh(long side)
      : Side(side), Elements(side * side * side),
        Points((side + 1) * (side + 1) * (side + 1)) {}

  long point(long element, int corner) const {
    long x = element % Side, y = element / Side % Side;
    long z = element / Side / Side;
    return ((z + (corner >> 2)) * (Side + 1) + y + (corner >> 1 & 1)) *
               (Side + 1) +
           x + (corner & 1);
  }

  long Side, Elements, Points;
};

/// What a simulation keeps from step to step. The number of a corner and an element
/// is Corners * element + corner.
struct State {
  const Mesh &M;
  long *PointOf;                                  // by corner
  double *Position, *Velocity, *Force;            // by point
  double *Energy, *Pressure, *Viscosity, *Volume; // by element
  std::vector<std::vector<int>> Members;          // elements by material

  explicit State(const Mesh &m)
      : M(m), PointOf(bench::array<long>(Corners * m.Elements)),
        Position(bench::array<double>(m.Points)),
        Velocity(bench::array<double>(m.Points)),
        Force(bench::array<double>(m.Points)),
        Energy(bench::array<double>(m.Elements)),
        Pressure(bench::array<double>(m.Elements)),
        Viscosity(bench::array<double>(m.Elements)),
        Volume(bench::array<double>(m.Elements)), Members(Materials) {}

  void initialise(bool parallel) {
#pragma omp parallel for schedule(static) if (parallel)
    for (long e = 0; e < M.Elements; ++e) {
      for (int c = 0; c < Corners; ++c)
        PointOf[Corners * e + c] = M.point(e, c);
      Energy[e] = Volume[e] = 1;
      Pressure[e] = Viscosity[e] = 0;
    }
#pragma omp parallel for schedule(static) if (parallel)
    for (long p = 0; p < M.Points; ++p) {
      Position[p] = 1e-3 * bench::unit(p);
      Velocity[p] = Force[p] = 0;
    }
    for (int e = 0; e < M.Elements; ++e)
      Members[bench::mix(e) % Materials].push_back(e);
  }
};

void push_points(State &s, bool parallel) {
  const long elements = s.M.Elements, points = s.M.Points;
  double *stress = bench::array<double>(elements);
  double *share = bench::array<double>(Corners * elements);
#pragma omp parallel for schedule(static) if (parallel)
  for (long e = 0; e < elements; ++e)
    stress[e] = -s.Pressure[e] - s.Viscosity[e];
#pragma omp parallel for schedule(static) if (parallel)
  for (long e = 0; e < elements; ++e)
    for (int c = 0; c < Corners; ++c)
      share[Corners * e + c] = stress[e] * (0.01 * (10 + c)) +
                               1e-4 * s.Position[s.PointOf[Corners * e + c]];
#pragma omp parallel for schedule(static) if (parallel)
  for (long p = 0; p < points; ++p)
    s.Force[p] = 0;
  // The same corner of two elements is never the same point.
  for (int c = 0; c < Corners; ++c)
#pragma omp parallel for schedule(static) if (parallel)
    for (long e = 0; e < elements; ++e)
      s.Force[s.PointOf[Corners * e + c]] += share[Corners * e + c];
#pragma omp parallel for schedule(static) if (parallel)
  for (long p = 0; p < points; ++p)
    s.Velocity[p] += 1e-3 * s.Force[p];
#pragma omp parallel for schedule(static) if (parallel)
  for (long p = 0; p < points; ++p)
    s.Position[p] += 1e-3 * s.Velocity[p];
  free(share);
  free(stress);
}

/// Energy and pressure of one material, from arrays without gaps.
void renew_material(State &s, const std::vector<int> &members, bool parallel) {
  const long n = static_cast<long>(members.size());
  const int *member = members.data();
  double *before = bench::array<double>(n), *after = bench::array<double>(n);
#pragma omp parallel for schedule(static) if (parallel)
  for (long k = 0; k < n; ++k) {
    before[k] = s.Energy[member[k]];
    after[k] = 0.5 * (s.Pressure[member[k]] + s.Viscosity[member[k]]);
  }
#pragma omp parallel for schedule(static) if (parallel)
  for (long k = 0; k < n; ++k)
    after[k] = before[k] - 1e-3 * after[k] * s.Volume[member[k]];
#pragma omp parallel for schedule(static) if (parallel)
  for (long k = 0; k < n; ++k) {
    s.Energy[member[k]] = after[k];
    s.Pressure[member[k]] = 0.4 * after[k] / s.Volume[member[k]];
    s.Viscosity[member[k]] = 1e-3 * std::fabs(after[k] - before[k]);
  }
  free(after);
  free(before);
}

void renew_volumes(State &s, bool parallel) {
  double least = 1e30;
#pragma omp parallel for schedule(static) reduction(min : least) if (parallel)
  for (long e = 0; e < s.M.Elements; ++e)
    least = std::min(least, s.Volume[e] / (1 + std::fabs(s.Energy[e])));
#pragma omp parallel for schedule(static) if (parallel)
  for (long e = 0; e < s.M.Elements; ++e)
    s.Volume[e] = 1 + 1e-6 * (s.Position[s.PointOf[Corners * e]] + least);
}

void time_step(State &s, bool parallel) {
  push_points(s, parallel);
  for (const std::vector<int> &members : s.Members)
    renew_material(s, members, parallel);
  renew_volumes(s, parallel);
}

bool same(const double *a, const double *b, long n) {
  return memcmp(a, b, n * sizeof(double)) == 0;
}

bool same_as_serial(const State &s, int steps) {
  State expected(s.M);
  expected.initialise(false);
  for (int step = 0; step < steps; ++step)
    time_step(expected, false);
  return same(expected.Position, s.Position, s.M.Points) &&
         same(expected.Energy, s.Energy, s.M.Elements) &&
         same(expected.Volume, s.Volume, s.M.Elements);
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "manyregions");
  const Mesh mesh(run.pick(6L, 14L, 30L, 60L));
  const int steps = run.pick(5, 6, 20, 20);
  State s(mesh);

  bench::Phase init(run, "init");
  init.begin();
  s.initialise(!run.serial_init());
  init.end();

  bench::Phase phase(run, "step", steps);
  // The elements at each border of two nodes share a plane of points: its positions
  // are read twice, forces are added to it from the other side, and their sums
  // come back.
  double plane_bytes =
      static_cast<double>((mesh.Side + 1) * (mesh.Side + 1)) * sizeof(double);
  phase.least_fetched(0, 3 * (run.nodes() - 1) * plane_bytes);
  phase.least_written(0, (run.nodes() - 1) * plane_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    time_step(s, true);
    phase.end();
  }

  uint64_t sum = 0;
  for (long p = 0; p < mesh.Points; ++p)
    sum += bench::fold(p, s.Position[p]);
  for (long e = 0; e < mesh.Elements; ++e)
    sum += bench::fold(mesh.Points + e, s.Energy[e]);
  if (run.verify())
    run.check(same_as_serial(s, steps), "differs from the serial result");
  return run.finish(sum);
}
