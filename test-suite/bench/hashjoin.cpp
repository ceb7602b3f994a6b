// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hashjoin.cpp - partitioned hash join of two relations: both are partitioned by
// the hash of the key, then for each partition a hash table of the smaller side is
// built and probed by the larger one.

#include "bench.h"

#include <vector>

namespace {

struct Tuple {
  uint64_t Key, Payload;
};

constexpr int Partitions = 64;

int partition_of(uint64_t key) {
  return static_cast<int>(bench::mix(key) % Partitions);
}

/// Keys 0..n-1 once each, in a random-looking order.
Tuple build_tuple(long i, long n) {
  uint64_t key = static_cast<uint64_t>(i) * 1000003 % static_cast<uint64_t>(n);
  return {key, bench::mix(key) & 0xffff};
}
/// Half of the keys have a partner.
Tuple probe_tuple(long i, long n) {
  uint64_t random = bench::mix(i + 12345);
  return {random % (2 * static_cast<uint64_t>(n)), random >> 48};
}

struct Relation {
  Tuple *Input, *Parted;
  long Length;
  std::vector<long> Starts;  // of each partition in Parted, and the end
  std::vector<long> Cursors; // of each thread and partition

  Relation(long length, int threads)
      : Input(bench::array<Tuple>(length)), Parted(bench::array<Tuple>(length)),
        Length(length), Starts(Partitions + 1), Cursors(threads * Partitions) {}
};

/// Copies Input to Parted by partition, payloads changed by `step` so that every
/// step makes other data. Called by all threads of a team.
void scatter(Relation &r, uint64_t step) {
  int me = omp_get_thread_num(), threads = omp_get_num_threads();
  bench::Range own = bench::part_of(r.Length, threads, me);
  long counts[Partitions] = {};
  for (long i = own.begin; i < own.end; ++i)
    counts[partition_of(r.Input[i].Key)]++;
  for (int p = 0; p < Partitions; ++p)
    r.Cursors[me * Partitions + p] = counts[p];
#pragma omp barrier
#pragma omp single
  {
    long at = 0;
    for (int p = 0; p < Partitions; ++p) {
      r.Starts[p] = at;
      for (int t = 0; t < threads; ++t) {
        long count = r.Cursors[t * Partitions + p];
        r.Cursors[t * Partitions + p] = at;
        at += count;
      }
    }
    r.Starts[Partitions] = at;
  }
  long *cursor = &r.Cursors[me * Partitions];
  for (long i = own.begin; i < own.end; ++i) {
    const Tuple &tuple = r.Input[i];
    r.Parted[cursor[partition_of(tuple.Key)]++] = {
        tuple.Key, tuple.Payload ^ bench::mix(step)};
  }
#pragma omp barrier
}

/// Joins one partition: the sum of the products of payloads of equal keys.
uint64_t join(const Tuple *build, long num_build, const Tuple *probe,
              long num_probe) {
  size_t slots = 16;
  while (slots < static_cast<size_t>(num_build) * 2)
    slots *= 2;
  std::vector<Tuple> table(slots, Tuple{~uint64_t(0), 0});
  auto slot_of = [slots](uint64_t key) {
    return (bench::mix(key) >> 20) & (slots - 1);
  };
  for (long i = 0; i < num_build; ++i) {
    size_t slot = slot_of(build[i].Key);
    while (table[slot].Key != ~uint64_t(0))
      slot = (slot + 1) & (slots - 1);
    table[slot] = build[i];
  }
  uint64_t sum = 0;
  for (long i = 0; i < num_probe; ++i)
    for (size_t slot = slot_of(probe[i].Key); table[slot].Key != ~uint64_t(0);
         slot = (slot + 1) & (slots - 1))
      if (table[slot].Key == probe[i].Key)
        sum += table[slot].Payload * probe[i].Payload + 1;
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "hashjoin");
  const long n = run.pick(5000L, 30000L, 400000L, 2000000L), probes = 3 * n;
  const int steps = run.pick(4, 4, 19, 11);
  Relation build(n, run.threads()), probe(probes, run.threads());

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < probes; ++i) {
    probe.Input[i] = probe_tuple(i, n);
    probe.Parted[i] = {};
  }
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < n; ++i) {
    build.Input[i] = build_tuple(i, n);
    build.Parted[i] = {};
  }
  init.end();

  bench::Phase phase(run, "join", steps);
  // A tuple is read by one thread and joined by another, on any node: it moves
  // once a step, by a fetch or by a write. The keys come to the same places in each
  // step, so that only the payloads are news after the first one.
  double bytes = static_cast<double>((n + probes) * sizeof(Tuple));
  double half = run.remote_share() * bytes / 2;
  phase.least_fetched(run.serial_init() ? 3 * half : half, half);
  uint64_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sum = 0;
#pragma omp parallel reduction(+ : sum)
    {
      scatter(build, step);
      scatter(probe, step);
#pragma omp for schedule(static)
      for (int p = 0; p < Partitions; ++p)
        sum += join(build.Parted + build.Starts[p],
                    build.Starts[p + 1] - build.Starts[p],
                    probe.Parted + probe.Starts[p],
                    probe.Starts[p + 1] - probe.Starts[p]);
    }
    phase.end();
  }

  if (run.verify()) {
    // The build side has key k exactly once.
    uint64_t expected = 0, last = bench::mix(steps - 1);
    for (long i = 0; i < probes; ++i) {
      Tuple tuple = probe_tuple(i, n);
      if (tuple.Key < static_cast<uint64_t>(n))
        expected +=
            ((bench::mix(tuple.Key) & 0xffff) ^ last) * (tuple.Payload ^ last) +
            1;
    }
    run.check(sum == expected, "differs from the serial result");
  }
  return run.finish(sum);
}
