// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lock_records.h - where locks have their state. A lock in program memory is 8
// bytes, zero at first, that from its first use on name a record in memory
// which holds records and nothing else. So program memory changes once in a
// lock's life: taking and giving it back makes no copy of the data beside it
// outdated, and none can hold a state of the lock (M16).
#pragma once

#include "loco/channels.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace loco::omp {

class LockRecords {
public:
  /// A node and an offset in its Memory segment, the same name on every node.
  using Id = std::uint64_t;

  /// The record of the lock at `word`, which lies in shared memory; 0 where it
  /// was never used. Any thread.
  Id find(const void *word);
  Id find_or_make(void *word);
  /// The lock is no more: zero again. Nobody holds it.
  void forget(void *word);

  static Place place(Id id);

private:
  /// A line each, so that locks do not slow each other down.
  static constexpr std::uint64_t Bytes = 64;
  static constexpr int NodeShift = 48;

  Id take();
  void give_back(Id id);

  std::mutex Mutex;
  std::vector<Id> Free; ///< all zero; of any node
};

} // namespace loco::omp
