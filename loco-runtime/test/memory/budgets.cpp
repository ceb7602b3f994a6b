// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// budgets.cpp - docs/budgets.md, counted: what each operation of the protocol may do at
// most of page-table changes, page faults, blocks that are copied, and waits for other
// nodes. Two nodes: node 0 is home to the data, node 1 measures.
//   budgets          fails where an operation does more
//   budgets show     prints what each has done
#include "spmd.h"

#include <initializer_list>
#include <iterator>

namespace {

constexpr int Named = 40;
constexpr std::size_t BlockBytes = LOCO_BLOCK_BYTES;
constexpr std::size_t ExtentBlocks = 16;

/// What an operation may do, by __loco_counter.
struct Budget {
  const char *counter;
  std::int64_t most;
};

/// Every second block is used, so that no two make a run.
struct Data {
  struct Block {
    alignas(LOCO_BLOCK_BYTES) volatile char bytes[LOCO_BLOCK_BYTES];
  };
  Block missed[4 * ExtentBlocks], range[256];
  Block copies[2 * Named], written[2 * Named], false_shared[2 * Named];
  Block word;
  std::uint64_t lock;
};

struct Job {
  Data *data;
  bool show;
};

const char *const Counters[] = {
    "installs", "protects",       "unprotects",     "drops",
    "punches",  "page_faults",    "fetched_blocks", "refreshed_blocks",
    "merged_blocks", "kept_blocks",    "deltas",        "miss_waits",
    "claim_waits",   "release_waits",  "acquire_waits", "atomic_waits",
    "lock_waits",    "barrier_waits",  "word_waits",    "move_waits",
    "other_waits"};
constexpr std::size_t NumCounters = std::size(Counters);
constexpr std::size_t InstallsAt = 0, FaultsAt = 5;

/// Counts while it lives; its end compares with the budget: what is not in that, an
/// operation may not do at all.
class Measured {
public:
  Measured(const Job &job, const char *what,
           std::initializer_list<Budget> budget)
      : Show(job.show), What(what) {
    for (const Budget &of : budget)
      for (std::size_t i = 0; i < NumCounters; ++i)
        if (std::strcmp(Counters[i], of.counter) == 0)
          Most[i] = of.most;
    for (std::size_t i = 0; i < NumCounters; ++i)
      Before[i] = __loco_counter(Counters[i]);
  }
  ~Measured() {
    std::int64_t done[NumCounters];
    for (std::size_t i = 0; i < NumCounters; ++i)
      done[i] = __loco_counter(Counters[i]) - Before[i];
    // A page-table entry that the kernel has taken back comes again by a fault.
    while (done[FaultsAt] > Most[FaultsAt] && TakenBack < MostTakenBack) {
      ++TakenBack;
      --done[FaultsAt];
      done[InstallsAt] -= done[InstallsAt] > Most[InstallsAt];
    }
    bool is_within = true;
    for (std::size_t i = 0; i < NumCounters; ++i)
      is_within &= done[i] <= Most[i];
    if (is_within && !Show)
      return;
    std::fprintf(stderr, "node %d: %s:", __loco_node(), What);
    for (std::size_t i = 0; i < NumCounters; ++i)
      if (done[i] != 0 || Most[i] != 0)
        std::fprintf(stderr, "  %s %lld of %lld%s", Counters[i],
                     static_cast<long long>(done[i]),
                     static_cast<long long>(Most[i]),
                     done[i] > Most[i] ? " (!)" : "");
    std::fputc('\n', stderr);
    if (!is_within && !Show)
      std::exit(1);
  }
  Measured(const Measured &) = delete;

private:
  static constexpr int MostTakenBack = 4; ///< in all
  static inline int TakenBack = 0;
  const bool Show;
  const char *const What;
  std::int64_t Before[NumCounters];
  std::int64_t Most[NumCounters] = {};
};

void load(const volatile char *p) {
  __loco_load(const_cast<const char *>(p), 1);
}
/// Releases after which what was stored to before has closed, and who has a copy of it
/// has seen that: more than a page-table change takes comparisons.
constexpr int UntilIdleIsClosed = 3000;

void store(volatile char *p) {
  __loco_store(const_cast<char *>(p), 1);
  *p = static_cast<char>(*p + 1);
}
void touch(const Data::Block *first, std::size_t count, int kind) {
  __loco_touch(const_cast<const char *>(first->bytes), count * BlockBytes, kind);
}
void store_each(Data::Block *blocks) {
  for (int i = 0; i < 2 * Named; i += 2)
    store(blocks[i].bytes);
}

void measure_misses(const Job &job) {
  Data &data = *job.data;
  if (__loco_node() != 1)
    return;
  {
    Measured miss(job, "miss of one block, of an extent without a known home",
                  {{"installs", 1},
                   {"fetched_blocks", 1},
                   {"miss_waits", 1},
                   {"claim_waits", 2}});
    load(data.missed[3].bytes);
  }
  {
    Measured miss(job, "miss of one block",
                  {{"installs", 1}, {"fetched_blocks", 1}, {"miss_waits", 1}});
    load(data.missed[1].bytes);
  }
  {
    Measured miss(job, "miss of one block, by a store",
                  {{"installs", 1}, {"fetched_blocks", 1}, {"miss_waits", 1}});
    store(data.missed[9].bytes);
  }
  {
    Measured store_to(job, "first store to a copy", {{"unprotects", 1}});
    store(data.missed[1].bytes);
  }
  {
    Measured again(job, "loads and stores to what is here", {});
    load(data.missed[3].bytes);
    store(data.missed[1].bytes);
  }
  {
    Measured range(job, "range of 16 extents, none of which was used here",
                   {{"installs", 16},
                    {"fetched_blocks", 256},
                    {"miss_waits", 2},
                    {"claim_waits", 16}});
    touch(data.range, 256, LOCO_TOUCH_LOAD);
  }
}

void measure_releases(const Job &job) {
  Data &data = *job.data;
  if (__loco_node() == 1) {
    touch(data.copies, 2 * Named, LOCO_TOUCH_STORE);
    store_each(data.copies);
    __loco_release();
    {
      Measured release(job, "release with nothing stored to", {});
      __loco_release();
    }
    store_each(data.copies);
    Measured release(job, "release of 80 open copies, 40 of them stored to",
                     {{"deltas", Named}, {"release_waits", 2}});
    __loco_release();
  }
}

/// Node 0 stores to its blocks, of which node 1 has copies.
void measure_acquires(const Job &job) {
  Data &data = *job.data;
  const bool is_reader = __loco_node() == 1;
  for (int round = 0; round < 3; ++round) {
    if (is_reader) {
      touch(data.written, 2 * Named, LOCO_TOUCH_LOAD);
      touch(data.false_shared, 2 * Named, LOCO_TOUCH_LOAD);
    }
    spmd::barrier();
    if (is_reader)
      for (int i = 0; i < 2 * Named; i += 2)
        store(data.false_shared[i].bytes + 1);
    else
      store_each(data.written), store_each(data.false_shared);
    if (!is_reader)
      __loco_release();
    // No barrier, which would acquire.
    const auto turn = static_cast<std::uint32_t>(round + 1);
    auto *word = const_cast<char *>(data.word.bytes) + 64;
    if (!is_reader)
      __loco_atomic_store_4(word, turn, __ATOMIC_RELAXED);
    while (is_reader && __loco_atomic_load_4(word, __ATOMIC_RELAXED) != turn)
      ;
    if (is_reader && round == 2) {
      Measured acquire(job, "acquire by a fence of 80 named blocks, each by itself",
                       {{"refreshed_blocks", Named + 1}, // and of a stack
                        {"merged_blocks", Named},
                        {"kept_blocks", Named}, // what this node missed late
                        {"acquire_waits", 6}});
      __loco_acquire();
    } else {
      __loco_acquire();
    }
    if (is_reader) {
      for (int i = 0; i < 2 * Named; i += 2)
        CHECK(data.false_shared[i].bytes[0] == round + 2); // one at the start
      __loco_acquire();
      Measured idle(job, "acquire by a fence of nothing", {{"acquire_waits", 2}});
      __loco_acquire();
    }
    // Whoever goes on releases.
    if (is_reader)
      __loco_atomic_store_4(word, turn + 100, __ATOMIC_RELAXED);
    while (!is_reader &&
           __loco_atomic_load_4(word, __ATOMIC_RELAXED) != turn + 100)
      ;
    spmd::barrier();
  }
}

void measure_atomics(const Job &job) {
  Data &data = *job.data;
  auto *word = const_cast<char *>(data.word.bytes);
  __loco_atomic_load_4(word, __ATOMIC_RELAXED);
  const std::int64_t trip = __loco_node() == 0 ? 0 : 1;
  {
    Measured atomic(job, "atomic load and store, relaxed", {{"atomic_waits", 2 * trip}});
    __loco_atomic_load_4(word, __ATOMIC_RELAXED);
    __loco_atomic_store_4(word, 7, __ATOMIC_RELAXED);
  }
  {
    Measured atomic(job, "atomic update, relaxed", {{"atomic_waits", 2 * trip}});
    __loco_atomic_rmw_4(word, 1, LOCO_RMW_ADD, __ATOMIC_RELAXED);
  }
  if (__loco_node() == 1) {
    load(data.word.bytes);
    store(data.word.bytes + 1);
    // The byte that was stored goes home with the atomic.
    Measured atomic(job, "atomic load of what is stored to here", {{"atomic_waits", 1}});
    __loco_atomic_load_4(word, __ATOMIC_RELAXED);
  }
  spmd::barrier();
}

void measure_locks(const Job &job) {
  auto *lock = &job.data->lock;
  // Its record is where it was taken first.
  if (__loco_node() == 0) {
    __loco_lock_acquire(lock);
    __loco_lock_release(lock);
  }
  spmd::barrier();
  if (__loco_node() == 1) {
    __loco_lock_acquire(lock);
    __loco_lock_release(lock);
  }
  spmd::barrier();
  for (int node = 0; node < 2; ++node) {
    if (__loco_node() == node) {
      {
        Measured taken(job, "lock that the node had last, taken and given back",
                       {{"acquire_waits", 1},
                        {"lock_waits", node == 0 ? 0 : 2}});
        __loco_lock_acquire(lock);
        __loco_lock_release(lock);
      }
    }
    spmd::barrier();
  }
}

void measure_barriers(const Job &job) {
  for (int i = 0; i < UntilIdleIsClosed; ++i)
    spmd::barrier();
  Measured met(job, "20 barriers with nothing stored to",
               {{"barrier_waits", 20}, {"acquire_waits", 20}});
  for (int i = 0; i < 20; ++i)
    spmd::barrier();
}

void measure(void *argument) {
  const Job job = *static_cast<Job *>(argument);
  spmd::barrier();
  measure_misses(job);
  spmd::barrier();
  measure_releases(job);
  spmd::barrier();
  measure_acquires(job);
  measure_atomics(job);
  measure_locks(job);
  measure_barriers(job);
}

void do_nothing(void *) {}

} // namespace

int main(int argc, char **) {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, 64 << 10, sizeof(Data)) == 0);
  std::memset(memory, 1, sizeof(Data));
  static_cast<Data *>(memory)->lock = 0;
  Job job{static_cast<Data *>(memory), argc > 1};
  spmd::run(measure, &job);
  for (int i = 0; i < UntilIdleIsClosed; ++i)
    spmd::run(do_nothing, nullptr);
  Measured regions(job, "20 empty regions",
                   {{"barrier_waits", 40}, {"acquire_waits", 20}});
  for (int i = 0; i < 20; ++i)
    spmd::run(do_nothing, nullptr);
}
