// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mesh.cpp - diffusion on an unstructured mesh, edge by edge: the values of both ends
// are gathered by index, the flow between them is added to both by atomics.

#include "bench.h"

#include <cmath>
#include <vector>

namespace {

struct Edge {
  int A, B;
  double Conductance;
};

/// Triangles between side * side vertices, of which those in a row are numbered at
/// random, as by a mesh generator that goes through the domain in strips.
class Mesh {
public:
  explicit Mesh(long side) : Side(side) {}
  long vertices() const { return Side * Side; }
  /// To the right, down, and down to the right, round the edges of the domain.
  long edges() const { return 3 * vertices(); }
  Edge edge(long i) const {
    long vertex = i / 3, row = vertex / Side, column = vertex % Side;
    long down = i % 3 > 0, right = i % 3 != 1;
    return {number(row, column),
            number((row + down) % Side, (column + right) % Side),
            0.05 * bench::unit(i)};
  }

private:
  /// Side is a power of two: every odd factor gives another order of a row.
  int number(long row, long column) const {
    long factor = static_cast<long>(bench::mix(row) % Side) | 1;
    return static_cast<int>(row * Side + (column * factor + row) % Side);
  }

  long Side;
};

double initial(long v) { return bench::unit(v); }

void diffuse(const Edge *edges, long num_edges, double *value, double *change,
             long vertices) {
#pragma omp parallel for schedule(static)
  for (long v = 0; v < vertices; ++v)
    change[v] = 0;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < num_edges; ++i) {
    const Edge &e = edges[i];
    double flow = e.Conductance * (value[e.A] - value[e.B]);
#pragma omp atomic
    change[e.A] -= flow;
#pragma omp atomic
    change[e.B] += flow;
  }
#pragma omp parallel for schedule(static)
  for (long v = 0; v < vertices; ++v)
    value[v] += change[v];
}

/// The largest difference from what one thread gets.
double error(const Mesh &mesh, const double *value, int steps) {
  std::vector<double> expected(mesh.vertices()), change(mesh.vertices());
  for (long v = 0; v < mesh.vertices(); ++v)
    expected[v] = initial(v);
  for (int step = 0; step < steps; ++step) {
    change.assign(change.size(), 0);
    for (long i = 0; i < mesh.edges(); ++i) {
      Edge e = mesh.edge(i);
      double flow = e.Conductance * (expected[e.A] - expected[e.B]);
      change[e.A] -= flow;
      change[e.B] += flow;
    }
    for (long v = 0; v < mesh.vertices(); ++v)
      expected[v] += change[v];
  }
  double worst = 0;
  for (long v = 0; v < mesh.vertices(); ++v)
    worst = std::fmax(worst, std::fabs(expected[v] - value[v]));
  return worst;
}

/// How many vertices the nodes' edges name that are in another node's part.
long vertices_from_elsewhere(const bench::Run &run, const Mesh &mesh) {
  long count = 0;
  for (int node = 0; run.nodes() > 1 && node < run.nodes(); ++node) {
    bench::Range edges = run.node_part(mesh.edges(), node);
    bench::Range own = run.node_part(mesh.vertices(), node);
    std::vector<bool> met(mesh.vertices());
    for (long i = edges.begin; i < edges.end; ++i) {
      Edge e = mesh.edge(i);
      for (int v : {e.A, e.B})
        if ((v < own.begin || v >= own.end) && !met[v]) {
          met[v] = true;
          ++count;
        }
    }
  }
  return count;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "mesh");
  const Mesh mesh(run.pick(16L, 64L, 256L, 1024L));
  const int steps = run.pick(4, 5, 20, 10);
  const long vertices = mesh.vertices(), num_edges = mesh.edges();
  Edge *edges = bench::array<Edge>(num_edges);
  double *value = bench::array<double>(vertices);
  double *change = bench::array<double>(vertices);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < num_edges; ++i)
    edges[i] = mesh.edge(i);
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long v = 0; v < vertices; ++v) {
    value[v] = initial(v);
    change[v] = 0;
  }
  init.end();

  bench::Phase phase(run, "diffuse", steps);
  // The values of other nodes' vertices. A flow is added where its vertex is, by an
  // atomic, which moves no block.
  double edge_bytes = static_cast<double>(num_edges * sizeof(Edge));
  phase.least_fetched(run.serial_init() ? run.remote_share() * edge_bytes : 0,
                      vertices_from_elsewhere(run, mesh) *
                          static_cast<double>(sizeof(double)));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    diffuse(edges, num_edges, value, change, vertices);
    phase.end();
  }

  // Flows are added in any order: equal but for rounding.
  double sum = 0;
  for (long v = 0; v < vertices; ++v)
    sum += value[v] * static_cast<double>(1 + v % 7);
  if (run.verify())
    run.check(error(mesh, value, steps) < 1e-12,
              "differs from the serial result");
  return run.finish(sum);
}
