// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// waits.h - what a thread waits for: its cause, which the layers above say once at
// the entry of an operation, and what it has issued to other nodes and not waited
// for.
#pragma once

#include "base/stats.h"

#include <cstdint>

namespace loco::fabric {

using Cause = WaitCause;

/// Of one thread. A process has one fabric.
struct ThreadWaits {
  std::uint64_t gets = 0; ///< by bit: nodes that owe it an answer
  std::uint64_t puts = 0; ///< by bit: nodes where puts may be under way
  Cause cause = Cause::Other;
  Stats::ThreadWaitCounts *counts = nullptr; ///< null: not taken yet
};
inline constinit thread_local ThreadWaits thread_waits
    __attribute__((tls_model("initial-exec")));

/// Adds to what this thread counts for a cause.
inline void count_wait(Cause cause,
                       std::atomic<std::uint64_t> Stats::Waits::*which,
                       std::uint64_t n) {
  if (thread_waits.counts == nullptr) [[unlikely]]
    thread_waits.counts = &stats.take_wait_counts();
  auto &counter =
      thread_waits.counts->by_cause[static_cast<int>(cause)].*which;
  if (stats.are_shared(*thread_waits.counts)) [[unlikely]]
    count(counter, n);
  else
    counter.store(counter.load(std::memory_order_relaxed) + n,
                  std::memory_order_relaxed);
}

/// Of the machine's clock.
std::uint64_t now_ns();

/// While one lives, this thread's waits count as those of the cause.
class WaitFor {
public:
  explicit WaitFor(Cause cause) { thread_waits.cause = cause; }
  ~WaitFor() { thread_waits.cause = Before; }
  WaitFor(const WaitFor &) = delete;

private:
  const Cause Before = thread_waits.cause;
};

} // namespace loco::fabric
