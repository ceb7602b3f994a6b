// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// spmv.cpp - sparse matrix times vector, again and again, as in the power
// method. --rows=short|long|power: the matrix (csr.h).

#include "csr.h"

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "spmv");
  MatrixShape::Kind kind = choose_shape(run);
  const long side = choose_side(run, kind);
  const int steps = run.pick(5, 8, 63, 63);
  MatrixShape shape(kind, side);
  const long n = shape.rows();

  bench::Phase init(run, "init");
  least_of_making(init, run, shape);
  init.begin();
  Csr matrix = make_matrix(shape, run.serial_init());
  double *x = bench::array<double>(n), *y = bench::array<double>(n);
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    x[i] = 1 + bench::unit(i);
    y[i] = 0;
  }
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // Each product needs the elements of x that rows of one node and columns of
  // another meet in; the matrix itself only where node 0 made it, once.
  double moved = run.serial_init()
                     ? run.remote_share() *
                           (matrix_bytes(matrix) + 2.0 * n * sizeof(double))
                     : 0;
  phase.least_fetched(moved, elements_from_elsewhere(run, shape) *
                                 static_cast<double>(sizeof(double)));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    multiply(matrix, x, y);
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; ++i)
      x[i] = 0.01 * y[i] + 1;
    phase.end();
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n; ++i)
    sum += bench::fold(i, y[i]);
  if (run.verify()) {
    std::vector<double> from(n), to(n);
    for (long i = 0; i < n; ++i)
      from[i] = 1 + bench::unit(i);
    for (int step = 0; step < steps; ++step) {
      for (long i = 0; i < n; ++i)
        to[i] = serial_element(shape, from.data(), i);
      for (long i = 0; i < n; ++i)
        from[i] = 0.01 * to[i] + 1;
    }
    run.check(memcmp(to.data(), y, n * sizeof(double)) == 0,
              "differs from the serial result");
  }
  return run.finish(sum);
}
