// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// intsort.cpp - radix sort of 32-bit keys, 8 bits a pass: histograms of the
// threads, their prefix sums, and a stable scatter.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

constexpr int Digits = 256;

uint32_t key(long i) { return static_cast<uint32_t>(bench::mix(i)); }

/// One pass by the digit at `shift`. counts: Digits for each thread.
void pass(const uint32_t *from, uint32_t *to, long n, int shift, long *counts,
          int threads) {
#pragma omp parallel num_threads(threads)
  {
    int me = omp_get_thread_num();
    bench::Range own = bench::part_of(n, threads, me);
    long *mine = counts + me * Digits;
    std::fill(mine, mine + Digits, 0);
    for (long i = own.begin; i < own.end; ++i)
      mine[from[i] >> shift & (Digits - 1)]++;
#pragma omp barrier
    long at[Digits], start = 0;
    for (int digit = 0; digit < Digits; ++digit)
      for (int t = 0; t < threads; ++t) {
        if (t == me)
          at[digit] = start;
        start += counts[t * Digits + digit];
      }
    for (long i = own.begin; i < own.end; ++i)
      to[at[from[i] >> shift & (Digits - 1)]++] = from[i];
  }
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "intsort");
  const long n = run.pick(40000L, 180000L, 3L << 20, 16L << 20);
  const int steps = run.pick(4, 4, 19, 11);
  const int threads = run.threads();
  uint32_t *keys = bench::array<uint32_t>(n), *a = bench::array<uint32_t>(n);
  uint32_t *b = bench::array<uint32_t>(n);
  long *counts = bench::array<long>(threads * Digits);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    keys[i] = key(i);
    a[i] = b[i] = 0;
  }
  init.end();

  bench::Phase phase(run, "sort", steps);
  // The digits are random: in each of the four passes most keys change their
  // part, written by one node and read by another. And the counts.
  double array_bytes = static_cast<double>(n * sizeof(uint32_t));
  phase.least_fetched(run.serial_init() ? run.remote_share() * array_bytes : 0,
                      4 * (run.remote_share() * array_bytes +
                           (run.nodes() - 1.0) * threads * Digits *
                               static_cast<double>(sizeof(long))));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    pass(keys, a, n, 0, counts, threads);
    pass(a, b, n, 8, counts, threads);
    pass(b, a, n, 16, counts, threads);
    pass(a, b, n, 24, counts, threads);
    phase.end();
  }

  uint64_t sum = 0, elements = 0;
  long unsorted = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum, elements, unsorted)
  for (long i = 0; i < n; ++i) {
    sum += bench::fold(i, static_cast<uint64_t>(b[i]));
    elements += b[i] - static_cast<uint64_t>(key(i));
    unsorted += i > 0 && b[i - 1] > b[i];
  }
  run.check(unsorted == 0, "not sorted");
  run.check(elements == 0, "not the same elements");
  if (run.verify()) {
    std::vector<uint32_t> expected(keys, keys + n);
    std::sort(expected.begin(), expected.end());
    run.check(std::equal(expected.begin(), expected.end(), b),
              "differs from the serial result");
  }
  return run.finish(sum);
}
