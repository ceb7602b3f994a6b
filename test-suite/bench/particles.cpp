// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// particles.cpp - particles that repel each other at short range, sorted into the
// cells of a grid anew in each step. Places and speeds are integers on a torus of
// 2^32 by 2^32: forces add up to the same in any order.

#include "bench.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

struct Particle {
  uint32_t X, Y;
  int32_t SpeedX, SpeedY;
  long Name;
};

Particle initial(long i) {
  uint64_t place = bench::mix(2 * i), speed = bench::mix(2 * i + 1);
  return {static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32),
          static_cast<int32_t>(speed % (1 << 22)) - (1 << 21),
          static_cast<int32_t>((speed >> 32) % (1 << 22)) - (1 << 21), i};
}

void move(Particle &p) {
  p.X += static_cast<uint32_t>(p.SpeedX);
  p.Y += static_cast<uint32_t>(p.SpeedY);
}

/// 2^Bits cells in each direction; a particle feels those less than a cell away.
struct Cells {
  int Bits;
  long side() const { return 1L << Bits; }
  long count() const { return side() * side(); }
  int64_t width() const { return int64_t(1) << (32 - Bits); }
  long of(const Particle &p) const {
    return static_cast<long>(p.Y >> (32 - Bits)) * side() +
           static_cast<long>(p.X >> (32 - Bits));
  }
  long neighbour(long cell, int k) const {
    long row = (cell / side() + k / 3 - 1 + side()) % side();
    long column = (cell % side() + k % 3 - 1 + side()) % side();
    return row * side() + column;
  }
};

/// Of another particle on p, by the distance: in the middle strongest.
void repel(Particle &p, const Particle &other, int64_t reach) {
  int64_t dx = static_cast<int32_t>(p.X - other.X);
  int64_t dy = static_cast<int32_t>(p.Y - other.Y);
  if (std::abs(dx) >= reach || std::abs(dy) >= reach || p.Name == other.Name)
    return;
  int64_t strength = (reach - std::max(std::abs(dx), std::abs(dy))) >> 10;
  p.SpeedX += static_cast<int32_t>(dx * strength / reach);
  p.SpeedY += static_cast<int32_t>(dy * strength / reach);
}

/// Moves all particles of `from`, and puts them into `to` by cells.
void sort_into_cells(Particle *from, Particle *to, long n, const Cells &cells,
                     int *start, int *next) {
#pragma omp parallel for schedule(static)
  for (long cell = 0; cell < cells.count(); ++cell)
    next[cell] = 0;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i) {
    move(from[i]);
#pragma omp atomic
    next[cells.of(from[i])]++;
  }
  int sum = 0;
  for (long cell = 0; cell < cells.count(); ++cell) {
    start[cell] = sum;
    sum += next[cell];
    next[cell] = start[cell];
  }
  start[cells.count()] = sum;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i) {
    int at;
#pragma omp atomic capture
    at = next[cells.of(from[i])]++;
    to[at] = from[i];
  }
}

/// A particle's speed changes by the places of the others alone.
void feel_forces(Particle *particles, const Cells &cells, const int *start) {
#pragma omp parallel for schedule(static)
  for (long cell = 0; cell < cells.count(); ++cell)
    for (int i = start[cell]; i < start[cell + 1]; ++i)
      for (int k = 0; k < 9; ++k) {
        long other = cells.neighbour(cell, k);
        for (int j = start[other]; j < start[other + 1]; ++j)
          repel(particles[i], particles[j], cells.width());
      }
}

uint64_t fold(const Particle &p) {
  uint64_t place = uint64_t(p.X) << 32 | p.Y;
  uint64_t speed =
      static_cast<uint64_t>(p.SpeedX) << 32 ^ static_cast<uint64_t>(p.SpeedY);
  return bench::fold(p.Name, place ^ bench::mix(speed));
}

/// The checksum that one thread gets, which keeps a list of particles a cell.
uint64_t serial_sum(long n, const Cells &cells, int steps) {
  std::vector<Particle> particles(n);
  for (long i = 0; i < n; ++i)
    particles[i] = initial(i);
  for (int step = 0; step < steps; ++step) {
    std::vector<std::vector<Particle>> lists(cells.count());
    for (Particle &p : particles) {
      move(p);
      lists[cells.of(p)].push_back(p);
    }
    for (Particle &p : particles)
      for (int k = 0; k < 9; ++k)
        for (const Particle &other : lists[cells.neighbour(cells.of(p), k)])
          repel(p, other, cells.width());
  }
  uint64_t sum = 0;
  for (const Particle &p : particles)
    sum += fold(p);
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "particles");
  const Cells cells = {run.pick(3, 5, 7, 9)};
  const long n = 4 * cells.count();
  const int steps = run.pick(4, 5, 20, 10);
  Particle *from = bench::array<Particle>(n), *to = bench::array<Particle>(n);
  int *start = bench::array<int>(cells.count() + 1);
  int *next = bench::array<int>(cells.count());

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i)
    from[i] = initial(i);
  init.end();

  bench::Phase phase(run, "step", steps);
  // At first the particles are in any order: most go to another node once. Then, at
  // each border of two nodes (the last one and the first have one, too), a row of
  // cells is read from both sides. The main thread adds up the others' counts, and
  // all read its sums.
  double row_bytes = static_cast<double>(4 * cells.side() * sizeof(Particle));
  int borders = run.nodes() > 1 ? run.nodes() : 0;
  double counts =
      run.remote_share() * static_cast<double>(cells.count() * sizeof(int));
  phase.least_fetched(0, 2 * borders * row_bytes + 2 * counts);
  phase.least_written(
      run.remote_share() * static_cast<double>(n * sizeof(Particle)), counts);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sort_into_cells(from, to, n, cells, start, next);
    feel_forces(to, cells, start);
    phase.end();
    std::swap(from, to);
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n; ++i)
    sum += fold(from[i]);
  if (run.verify())
    run.check(sum == serial_sum(n, cells, steps),
              "differs from the serial result");
  return run.finish(sum);
}
