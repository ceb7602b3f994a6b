// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// knn.cpp - the graph of the k nearest neighbours: each pair of points that are near
// is looked at once, and offered to the lists of both, each of which has its lock.

#include "bench.h"

#include <algorithm>
#include <array>
#include <vector>

namespace {

constexpr int Wanted = 8;   // neighbours of a point
constexpr int EachCell = 6; // points

struct Neighbour {
  uint64_t Distance;
  long Point;
  bool operator<(const Neighbour &other) const {
    return Distance != other.Distance ? Distance < other.Distance
                                      : Point < other.Point;
  }
};

using List = std::array<Neighbour, Wanted>; // the nearest first

struct Vertex {
  omp_lock_t Lock;
  List Nearest;
};

/// A square of cells, each with its points; near are those of a cell and the eight
/// around it.
struct Cells {
  long Side;
  long points() const { return Side * Side * EachCell; }
  /// Calls f for the points near `point` that have a greater number.
  template <class Function> void near(long point, Function f) const {
    long row = point / EachCell / Side, column = point / EachCell % Side;
    for (long r = row; r <= std::min(row + 1, Side - 1); ++r)
      for (long c = std::max(column - 1, 0L);
           c <= std::min(column + 1, Side - 1); ++c) {
        long first = (r * Side + c) * EachCell;
        for (long p = std::max(first, point + 1); p < first + EachCell; ++p)
          f(p);
      }
  }
};

struct Place {
  int64_t X, Y;
};

Place place_of(long point, long side) {
  uint64_t inside = bench::mix(point);
  long cell = point / EachCell;
  return {(cell % side << 16) + static_cast<int64_t>(inside & 0xffff),
          (cell / side << 16) + static_cast<int64_t>(inside >> 16 & 0xffff)};
}

uint64_t distance(const Place &a, const Place &b) {
  int64_t dx = a.X - b.X, dy = a.Y - b.Y;
  return static_cast<uint64_t>(dx * dx + dy * dy);
}

List nobody() {
  List list;
  list.fill({~uint64_t(0), -1});
  return list;
}

void offer(List &list, const Neighbour &candidate) {
  if (!(candidate < list.back()))
    return;
  int at = Wanted - 1;
  for (; at > 0 && candidate < list[at - 1]; --at)
    list[at] = list[at - 1];
  list[at] = candidate;
}

void offer_locked(Vertex &vertex, const Neighbour &candidate) {
  omp_set_lock(&vertex.Lock);
  offer(vertex.Nearest, candidate);
  omp_unset_lock(&vertex.Lock);
}

void build(const Cells &cells, const Place *places, Vertex *vertices) {
#pragma omp parallel for schedule(static)
  for (long p = 0; p < cells.points(); ++p)
    vertices[p].Nearest = nobody();
#pragma omp parallel for schedule(dynamic, 32)
  for (long p = 0; p < cells.points(); ++p)
    cells.near(p, [&](long other) {
      uint64_t between = distance(places[p], places[other]);
      offer_locked(vertices[p], {between, other});
      offer_locked(vertices[other], {between, p});
    });
}

bool same(const List &a, const List &b) {
  return std::equal(a.begin(), a.end(), b.begin(),
                    [](const Neighbour &x, const Neighbour &y) {
                      return x.Distance == y.Distance && x.Point == y.Point;
                    });
}

bool same_as_serial(const Cells &cells, const Vertex *vertices) {
  std::vector<List> expected(cells.points(), nobody());
  for (long p = 0; p < cells.points(); ++p)
    cells.near(p, [&](long other) {
      uint64_t between =
          distance(place_of(p, cells.Side), place_of(other, cells.Side));
      offer(expected[p], {between, other});
      offer(expected[other], {between, p});
    });
  for (long p = 0; p < cells.points(); ++p)
    if (!same(expected[p], vertices[p].Nearest))
      return false;
  return true;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "knn");
  const Cells cells = {run.pick(6L, 9L, 24L, 64L)};
  const long n = cells.points();
  const int steps = run.pick(4, 4, 8, 8);
  Place *places = bench::array<Place>(n);
  Vertex *vertices = bench::array<Vertex>(n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long p = 0; p < n; ++p) {
    places[p] = place_of(p, cells.Side);
    omp_init_lock(&vertices[p].Lock);
  }
  init.end();

  bench::Phase phase(run, "build", steps);
  // Any thread may get any points. The places are fetched once; a list that belongs
  // elsewhere comes here and goes back at least once in each step.
  double lists = run.remote_share() * static_cast<double>(n * sizeof(List));
  phase.least_fetched(
      run.remote_share() * static_cast<double>(n * sizeof(Place)), lists);
  phase.least_written(0, lists);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    build(cells, places, vertices);
    phase.end();
  }

  uint64_t sum = 0;
  for (long p = 0; p < n; ++p) {
    for (int k = 0; k < Wanted; ++k)
      sum += bench::fold(p * Wanted + k,
                         static_cast<uint64_t>(vertices[p].Nearest[k].Point));
    omp_destroy_lock(&vertices[p].Lock);
  }
  if (run.verify())
    run.check(same_as_serial(cells, vertices),
              "differs from the serial result");
  return run.finish(sum);
}
