// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fft.cpp - two-dimensional complex FFT and its inverse: transforms of rows, and
// transpositions, in which every node needs something of every other.

#include "bench.h"

#include <cmath>
#include <complex>
#include <vector>

namespace {

using Complex = std::complex<double>;

/// One row in place: bit reversal, then butterflies. roots[k] = e^(-2 pi i k / n).
void transform(Complex *row, const Complex *roots, long n, bool inverse) {
  for (long i = 1, j = 0; i < n; ++i) {
    long bit = n >> 1;
    for (; j & bit; bit >>= 1)
      j ^= bit;
    j ^= bit;
    if (i < j)
      std::swap(row[i], row[j]);
  }
  for (long length = 2; length <= n; length *= 2) {
    long half = length / 2, stride = n / length;
    for (long start = 0; start < n; start += length)
      for (long k = 0; k < half; ++k) {
        double re = roots[k * stride].real();
        double im = roots[k * stride].imag();
        if (inverse)
          im = -im;
        Complex &low = row[start + k], &high = row[start + k + half];
        Complex turned(high.real() * re - high.imag() * im,
                       high.real() * im + high.imag() * re);
        high = low - turned;
        low = low + turned;
      }
  }
}

void transform_rows(Complex *data, const Complex *roots, long n, bool inverse) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; ++i)
    transform(data + i * n, roots, n, inverse);
}

/// In tiles of 16 x 16, so that both sides use whole cache lines.
void transpose(const Complex *from, Complex *to, long n) {
#pragma omp parallel for schedule(static)
  for (long row = 0; row < n; row += 16)
    for (long column = 0; column < n; column += 16)
      for (long i = row; i < row + 16; ++i)
        for (long j = column; j < column + 16; ++j)
          to[i * n + j] = from[j * n + i];
}

/// From a to a, by way of b.
void transform_both(Complex *a, Complex *b, const Complex *roots, long n,
                    bool inverse) {
  transform_rows(a, roots, n, inverse);
  transpose(a, b, n);
  transform_rows(b, roots, n, inverse);
  transpose(b, a, n);
}

Complex initial(long i) { return {bench::unit(2 * i), bench::unit(2 * i + 1)}; }

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "fft");
  const long n = run.pick(64L, 128L, 1024L, 2048L);
  const int steps = run.pick(4, 4, 10, 8);
  Complex *a = bench::array<Complex>(n * n), *b = bench::array<Complex>(n * n);
  Complex *roots = bench::array<Complex>(n / 2);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long row = 0; row < n; row += 16)
    for (long i = row * n; i < (row + 16) * n; ++i) {
      a[i] = initial(i);
      b[i] = 0;
    }
  for (long k = 0; k < n / 2; ++k)
    roots[k] = std::polar(1.0, -2 * M_PI * static_cast<double>(k) /
                                   static_cast<double>(n));
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // Four transpositions a step; in each a node's rows come from all nodes alike.
  // The roots once.
  double matrix_bytes = static_cast<double>(n * n * sizeof(Complex));
  double moved = (run.nodes() - 1) * (n / 2.0) * sizeof(Complex);
  if (run.serial_init())
    moved += run.remote_share() * matrix_bytes;
  phase.least_fetched(moved, 4 * run.remote_share() * matrix_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    transform_both(a, b, roots, n, false);
    transform_both(a, b, roots, n, true);
    double scale = 1.0 / static_cast<double>(n * n);
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n * n; ++i)
      a[i] *= scale;
    phase.end();
  }

  uint64_t sum = 0;
  double worst = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)                   \
    reduction(max : worst)
  for (long i = 0; i < n * n; ++i) {
    sum +=
        bench::fold(2 * i, a[i].real()) + bench::fold(2 * i + 1, a[i].imag());
    worst = std::max(worst, std::abs(a[i] - initial(i)));
  }
  run.check(worst < 1e-12, "the inverse does not lead back");
  if (run.verify()) {
    // The transform itself, by its definition, at one frequency.
    std::vector<Complex> row(n);
    for (long i = 0; i < n; ++i)
      row[i] = initial(i);
    Complex expected = 0;
    for (long i = 0; i < n; ++i)
      expected +=
          row[i] * std::polar(1.0, -2 * M_PI * 5.0 * static_cast<double>(i) /
                                       static_cast<double>(n));
    transform(row.data(), roots, n, false);
    run.check(std::abs(row[5] - expected) < 1e-9,
              "differs from the definition");
  }
  return run.finish(sum);
}
