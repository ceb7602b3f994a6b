// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// histogram.cpp - h[key[i]]++ into a table of each thread, then the sum of the
// tables.

#include "bench.h"

#include <vector>

namespace {

constexpr long Bins = 1 << 16;

/// Low bins are more frequent.
uint32_t key(long i) {
  double u = bench::unit(i);
  return static_cast<uint32_t>(Bins * u * u);
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "histogram");
  const long n = run.pick(50000L, 500000L, 12L << 20, 48L << 20);
  const int steps = run.pick(4, 4, 33, 15);
  const int threads = run.threads();
  uint32_t *keys = bench::array<uint32_t>(n);
  long *total = bench::array<long>(Bins);
  std::vector<long *> tables(threads);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i)
    keys[i] = key(i);
#pragma omp parallel
  tables[omp_get_thread_num()] = bench::array<long>(Bins);
#pragma omp parallel for schedule(static)
  for (long bin = 0; bin < Bins; ++bin)
    total[bin] = 0;
  init.end();

  bench::Phase phase(run, "count", steps);
  // Each node sums a part of the bins, and needs that part of the tables of all
  // threads elsewhere.
  phase.least_fetched(
      run.serial_init() ? run.remote_share() * n * sizeof(uint32_t) : 0,
      run.remote_share() * threads * Bins * sizeof(long));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel
    {
      long *mine = tables[omp_get_thread_num()];
      memset(mine, 0, Bins * sizeof(long));
#pragma omp for schedule(static)
      for (long i = 0; i < n; ++i)
        mine[keys[i]]++;
#pragma omp for schedule(static)
      for (long bin = 0; bin < Bins; ++bin)
        for (int t = 0; t < threads; ++t)
          total[bin] += tables[t][bin];
    }
    phase.end();
  }

  uint64_t sum = 0;
  long counted = 0;
  for (long bin = 0; bin < Bins; ++bin) {
    sum += bench::fold(bin, static_cast<uint64_t>(total[bin]));
    counted += total[bin];
  }
  run.check(counted == steps * n, "not every key was counted once a step");
  if (run.verify()) {
    std::vector<long> expected(Bins);
    for (long i = 0; i < n; ++i)
      expected[key(i)] += steps;
    run.check(memcmp(expected.data(), total, Bins * sizeof(long)) == 0,
              "differs from the serial result");
  }
  return run.finish(sum);
}
