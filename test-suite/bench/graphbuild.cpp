// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graphbuild.cpp - a graph from a list of edges: each edge counts at its source by a
// sequentially consistent atomic, then takes its place by another; the lists of
// neighbours are sorted last.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

struct Edge {
  int From, To;
};

/// Low vertices have more edges than high ones.
Edge edge(long i, long vertices) {
  double from = bench::unit(3 * i) * bench::unit(3 * i + 1);
  return {static_cast<int>(from * vertices),
          static_cast<int>(bench::mix(3 * i + 2) % vertices)};
}

/// Returns the value before.
int take_next(int *counter) {
  return __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

void count(const Edge *edges, long n, int *degree, long vertices) {
#pragma omp parallel for schedule(static)
  for (long v = 0; v < vertices; ++v)
    degree[v] = 0;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i)
    take_next(&degree[edges[i].From]);
}

void place(const Edge *edges, long n, const int *start, int *next, int *target,
           long vertices) {
#pragma omp parallel for schedule(static)
  for (long v = 0; v < vertices; ++v)
    next[v] = start[v];
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i)
    target[take_next(&next[edges[i].From])] = edges[i].To;
}

/// The lists are of very different lengths: who is free takes the next ones.
void sort_lists(const int *start, const int *target, int *sorted,
                long vertices) {
#pragma omp parallel for schedule(dynamic, 64)
  for (long v = 0; v < vertices; ++v) {
    std::copy(target + start[v], target + start[v + 1], sorted + start[v]);
    std::sort(sorted + start[v], sorted + start[v + 1]);
  }
}

bool same_as_serial(const int *start, const int *sorted, long n,
                    long vertices) {
  std::vector<std::vector<int>> lists(vertices);
  for (long i = 0; i < n; ++i) {
    Edge e = edge(i, vertices);
    lists[e.From].push_back(e.To);
  }
  for (long v = 0; v < vertices; ++v) {
    std::sort(lists[v].begin(), lists[v].end());
    if (!std::equal(lists[v].begin(), lists[v].end(), sorted + start[v],
                    sorted + start[v + 1]))
      return false;
  }
  return true;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "graphbuild");
  const long vertices = run.pick(512L, 2048L, 8192L, 65536L);
  const long n = 16 * vertices;
  const int steps = run.pick(4, 4, 8, 8);
  Edge *edges = bench::array<Edge>(n);
  int *start = bench::array<int>(vertices + 1);
  int *degree = bench::array<int>(vertices),
      *next = bench::array<int>(vertices);
  int *target = bench::array<int>(n), *sorted = bench::array<int>(n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i)
    edges[i] = edge(i, vertices);
  init.end();

  bench::Phase counting(run, "count", steps);
  // A counter is added to where it is: no block must move but, after a serial
  // initialisation, the edges.
  counting.least_fetched(
      run.serial_init() ? run.remote_share() * n * sizeof(Edge) : 0, 0);
  for (int step = 0; step < steps; ++step) {
    counting.begin();
    count(edges, n, degree, vertices);
    counting.end();
  }

  start[0] = 0;
  for (long v = 0; v < vertices; ++v)
    start[v + 1] = start[v] + degree[v];

  bench::Phase placing(run, "place", steps);
  // The main thread has made the list of starts, each node resets a part of the
  // counters from it, once. A target is written where its list is, which may be
  // anywhere.
  double target_bytes = static_cast<double>(n * sizeof(int));
  placing.least_fetched(
      run.remote_share() * static_cast<double>(vertices * sizeof(int)), 0);
  placing.least_written(0, run.remote_share() * target_bytes);
  for (int step = 0; step < steps; ++step) {
    placing.begin();
    place(edges, n, start, next, target, vertices);
    placing.end();
  }

  bench::Phase sorting(run, "sort", steps);
  // Any thread may get any lists, each time.
  sorting.least_fetched(0, run.remote_share() * target_bytes);
  for (int step = 0; step < steps; ++step) {
    sorting.begin();
    sort_lists(start, target, sorted, vertices);
    sorting.end();
  }

  uint64_t sum = start[vertices];
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long k = 0; k < n; ++k)
    sum += bench::fold(k, static_cast<uint64_t>(sorted[k]));
  run.check(start[vertices] == n, "not every edge was counted once");
  if (run.verify())
    run.check(same_as_serial(start, sorted, n, vertices),
              "differs from the serial result");
  return run.finish(sum);
}
