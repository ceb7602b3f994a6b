// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bfs.cpp - breadth-first searches in an R-MAT graph, level by level: each thread
// looks for its vertices that have a neighbour in the frontier, a bitmap.
// --init=serial: the main thread makes the graph.

#include "rmat.h"

#include <algorithm>
#include <vector>

namespace {

using Bitmap = uint64_t *;

bool has(const uint64_t *bits, long v) { return bits[v / 64] >> (v % 64) & 1; }

/// One level; returns how many vertices it found.
long advance(const Graph &g, const uint64_t *frontier, uint64_t *next,
             int *depth, int level) {
  long found = 0;
  // By words of the bitmap, so that each word has one writer.
#pragma omp parallel for schedule(static) reduction(+ : found)
  for (long word = 0; word < g.Vertices / 64; ++word) {
    uint64_t bits = 0;
    for (int bit = 0; bit < 64; ++bit) {
      long v = word * 64 + bit;
      if (depth[v] >= 0)
        continue;
      for (long k = g.Start[v]; k < g.Start[v + 1]; ++k)
        if (has(frontier, g.Neighbour[k])) {
          depth[v] = level;
          bits |= uint64_t(1) << bit;
          ++found;
          break;
        }
    }
    next[word] = bits;
  }
  return found;
}

/// Returns the number of levels.
int search(const Graph &g, long source, Bitmap frontier, Bitmap next,
           int *depth) {
#pragma omp parallel for schedule(static)
  for (long v = 0; v < g.Vertices; ++v)
    depth[v] = v == source ? 0 : -1;
#pragma omp parallel for schedule(static)
  for (long word = 0; word < g.Vertices / 64; ++word)
    frontier[word] = word == source / 64 ? uint64_t(1) << (source % 64) : 0;
  int level = 1;
  while (advance(g, frontier, next, depth, level) > 0) {
    std::swap(frontier, next);
    ++level;
  }
  return level;
}

bool same_as_serial(const Graph &g, long source, const int *depth) {
  std::vector<int> expected(g.Vertices, -1), queue = {static_cast<int>(source)};
  expected[source] = 0;
  for (size_t head = 0; head < queue.size(); ++head) {
    int v = queue[head];
    for (long k = g.Start[v]; k < g.Start[v + 1]; ++k) {
      int u = g.Neighbour[k];
      if (expected[u] < 0) {
        expected[u] = expected[v] + 1;
        queue.push_back(u);
      }
    }
  }
  return std::equal(expected.begin(), expected.end(), depth);
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "bfs");
  const int scale = run.pick(10, 12, 17, 20);
  const long edges = 12L << scale;
  const int steps = run.pick(4, 5, 53, 23);

  bench::Phase init(run, "init");
  least_of_making(init, run, scale, edges);
  init.begin();
  Graph g = make_graph(scale, edges, run.serial_init());
  Bitmap frontier = bench::array<uint64_t>(g.Vertices / 64);
  Bitmap next = bench::array<uint64_t>(g.Vertices / 64);
  int *depth = bench::array<int>(g.Vertices);
  init.end();

  bench::Phase phase(run, "search", steps);
  // A level needs the others' part of the frontier on every node; about six
  // levels. The graph itself only where node 0 made it, once.
  double bitmap_bytes = static_cast<double>(g.Vertices) / 8;
  phase.least_fetched(run.serial_init() ? run.remote_share() * g.bytes() : 0,
                      6 * (run.nodes() - 1) * bitmap_bytes);
  // Always the same vertex: the work, and what moves, is the same in each step.
  long source = 0;
  for (long v = 0; v < 100; ++v)
    if (g.Start[v + 1] - g.Start[v] > g.Start[source + 1] - g.Start[source])
      source = v;
  int levels = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    levels = search(g, source, frontier, next, depth);
    phase.end();
  }

  uint64_t sum = levels;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long v = 0; v < g.Vertices; ++v)
    sum += bench::fold(v, static_cast<uint64_t>(depth[v]));
  if (run.verify())
    run.check(same_as_serial(g, source, depth),
              "differs from the serial result");
  return run.finish(sum);
}
