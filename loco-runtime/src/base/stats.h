// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stats.h - what a node counts for loco-run --stats. Each counter is declared
// once, here: name, unit, help.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace loco {

// X(member, key of the JSON report and column of the table)
#define LOCO_STATS(X)                                                          \
  X(ExtentsClaimed, "claimed_extents")                                         \
  X(BlocksMoved, "moved_blocks")                                               \
  X(BlocksFetched, "fetched_blocks")                                           \
  X(BytesFetched, "bytes_in")                                                  \
  X(BytesWritten, "bytes_out")                                                 \
  X(Deltas, "deltas")                                                          \
  X(NoticesSent, "notices_sent")                                               \
  X(BlocksDropped, "dropped_blocks")                                           \
  X(BlocksEvicted, "evicted_blocks")                                           \
  X(BlocksRefreshed, "refreshed_blocks")                                       \
  X(BlocksKept, "kept_blocks")                                                 \
  X(BlocksMerged, "merged_blocks")                                             \
  X(BlocksCompared, "compared_blocks")                                         \
  X(Protects, "protects")                                                      \
  X(Unprotects, "unprotects")                                                  \
  X(Installs, "installs")                                                      \
  X(Drops, "drops")                                                            \
  X(Punches, "punches")                                                        \
  X(PageFaults, "page_faults")                                                 \
  X(RemoteAtomics, "remote_atomics")                                           \
  X(RemoteReads, "remote_reads")                                               \
  X(RemoteWrites, "remote_writes")                                             \
  X(EntryLookups, "entry_lookups")                                             \
  X(Releases, "releases")                                                      \
  X(ReleasesAskedFor, "releases_asked_for")                                    \
  X(Acquires, "acquires")                                                      \
  X(LocksTaken, "locks_taken")                                                 \
  X(LocksHandedOver, "locks_handed_over")                                      \
  X(MissNanos, "miss_ns")                                                      \
  X(ReleaseNanos, "release_ns")                                                \
  X(AcquireNanos, "acquire_ns")                                                \
  X(BarrierNanos, "barrier_ns")

/// Why a thread waits for another node. What has no cause of its own counts as
/// that of the operation around it.
// X(cause, name: NAME_waits and NAME_wait_ns are the keys)
#define LOCO_WAIT_CAUSES(X)                                                    \
  X(Miss, "miss")                                                              \
  X(Release, "release")                                                        \
  X(Acquire, "acquire")                                                        \
  X(Atomic, "atomic")                                                          \
  X(Lock, "lock")                                                              \
  X(Barrier, "barrier")                                                        \
  X(Region, "region")                                                          \
  X(Word, "word")                                                              \
  X(Claim, "claim")                                                            \
  X(Move, "move")                                                              \
  X(Eviction, "eviction")                                                      \
  X(Other, "other")

enum class WaitCause : std::uint8_t {
#define LOCO_WAIT_CAUSE(cause, name) cause,
  LOCO_WAIT_CAUSES(LOCO_WAIT_CAUSE)
#undef LOCO_WAIT_CAUSE
  Count
};

struct Stats {
  /// Waits of one cause.
  struct Waits {
    std::atomic<std::uint64_t> number{0};
    std::atomic<std::uint64_t> nanos{0};
  };

#define LOCO_STAT_MEMBER(member, key) std::atomic<std::uint64_t> member{0};
  LOCO_STATS(LOCO_STAT_MEMBER)
#undef LOCO_STAT_MEMBER

  /// Counts of one thread, which changes them without atomic operations, as waits may
  /// be as short as those are long; kept when it has ended. Threads share the last ones.
  struct alignas(64) ThreadWaitCounts {
    Waits by_cause[static_cast<int>(WaitCause::Count)];
  };
  ThreadWaitCounts &take_wait_counts();
  bool are_shared(const ThreadWaitCounts &counts) const {
    return &counts == &OfThreads[MostThreads - 1];
  }
  std::uint64_t waits(WaitCause cause) const {
    return sum(cause, &Waits::number);
  }
  std::uint64_t wait_ns(WaitCause cause) const {
    return sum(cause, &Waits::nanos);
  }

  /// One JSON object, keys in the order above; then those waits that were.
  std::string json() const;
  /// The counter with this key, or -1. Also "waits": those for anything but the
  /// next region.
  std::int64_t find(std::string_view key) const;

private:
  std::uint64_t sum(WaitCause cause,
                    std::atomic<std::uint64_t> Waits::*which) const;

  static constexpr unsigned MostThreads = 256;
  std::atomic<unsigned> Threads{0};
  ThreadWaitCounts OfThreads[MostThreads];
};

/// This node's counters.
inline Stats stats;

inline void count(std::atomic<std::uint64_t> &counter, std::uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

inline std::uint64_t value(const std::atomic<std::uint64_t> &counter) {
  return counter.load(std::memory_order_seq_cst);
}

/// Adds the nanoseconds of a scope to a counter.
class ScopedNanos {
public:
  explicit ScopedNanos(std::atomic<std::uint64_t> &counter)
      : Counter(counter), Start(Clock::now()) {}
  ~ScopedNanos() {
    auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                  Clock::now() - Start)
                  .count();
    count(Counter, static_cast<std::uint64_t>(ns));
  }
  ScopedNanos(const ScopedNanos &) = delete;

private:
  using Clock = std::chrono::steady_clock;
  std::atomic<std::uint64_t> &Counter;
  Clock::time_point Start;
};

} // namespace loco
