// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// csr.h - symmetric, diagonally dominant sparse matrices for spmv and cg, with
// rows of three shapes:
//   short  5-point Laplacian on a square grid, up to 5 entries a row
//   long   a band of neighbours at growing distances, up to 81 entries a row
//   power  degrees of a power law: entry (i, j) of a sparse graph in which few
//          vertices have most edges
#pragma once

#include "bench.h"

#include <algorithm>
#include <vector>

struct Csr {
  long Rows;
  long *RowStart; // Rows + 1
  int *Column;
  double *Value;
  long entries() const { return RowStart[Rows]; }
};

/// What a matrix looks like, without the matrix: any row can be made anywhere.
class MatrixShape {
public:
  enum Kind { Short, Long, Power };

  MatrixShape(Kind kind, long side) : TheKind(kind), Side(side) {
    if (kind == Power)
      make_hubs();
  }
  long rows() const { return Side * Side; }

  /// Calls put(column, value) for each entry of the row, columns ascending.
  template <class Put> void row(long i, Put put) const {
    switch (TheKind) {
    case Short:
      return grid_row(i, put);
    case Long:
      return band_row(i, put);
    case Power:
      return power_row(i, put);
    }
  }

private:
  template <class Put> void grid_row(long i, Put put) const {
    long y = i / Side, x = i % Side;
    if (y > 0)
      put(i - Side, -1.0);
    if (x > 0)
      put(i - 1, -1.0);
    put(i, 4.01);
    if (x < Side - 1)
      put(i + 1, -1.0);
    if (y < Side - 1)
      put(i + Side, -1.0);
  }

  template <class Put> void band_row(long i, Put put) const {
    for (long k = -40; k <= 40; ++k) {
      long distance = k * (k < 0 ? -k : k) / 4 + k;
      long j = i + distance;
      if (j >= 0 && j < rows())
        put(j, k == 0 ? 90.0 : -1.0);
    }
  }

  // Every vertex has edges to its two neighbours and to a few hubs that a hash
  // of it chooses, low hubs more often; hubs lie scattered over all rows.
  static constexpr int HubEdges = 6;

  long hub_vertex(long hub) const { return hub * (rows() / Hubs) + hub % 3; }
  long hub_of(long i, int edge) const {
    double u = bench::unit(i * HubEdges + edge);
    return static_cast<long>(Hubs * u * u * u);
  }

  void make_hubs() {
    Hubs = rows() / 64;
    Members.resize(Hubs);
    for (long i = 0; i < rows(); ++i)
      for (int edge = 0; edge < HubEdges; ++edge) {
        long hub = hub_of(i, edge);
        if (hub_vertex(hub) != i)
          Members[hub].push_back(static_cast<int>(i));
      }
  }

  template <class Put> void power_row(long i, Put put) const {
    std::vector<long> columns = {i};
    if (i > 0)
      columns.push_back(i - 1);
    if (i + 1 < rows())
      columns.push_back(i + 1);
    for (int edge = 0; edge < HubEdges; ++edge)
      columns.push_back(hub_vertex(hub_of(i, edge)));
    long hub = i / (rows() / Hubs);
    if (hub < Hubs && hub_vertex(hub) == i)
      columns.insert(columns.end(), Members[hub].begin(), Members[hub].end());
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    for (long j : columns)
      put(j, j == i ? 1.0 + static_cast<double>(columns.size()) : -1.0);
  }

  Kind TheKind;
  long Side;
  long Hubs = 0;
  std::vector<std::vector<int>> Members; // of each hub
};

/// Each thread makes its rows, or one makes all.
inline Csr make_matrix(const MatrixShape &shape, bool serial) {
  Csr m;
  m.Rows = shape.rows();
  m.RowStart = bench::array<long>(m.Rows + 1);
#pragma omp parallel for schedule(static) if (!serial)
  for (long i = 0; i < m.Rows; ++i) {
    long count = 0;
    shape.row(i, [&](long, double) { ++count; });
    m.RowStart[i + 1] = count;
  }
  m.RowStart[0] = 0;
  for (long i = 0; i < m.Rows; ++i)
    m.RowStart[i + 1] += m.RowStart[i];
  m.Column = bench::array<int>(m.entries());
  m.Value = bench::array<double>(m.entries());
#pragma omp parallel for schedule(static) if (!serial)
  for (long i = 0; i < m.Rows; ++i) {
    long at = m.RowStart[i];
    shape.row(i, [&](long column, double value) {
      m.Column[at] = static_cast<int>(column);
      m.Value[at++] = value;
    });
  }
  return m;
}

/// y = m x
inline void multiply(const Csr &m, const double *x, double *y) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < m.Rows; ++i) {
    double sum = 0;
    for (long k = m.RowStart[i]; k < m.RowStart[i + 1]; ++k)
      sum += m.Value[k] * x[m.Column[k]];
    y[i] = sum;
  }
}

/// The same element of m x from the shape alone.
inline double serial_element(const MatrixShape &shape, const double *x,
                             long i) {
  double sum = 0;
  shape.row(i, [&](long column, double value) { sum += value * x[column]; });
  return sum;
}

/// How many elements of x all nodes together read that are in another's part:
/// what a product must move.
inline long elements_from_elsewhere(const bench::Run &run,
                                    const MatrixShape &shape) {
  long count = 0;
  for (int node = 0; run.nodes() > 1 && node < run.nodes(); ++node) {
    bench::Range own = run.node_part(shape.rows(), node);
    std::vector<bool> read(shape.rows());
    for (long i = own.begin; i < own.end; ++i)
      shape.row(i, [&](long column, double) {
        if ((column < own.begin || column >= own.end) && !read[column]) {
          read[column] = true;
          ++count;
        }
      });
  }
  return count;
}

/// What make_matrix moves where all threads make their rows: the main thread adds
/// up the counts of all rows in place.
inline void least_of_making(bench::Phase &init, const bench::Run &run,
                            const MatrixShape &shape) {
  double moved = run.serial_init()
                     ? 0
                     : run.remote_share() * static_cast<double>(shape.rows()) *
                           sizeof(long);
  init.least_fetched(moved, 0);
  init.least_written(moved, 0);
}

/// The bytes of the matrix.
inline double matrix_bytes(const Csr &m) {
  return m.Rows * static_cast<double>(sizeof(long)) +
         m.entries() * static_cast<double>(sizeof(int) + sizeof(double));
}

inline MatrixShape::Kind choose_shape(bench::Run &run) {
  const char *const names[] = {"short", "long", "power"};
  return static_cast<MatrixShape::Kind>(run.choose("rows", names, 3, 0));
}

/// A matrix has the square of this many rows.
inline long choose_side(const bench::Run &run, MatrixShape::Kind kind) {
  switch (kind) {
  case MatrixShape::Short:
    return run.pick(40L, 160L, 900L, 2000L);
  case MatrixShape::Long:
    return run.pick(30L, 60L, 300L, 600L);
  case MatrixShape::Power:
    return run.pick(40L, 80L, 450L, 1000L);
  }
  return 0;
}
