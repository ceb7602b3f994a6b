// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// samplesort.cpp - sample sort: each thread sorts its part, splitters are chosen
// from samples, each thread gathers a range of values from all parts and sorts it.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

constexpr int SamplesEach = 64;

struct Buffers {
  uint64_t *Input, *Parts, *Output;
};

/// Afterwards Output is sorted.
void sort(const Buffers &buffers, long n, int threads) {
  std::vector<uint64_t> samples(threads * SamplesEach);
  // cuts[t * (threads + 1) + b]: where bucket b starts in thread t's part
  std::vector<long> cuts(threads * (threads + 1));
#pragma omp parallel num_threads(threads)
  {
    int me = omp_get_thread_num();
    bench::Range own = bench::part_of(n, threads, me);
    uint64_t *part = buffers.Parts + own.begin;
    std::copy(buffers.Input + own.begin, buffers.Input + own.end, part);
    std::sort(part, part + own.length());
    for (int s = 0; s < SamplesEach; ++s)
      samples[me * SamplesEach + s] = part[own.length() * s / SamplesEach];
#pragma omp barrier
#pragma omp single
    std::sort(samples.begin(), samples.end());
    long *my_cuts = &cuts[me * (threads + 1)];
    my_cuts[0] = own.begin;
    for (int bucket = 1; bucket < threads; ++bucket)
      my_cuts[bucket] = std::lower_bound(part, part + own.length(),
                                         samples[bucket * SamplesEach]) -
                        buffers.Parts;
    my_cuts[threads] = own.end;
#pragma omp barrier
    long begin = 0;
    for (int t = 0; t < threads; ++t)
      begin += cuts[t * (threads + 1) + me] - cuts[t * (threads + 1)];
    long at = begin;
    for (int t = 0; t < threads; ++t) {
      const long *from = &cuts[t * (threads + 1) + me];
      std::copy(buffers.Parts + from[0], buffers.Parts + from[1],
                buffers.Output + at);
      at += from[1] - from[0];
    }
    std::sort(buffers.Output + begin, buffers.Output + at);
  }
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "samplesort");
  const long n = run.pick(20000L, 45000L, 1L << 19, 1L << 22);
  const int steps = run.pick(4, 4, 19, 11);
  const int threads = run.threads();
  Buffers buffers = {bench::array<uint64_t>(n), bench::array<uint64_t>(n),
                     bench::array<uint64_t>(n)};

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    buffers.Input[i] = bench::mix(i);
    buffers.Parts[i] = buffers.Output[i] = 0;
  }
  init.end();

  bench::Phase phase(run, "sort", steps);
  // Values are random: of each node's part all but its own range goes elsewhere,
  // in every step. (The output's ranges differ a little from the parts of the
  // initialisation; that is not counted.)
  double array_bytes = static_cast<double>(n * sizeof(uint64_t));
  phase.least_fetched(run.serial_init() ? run.remote_share() * array_bytes : 0,
                      run.remote_share() * array_bytes);
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sort(buffers, n, threads);
    phase.end();
  }

  uint64_t sum = 0, elements = 0;
  long unsorted = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum, elements, unsorted)
  for (long i = 0; i < n; ++i) {
    sum += bench::fold(i, buffers.Output[i]);
    elements += buffers.Output[i] - bench::mix(i);
    unsorted += i > 0 && buffers.Output[i - 1] > buffers.Output[i];
  }
  run.check(unsorted == 0, "not sorted");
  run.check(elements == 0, "not the same elements");
  if (run.verify()) {
    std::vector<uint64_t> expected(buffers.Input, buffers.Input + n);
    std::sort(expected.begin(), expected.end());
    run.check(std::equal(expected.begin(), expected.end(), buffers.Output),
              "differs from the serial result");
  }
  return run.finish(sum);
}
