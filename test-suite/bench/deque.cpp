// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// deque.cpp - work stealing: the main thread fills its deque (Chase and Lev 2005, with
// the fences of Le et al. 2013), then takes from it while the others steal, one job
// each time.

#include "bench.h"

#include <atomic>
#include <vector>

namespace {

/// The owner pushes and takes at the bottom, thieves steal at the top. At most
/// Capacity jobs at a time.
class Deque {
public:
  static constexpr long Capacity = 1 << 14;

  void push(long job) {
    long bottom = Bottom.load(std::memory_order_relaxed);
    place(bottom).store(job, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    Bottom.store(bottom + 1, std::memory_order_relaxed);
  }

  bool take(long &job) {
    // Announced before looking at the top: a thief sees it, or is seen.
    long last = Bottom.load(std::memory_order_relaxed) - 1;
    Bottom.store(last, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    long top = Top.load(std::memory_order_relaxed);
    if (top < last) {
      job = place(last).load(std::memory_order_relaxed);
      return true;
    }
    bool won = false;
    if (top == last) { // thieves may want the same one
      job = place(last).load(std::memory_order_relaxed);
      won = Top.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
    }
    Bottom.store(last + 1, std::memory_order_relaxed);
    return won;
  }

  bool steal(long &job) {
    long top = Top.load(std::memory_order_acquire);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (top >= Bottom.load(std::memory_order_acquire))
      return false;
    job = place(top).load(std::memory_order_relaxed);
    return Top.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                       std::memory_order_relaxed);
  }

private:
  std::atomic<long> &place(long i) { return Places[i % Capacity]; }

  alignas(64) std::atomic<long> Top{0};
  alignas(64) std::atomic<long> Bottom{0};
  std::atomic<long> Places[Capacity] = {};
};

/// Makes and runs all jobs; returns the sum of their results.
uint64_t run_all(std::vector<Deque> &deques,
                 std::vector<std::atomic<int>> &runs, int threads) {
  const int jobs = static_cast<int>(runs.size());
  std::atomic<int> done{0};
  uint64_t sum = 0;
  for (int job = 0; job < jobs; ++job)
    deques[0].push(job);
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  {
    const int me = omp_get_thread_num();
    while (done.load() < jobs) {
      long job = 0;
      bool found = deques[me].take(job);
      for (int k = 1; !found && k < threads; ++k)
        found = deques[(me + k) % threads].steal(job);
      if (!found)
        continue;
      runs[job].fetch_add(1);
      sum += bench::mix(job);
      done.fetch_add(1);
    }
  }
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "deque");
  const int jobs = run.pick(300, 4000, 12000, 16000);
  const int steps = run.pick(4, 5, 8, 20);
  const int threads = run.threads();

  bench::Phase init(run, "init");
  init.begin();
  std::vector<Deque> deques(threads);
  std::vector<std::atomic<int>> runs(jobs);
  init.end();

  bench::Phase phase(run, "steal", steps);
  // Atomics work where their word is: no block must move.
  phase.least_fetched(0, 0);
  uint64_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    sum += run_all(deques, runs, threads);
    phase.end();
  }

  uint64_t expected = 0;
  bool once = true;
  for (int job = 0; job < jobs; ++job) {
    expected += bench::mix(job) * steps;
    once &= runs[job].load() == steps;
  }
  run.check(once, "not every job was run once a step");
  run.check(sum == expected, "differs from the serial result");
  return run.finish(sum);
}
