// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rmat.h - an undirected random graph of the R-MAT kind (few vertices have most
// edges) in CSR form, for bfs and pagerank.
#pragma once

#include "bench.h"

struct Graph {
  long Vertices;
  long *Start;    // Vertices + 1
  int *Neighbour; // of vertex v: [Start[v], Start[v + 1])
  long arcs() const { return Start[Vertices]; }
  double bytes() const {
    return static_cast<double>((Vertices + 1) * sizeof(long) +
                               arcs() * sizeof(int));
  }
};

struct Edge {
  int From, To;
};

/// Edge number i: at each level of the adjacency matrix a quadrant by chance, with
/// probabilities .57 .19 .19 .05; the vertices' names are scattered.
inline Edge rmat_edge(long i, int scale) {
  uint64_t from = 0, to = 0, random = 0;
  for (int level = 0; level < scale; ++level) {
    if (level % 8 == 0)
      random = bench::mix(i * 4 + level / 8);
    unsigned u = random & 0xff;
    random >>= 8;
    from = from * 2 + (u >= 194); // .76 * 256
    to = to * 2 + ((u >= 146 && u < 194) || u >= 243);
  }
  uint64_t mask = (uint64_t(1) << scale) - 1;
  return {static_cast<int>(from * 0x9e3779b1 & mask),
          static_cast<int>(to * 0x9e3779b1 & mask)};
}

/// What make_graph moves where all threads make it: every node reads all edges,
/// the main thread adds up the degrees, and its sums go to all.
inline void least_of_making(bench::Phase &init, const bench::Run &run,
                            int scale, long num_edges) {
  if (run.serial_init())
    return;
  double vertices = static_cast<double>(1L << scale);
  init.least_fetched((run.nodes() - 1.0) * num_edges * sizeof(Edge) +
                         2 * run.remote_share() * vertices * sizeof(long),
                     0);
}

/// Each thread collects the edges of its vertices, from a list that all make; or
/// one thread does all.
inline Graph make_graph(int scale, long num_edges, bool serial) {
  Graph g;
  g.Vertices = 1L << scale;
  g.Start = bench::array<long>(g.Vertices + 1);
  Edge *edges = bench::array<Edge>(num_edges);
  long *cursor = bench::array<long>(g.Vertices);
#pragma omp parallel if (!serial)
  {
#pragma omp for schedule(static)
    for (long i = 0; i < num_edges; ++i)
      edges[i] = rmat_edge(i, scale);
    bench::Range own =
        bench::part_of(g.Vertices, omp_get_num_threads(), omp_get_thread_num());
    auto is_own = [own](long v) { return v >= own.begin && v < own.end; };
    for (long v = own.begin; v < own.end; ++v)
      cursor[v] = 0;
    for (long i = 0; i < num_edges; ++i) {
      if (is_own(edges[i].From))
        cursor[edges[i].From]++;
      if (is_own(edges[i].To))
        cursor[edges[i].To]++;
    }
#pragma omp barrier
#pragma omp single
    {
      g.Start[0] = 0;
      for (long v = 0; v < g.Vertices; ++v)
        g.Start[v + 1] = g.Start[v] + cursor[v];
      g.Neighbour = bench::array<int>(g.arcs());
    }
    for (long v = own.begin; v < own.end; ++v)
      cursor[v] = g.Start[v];
    for (long i = 0; i < num_edges; ++i) {
      Edge e = edges[i];
      if (is_own(e.From))
        g.Neighbour[cursor[e.From]++] = e.To;
      if (is_own(e.To))
        g.Neighbour[cursor[e.To]++] = e.From;
    }
  }
  free(edges);
  free(cursor);
  return g;
}
