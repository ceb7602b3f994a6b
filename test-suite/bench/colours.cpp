// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// colours.cpp - Gauss-Seidel relaxation on a grid of squares with diagonals, colour by
// colour: vertices of one colour are no neighbours, and are updated in parallel. The
// four colours alternate in each row, so that each loop writes a part of every block.

#include "bench.h"

#include <vector>

namespace {

constexpr int Colours = 4, Neighbours = 8;

/// The inner vertices of a square, by colours, with their neighbours.
struct Graph {
  long Side, Start[Colours + 1];
  int *Vertex;    // all of the first colour, of the second, ...
  int *Neighbour; // Neighbours for each of them
  long vertices() const { return Side * Side; }
};

int colour_of(long row, long column) {
  return static_cast<int>(row % 2 * 2 + column % 2);
}

Graph make_graph(long side, bool parallel) {
  Graph g = {side, {}, nullptr, nullptr};
  const long inner = side - 2, half = inner / 2, each = half * half;
  g.Vertex = bench::array<int>(inner * inner);
  g.Neighbour = bench::array<int>(inner * inner * Neighbours);
  for (int colour = 0; colour <= Colours; ++colour)
    g.Start[colour] = colour * each;
#pragma omp parallel for collapse(2) schedule(static) if (parallel)
  for (long row = 1; row <= inner; ++row)
    for (long column = 1; column <= inner; ++column) {
      long at = g.Start[colour_of(row, column)] + (row - 1) / 2 * half +
                (column - 1) / 2;
      g.Vertex[at] = static_cast<int>(row * side + column);
      int k = 0;
      for (long r = row - 1; r <= row + 1; ++r)
        for (long c = column - 1; c <= column + 1; ++c)
          if (r != row || c != column)
            g.Neighbour[at * Neighbours + k++] = static_cast<int>(r * side + c);
    }
  return g;
}

double initial(long vertex) { return bench::unit(vertex); }

double relaxed(const double *x, const double *b, const Graph &g, long at) {
  double sum = 0;
  for (int k = 0; k < Neighbours; ++k)
    sum += x[g.Neighbour[at * Neighbours + k]];
  return 0.1 * (x[g.Vertex[at]] + b[g.Vertex[at]] + sum);
}

void relax(const Graph &g, const double *b, double *x) {
  for (int colour = 0; colour < Colours; ++colour)
#pragma omp parallel for schedule(static)
    for (long at = g.Start[colour]; at < g.Start[colour + 1]; ++at)
      x[g.Vertex[at]] = relaxed(x, b, g, at);
}

/// From rows and columns, without the graph.
bool same_as_serial(const double *result, long side, int steps) {
  std::vector<double> x(side * side);
  for (long v = 0; v < side * side; ++v)
    x[v] = initial(v);
  for (int update = 0; update < steps * Colours; ++update)
    for (long row = 1; row < side - 1; ++row)
      for (long column = 1; column < side - 1; ++column) {
        if (colour_of(row, column) != update % Colours)
          continue;
        double sum = 0, *mid = &x[row * side + column];
        for (const double *line : {mid - side, mid, mid + side})
          for (int k = -1; k <= 1; ++k)
            if (line + k != mid)
              sum += line[k];
        *mid = 0.1 * (*mid + initial(row * side + column) + sum);
      }
  return memcmp(x.data(), result, x.size() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "colours");
  const long side = run.pick(18L, 98L, 1026L, 2050L); // an even number inside
  const int steps = run.pick(4, 5, 20, 20);
  double *x = bench::array<double>(side * side);
  double *b = bench::array<double>(side * side);

  bench::Phase init(run, "init");
  init.begin();
  Graph g = make_graph(side, !run.serial_init());
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long v = 0; v < side * side; ++v)
    x[v] = b[v] = initial(v);
  init.end();

  bench::Phase phase(run, "relax", steps);
  // The threads divide each colour by rows of the grid: at each border of two nodes
  // the rows on both sides, whose vertices change once a step. The lists come over once,
  // where the main thread has made them.
  double inner = static_cast<double>(side - 2);
  double lists =
      inner * inner * (1 + Neighbours) * static_cast<double>(sizeof(int));
  phase.least_fetched(run.serial_init() ? run.remote_share() * lists : 0,
                      2 * (run.nodes() - 1) * inner * sizeof(double));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    relax(g, b, x);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long v = 0; v < g.vertices(); ++v)
    sum += bench::fold(v, x[v]);
  if (run.verify())
    run.check(same_as_serial(x, side, steps), "differs from the serial result");
  return run.finish(sum);
}
