// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pagerank.cpp - PageRank of an R-MAT graph; each vertex sums what its neighbours
// give. --init=serial: the main thread makes the graph.

#include "rmat.h"

#include <cmath>
#include <vector>

namespace {

constexpr double Damping = 0.85;

/// One iteration: rank -> what each vertex gives -> rank.
void iterate(const Graph &g, double *rank, double *given) {
#pragma omp parallel for schedule(static)
  for (long v = 0; v < g.Vertices; ++v) {
    long degree = g.Start[v + 1] - g.Start[v];
    given[v] = degree ? rank[v] / static_cast<double>(degree) : 0;
  }
#pragma omp parallel for schedule(static)
  for (long v = 0; v < g.Vertices; ++v) {
    double sum = 0;
    for (long k = g.Start[v]; k < g.Start[v + 1]; ++k)
      sum += given[g.Neighbour[k]];
    rank[v] = (1 - Damping) / static_cast<double>(g.Vertices) + Damping * sum;
  }
}

void serial(const Graph &g, std::vector<double> &rank, int steps) {
  std::vector<double> given(g.Vertices);
  for (int step = 0; step < steps; ++step) {
    for (long v = 0; v < g.Vertices; ++v) {
      long degree = g.Start[v + 1] - g.Start[v];
      given[v] = degree ? rank[v] / static_cast<double>(degree) : 0;
    }
    for (long v = 0; v < g.Vertices; ++v) {
      double sum = 0;
      for (long k = g.Start[v]; k < g.Start[v + 1]; ++k)
        sum += given[g.Neighbour[k]];
      rank[v] = (1 - Damping) / static_cast<double>(g.Vertices) + Damping * sum;
    }
  }
}

/// How many vertices of other nodes have a neighbour on a node, over all nodes.
long vertices_from_elsewhere(const bench::Run &run, int scale, long edges) {
  long vertices = 1L << scale, count = 0;
  for (int node = 0; run.nodes() > 1 && node < run.nodes(); ++node) {
    bench::Range own = run.node_part(vertices, node);
    std::vector<bool> wanted(vertices);
    for (long i = 0; i < edges; ++i) {
      Edge e = rmat_edge(i, scale);
      if (e.From >= own.begin && e.From < own.end)
        wanted[e.To] = true;
      if (e.To >= own.begin && e.To < own.end)
        wanted[e.From] = true;
    }
    for (long v = 0; v < vertices; ++v)
      count += wanted[v] && (v < own.begin || v >= own.end);
  }
  return count;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "pagerank");
  const int scale = run.pick(10, 12, 17, 20);
  const long edges = 12L << scale;
  const int steps = run.pick(5, 8, 53, 23);

  bench::Phase init(run, "init");
  least_of_making(init, run, scale, edges);
  init.begin();
  Graph g = make_graph(scale, edges, run.serial_init());
  double *rank = bench::array<double>(g.Vertices);
  double *given = bench::array<double>(g.Vertices);
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long v = 0; v < g.Vertices; ++v)
    rank[v] = given[v] = 1.0 / static_cast<double>(g.Vertices);
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // Each iteration needs what the others' vertices give, where there is an edge
  // between; the graph and the ranks only where node 0 made them, once.
  double moved =
      run.serial_init()
          ? run.remote_share() * (g.bytes() + g.Vertices * 1.0 * sizeof(double))
          : 0;
  phase.least_fetched(moved, vertices_from_elsewhere(run, scale, edges) *
                                 static_cast<double>(sizeof(double)));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    iterate(g, rank, given);
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long v = 0; v < g.Vertices; ++v)
    sum += bench::fold(v, rank[v]);
  if (run.verify()) {
    std::vector<double> expected(g.Vertices, 1.0 / g.Vertices);
    serial(g, expected, steps);
    run.check(memcmp(expected.data(), rank, g.Vertices * sizeof(double)) == 0,
              "differs from the serial result");
  }
  return run.finish(sum);
}
