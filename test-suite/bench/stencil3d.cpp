// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stencil3d.cpp - iterations of the 7-point stencil on a cube.

#include "bench.h"

#include <utility>
#include <vector>

namespace {

void plane(const double *from, double *to, long n, long z) {
  for (long y = 1; y < n - 1; ++y)
    for (long x = 1; x < n - 1; ++x) {
      long i = (z * n + y) * n + x;
      to[i] = 0.4 * from[i] +
              0.1 * (from[i - 1] + from[i + 1] + from[i - n] + from[i + n] +
                     from[i - n * n] + from[i + n * n]);
    }
}

bool same_as_serial(const double *result, long n, int steps) {
  std::vector<double> from(n * n * n), to;
  for (long i = 0; i < n * n * n; ++i)
    from[i] = bench::unit(i);
  to = from;
  for (int step = 0; step < steps; ++step) {
    for (long z = 1; z < n - 1; ++z)
      plane(from.data(), to.data(), n, z);
    from.swap(to);
  }
  return memcmp(from.data(), result, from.size() * sizeof(double)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "stencil3d");
  const long n = run.pick(20L, 48L, 160L, 256L);
  const int steps = run.pick(6, 10, 83, 43);
  double *from = bench::array<double>(n * n * n);
  double *to = bench::array<double>(n * n * n);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long z = 0; z < n; ++z)
    for (long i = z * n * n; i < (z + 1) * n * n; ++i)
      from[i] = to[i] = bench::unit(i);
  init.end();

  bench::Phase phase(run, "iterate", steps);
  // At each border between two nodes each needs a plane of the other.
  double plane_bytes = n * n * sizeof(double);
  phase.least_fetched(run.serial_init() ? run.remote_share() * n * plane_bytes
                                        : 0,
                      2.0 * (run.nodes() - 1) * plane_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel for schedule(static)
    for (long z = 1; z < n - 1; ++z)
      plane(from, to, n, z);
    phase.end();
    std::swap(from, to);
  }

  uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (long i = 0; i < n * n * n; ++i)
    sum += bench::fold(i, from[i]);
  if (run.verify())
    run.check(same_as_serial(from, n, steps), "differs from the serial result");
  return run.finish(sum);
}
