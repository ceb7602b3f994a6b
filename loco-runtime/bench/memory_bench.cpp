// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memory_bench.cpp - what a miss, a range fetch, a first store, a release and
// an acquire cost between two nodes. Node 0 measures; node 1 is home to the
// data, and takes copies away by storing to it.
//
//   loco-run -n 2 memory-bench [--cpu-time] --benchmark_filter=Miss
//
// Times are per block, or per operation, as the name says; what node 1 does in
// between is not in them. Each is the mean of a batch: for a distribution use
// --benchmark_repetitions.
#include "memory/spmd.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <random>
#include <vector>

namespace {

/// Wall clock time; or, with --cpu-time, the CPU time of the measuring thread:
/// over shm it does all the work itself, so that the two are equal on a quiet
/// machine, and only the second says something on a busy one. (What another
/// thread does, as with page faults and barriers, is then missing.)
bool measure_cpu_time = false;

double now_seconds() {
  timespec now;
  clock_gettime(measure_cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC,
                &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

constexpr std::size_t BlockBytes = LOCO_BLOCK_BYTES;
constexpr std::size_t MiB = 1 << 20;

double seconds_since(double start) { return now_seconds() - start; }

void checked_load(const volatile char *p) {
  auto *shadow = reinterpret_cast<const volatile unsigned char *>(
      LOCO_SHADOW_BASE +
      (reinterpret_cast<std::uintptr_t>(p) >> LOCO_BLOCK_SHIFT));
  if (*shadow > LOCO_SHADOW_CLEAN)
    __loco_load(const_cast<const char *>(p), 1);
  benchmark::DoNotOptimize(*p);
}

/// What the nodes do together; in the window, so that both see it.
struct Job {
  volatile char *data;
  std::size_t bytes;
  int writer;         ///< the node that stores
  std::size_t stored; ///< bytes of each block
};

void store_to_each_block(void *argument) {
  auto *job = static_cast<Job *>(argument);
  if (__loco_node() != job->writer)
    return;
  auto *data = const_cast<char *>(job->data);
  __loco_touch(data, job->bytes, LOCO_TOUCH_STORE);
  for (std::size_t at = 0; at < job->bytes; at += BlockBytes)
    for (std::size_t i = 0; i < job->stored; ++i)
      job->data[at + i] = static_cast<char>(job->data[at + i] + 1);
}

/// Shared memory at home on node 1.
class Remote {
public:
  explicit Remote(std::size_t bytes) : Bytes(bytes) {
    void *p = nullptr;
    // From 64 KiB on, the node that touches it first is home.
    CHECK(posix_memalign(&p, 64 << 10,
                         std::max<std::size_t>(bytes, 64 << 10)) == 0);
    Data = static_cast<char *>(p);
    void *job = nullptr;
    CHECK(posix_memalign(&job, BlockBytes, BlockBytes) == 0);
    Shared = new (job) Job{Data, Bytes, 1, 1};
    store_on(1);
    CHECK(__loco_home(Data) == 1);
  }
  ~Remote() {
    free(Data);
    free(Shared);
  }
  Remote(const Remote &) = delete;

  /// Node 0 has no copies afterwards. Those that it has read after each change
  /// are brought up to date instead, until they are no longer read.
  void take_away() {
    bool any_left = true;
    while (any_left) {
      store_on(1);
      any_left = false;
      for (std::size_t at = 0; at < Bytes; at += BlockBytes)
        any_left |= __loco_is_local(Data + at) != 0;
    }
    store_on(1);
  }

  /// A byte (or more) of every block.
  void store_on(int node, std::size_t bytes_per_block = 1) {
    Shared->writer = node;
    Shared->stored = bytes_per_block;
    spmd::run(store_to_each_block, Shared);
  }

  char *data() const { return Data; }
  std::size_t bytes() const { return Bytes; }
  std::size_t blocks() const { return Bytes / BlockBytes; }

private:
  char *Data;
  std::size_t Bytes;
  Job *Shared;
};

enum Order : std::int64_t { Random, Ascending };

std::vector<std::size_t> block_order(std::size_t blocks, std::int64_t order) {
  std::vector<std::size_t> numbers(blocks);
  for (std::size_t i = 0; i < blocks; ++i)
    numbers[i] = i;
  if (order == Random)
    std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(1));
  return numbers;
}

template <typename Load>
void measure_misses(benchmark::State &state, Load load) {
  constexpr std::size_t Blocks = 4096;
  bool first_time = state.range(1);
  auto order = block_order(Blocks, state.range(0));
  std::vector<std::unique_ptr<Remote>> all; // kept: freed memory comes back
  all.push_back(std::make_unique<Remote>(Blocks * BlockBytes));
  for (auto _ : state) {
    if (first_time) {
      all.push_back(std::make_unique<Remote>(Blocks * BlockBytes));
    } else {
      for (std::size_t b : order)
        checked_load(all[0]->data() + b * BlockBytes);
      all[0]->take_away();
    }
    Remote *remote = all.back().get();
    double start = now_seconds();
    for (std::size_t b : order)
      load(remote->data() + b * BlockBytes);
    state.SetIterationTime(seconds_since(start) / Blocks);
  }
}

/// One block of 4 KiB, from the slow path's call to the loaded byte.
void MissCompiled(benchmark::State &state) {
  measure_misses(state, checked_load);
}

/// The same through the page-fault net.
void MissPageFault(benchmark::State &state) {
  measure_misses(state,
                 [](const volatile char *p) { benchmark::DoNotOptimize(*p); });
}

void RangeFetch(benchmark::State &state) {
  Remote remote(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    remote.take_away();
    double start = now_seconds();
    __loco_touch(remote.data(), remote.bytes(), LOCO_TOUCH_LOAD);
    state.SetIterationTime(seconds_since(start));
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(remote.bytes() * state.iterations()));
}

/// The first store to a clean copy: a twin is made. Time of a block.
void FirstStore(benchmark::State &state) {
  Remote remote(16 * MiB);
  bool in_bulk = state.range(0);
  for (auto _ : state) {
    remote.take_away();
    __loco_touch(remote.data(), remote.bytes(), LOCO_TOUCH_LOAD);
    double start = now_seconds();
    if (in_bulk)
      __loco_touch(remote.data(), remote.bytes(), LOCO_TOUCH_STORE);
    else
      for (std::size_t b = 0; b < remote.blocks(); ++b)
        __loco_store(remote.data() + b * BlockBytes, 1);
    state.SetIterationTime(seconds_since(start) /
                           static_cast<double>(remote.blocks()));
    __loco_release();
  }
}

/// A release with N dirty blocks, in each of which so many bytes have changed.
/// Time of a block.
void ReleaseDirty(benchmark::State &state) {
  auto blocks = static_cast<std::size_t>(state.range(0));
  auto stored = static_cast<std::size_t>(state.range(1));
  Remote remote(blocks * BlockBytes);
  for (auto _ : state) {
    __loco_touch(remote.data(), remote.bytes(), LOCO_TOUCH_STORE);
    for (std::size_t b = 0; b < blocks; ++b)
      for (std::size_t i = 0; i < stored; ++i)
        ++remote.data()[b * BlockBytes + i];
    double start = now_seconds();
    __loco_release();
    state.SetIterationTime(seconds_since(start) / static_cast<double>(blocks));
  }
}

/// A release after node 0 has stored to N of its own blocks that node 1 has
/// copies of. Time of a block.
void ReleaseHome(benchmark::State &state) {
  auto blocks = static_cast<std::size_t>(state.range(0));
  Remote remote(blocks * BlockBytes);
  void *p = nullptr;
  CHECK(posix_memalign(&p, 64 << 10, blocks * BlockBytes) == 0);
  auto *own = static_cast<char *>(p);
  std::memset(own, 1, blocks * BlockBytes);
  struct Range {
    char *data;
    std::size_t bytes;
  };
  auto *range = new Range{own, blocks * BlockBytes};
  for (auto _ : state) {
    spmd::run(
        [](void *argument) {
          auto *r = static_cast<Range *>(argument);
          if (__loco_node() == 1)
            __loco_touch(r->data, r->bytes, LOCO_TOUCH_LOAD);
        },
        range);
    __loco_touch(own, blocks * BlockBytes, LOCO_TOUCH_STORE);
    for (std::size_t b = 0; b < blocks; ++b)
      ++own[b * BlockBytes];
    double start = now_seconds();
    __loco_release();
    state.SetIterationTime(seconds_since(start) / static_cast<double>(blocks));
  }
  delete range;
  free(own);
}

/// An acquire while so many bytes are cached and nobody has written. Time of
/// one.
void AcquireIdle(benchmark::State &state) {
  Remote remote(static_cast<std::size_t>(state.range(0)));
  __loco_touch(remote.data(), remote.bytes(), LOCO_TOUCH_LOAD);
  __loco_acquire();
  for (auto _ : state) {
    constexpr int Times = 1000;
    double start = now_seconds();
    for (int i = 0; i < Times; ++i)
      __loco_acquire();
    state.SetIterationTime(seconds_since(start) / Times);
  }
  bool all_here = true;
  for (std::size_t at = 0; at < remote.bytes(); at += BlockBytes)
    all_here &= __loco_is_local(remote.data() + at) != 0;
  if (!all_here)
    state.SkipWithError("an acquire dropped a block that nobody had written");
}

/// Both nodes meet, with nothing written. Time of one.
void BarrierIdle(benchmark::State &state) {
  constexpr int Times = 200;
  for (auto _ : state) {
    double start = now_seconds();
    spmd::run(
        [](void *) {
          for (int i = 0; i < Times; ++i)
            spmd::barrier();
        },
        nullptr);
    state.SetIterationTime(seconds_since(start) / Times);
  }
}

/// A span of nothing: its start, and the barrier at its end. Time of one; `idle`
/// is how long no span has run before it, in microseconds.
void SpanIdle(benchmark::State &state) {
  const double idle_seconds = 1e-6 * static_cast<double>(state.range(0));
  const int times = state.range(0) == 0 ? 200 : 1;
  for (auto _ : state) {
    for (double end = now_seconds() + idle_seconds; now_seconds() < end;)
      benchmark::DoNotOptimize(end);
    double start = now_seconds();
    for (int i = 0; i < times; ++i)
      spmd::run([](void *) {}, nullptr);
    state.SetIterationTime(seconds_since(start) / times);
  }
}

BENCHMARK(MissCompiled)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgNames({"ascending", "first"})
    ->ArgsProduct({{Random, Ascending}, {0, 1}})
    ->Iterations(20);
BENCHMARK(MissPageFault)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgNames({"ascending", "first"})
    ->ArgsProduct({{Random, Ascending}, {0, 1}})
    ->Iterations(5);
BENCHMARK(RangeFetch)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->RangeMultiplier(8)
    ->Range(64 << 10, 64 << 20)
    ->Iterations(20);
BENCHMARK(FirstStore)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgName("bulk")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(20);
BENCHMARK(ReleaseDirty)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgNames({"blocks", "bytes"})
    ->ArgsProduct({{1, 64, 4096}, {8, 4096}})
    ->Iterations(20);
BENCHMARK(ReleaseHome)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgName("blocks")
    ->Arg(64)
    ->Arg(4096)
    ->Iterations(20);
BENCHMARK(AcquireIdle)
    ->UseManualTime()
    ->Unit(benchmark::kNanosecond)
    ->ArgName("cached")
    ->RangeMultiplier(16)
    ->Range(1 << 20, std::int64_t{4} << 30)
    ->Iterations(20);
BENCHMARK(BarrierIdle)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(20);
BENCHMARK(SpanIdle)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->ArgName("idle")
    ->Arg(0)
    ->Arg(5000)
    ->Iterations(100);

} // namespace

int main(int argc, char **argv) {
  if (__loco_num_nodes() != 2) {
    std::fputs("memory-bench measures two nodes: loco-run -n 2 memory-bench\n",
               stderr);
    return 2;
  }
  if (argc > 1 && std::strcmp(argv[1], "--cpu-time") == 0) {
    measure_cpu_time = true;
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
}
