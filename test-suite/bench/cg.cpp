// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cg.cpp - conjugate gradients on a CSR matrix. --rows=short|long|power: the
// matrix (csr.h). --init=serial: the main thread makes matrix and vectors.

#include "csr.h"

#include <cmath>

namespace {

double dot(const double *a, const double *b, long n) {
  double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n; ++i)
    sum += a[i] * b[i];
  return sum;
}

struct Vectors {
  double *Solution, *Residual, *Direction, *Product;
};

/// One iteration; takes and returns the square of the residual.
double iterate(const Csr &matrix, const Vectors &v, double square) {
  multiply(matrix, v.Direction, v.Product);
  double alpha = square / dot(v.Direction, v.Product, matrix.Rows);
  double next = 0;
#pragma omp parallel for schedule(static) reduction(+ : next)
  for (long i = 0; i < matrix.Rows; ++i) {
    v.Solution[i] += alpha * v.Direction[i];
    v.Residual[i] -= alpha * v.Product[i];
    next += v.Residual[i] * v.Residual[i];
  }
  double beta = next / square;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < matrix.Rows; ++i)
    v.Direction[i] = v.Residual[i] + beta * v.Direction[i];
  return next;
}

double right_side(long i) { return bench::unit(i) - 0.5; }

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "cg");
  MatrixShape::Kind kind = choose_shape(run);
  const long side = choose_side(run, kind);
  const int steps = run.pick(8, 10, 63, 63);
  MatrixShape shape(kind, side);
  const long n = shape.rows();

  bench::Phase init(run, "init");
  least_of_making(init, run, shape);
  init.begin();
  Csr matrix = make_matrix(shape, run.serial_init());
  Vectors v = {bench::array<double>(n), bench::array<double>(n),
               bench::array<double>(n), bench::array<double>(n)};
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    v.Solution[i] = 0;
    v.Residual[i] = v.Direction[i] = right_side(i);
    v.Product[i] = 0;
  }
  const double start = dot(v.Residual, v.Residual, n);
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // Each product needs the elements of the direction that other nodes own; the
  // matrix and three vectors (the product is overwritten) only where node 0 made
  // them, once.
  double moved = run.serial_init()
                     ? run.remote_share() *
                           (matrix_bytes(matrix) + 3.0 * n * sizeof(double))
                     : 0;
  phase.least_fetched(moved, elements_from_elsewhere(run, shape) *
                                 static_cast<double>(sizeof(double)));
  double square = start, norm = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    square = iterate(matrix, v, square);
    phase.end();
    // Rounding, which differs with the number of threads, grows with each step
    // over a matrix of power-law rows: the early ones make the checksum.
    if (step == 7)
      norm = std::sqrt(dot(v.Solution, v.Solution, n));
  }

  if (run.verify()) {
    // The residual that the iterations carry along is that of the solution.
    double worst = 0;
    for (long i = 0; i < n; ++i) {
      double residual = right_side(i) - serial_element(shape, v.Solution, i);
      worst = std::max(worst, std::fabs(residual - v.Residual[i]));
    }
    run.check(worst < 1e-10, "the residual is not that of the solution");
    run.check(square < start, "no convergence");
  }
  return run.finish(norm);
}
