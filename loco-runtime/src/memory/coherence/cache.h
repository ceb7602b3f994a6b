// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cache.h - what the copies of other nodes' blocks take of this node's memory,
// and, where LOCO_CACHE bounds that, whose turn it is to go. Dropping them is
// the protocol's affair (eviction.cpp).
//
// Victims are extents, in the order of 2Q (Johnson and Shasha, "2Q: A Low
// Overhead High Performance Buffer Management Replacement Algorithm", VLDB
// 1994): what is fetched for the first time waits in a short queue; what is
// fetched again soon after it has left that one goes to the long queue. It
// suits a cache that sees fetches and first stores but no hits, and a long
// scan does not empty it. An extent with unwritten-back stores is passed over
// once, as by a clock's second chance: the next release may clean it.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/reserve.h"

#include <atomic>
#include <mutex>
#include <optional>

namespace loco::memory {

/// Any thread. The lock inside is a leaf: held for a few instructions.
class Cache {
public:
  /// `limit_bytes` 0: unbounded, and nothing below is worth calling.
  Cache(std::uint64_t limit_bytes, Extent num_extents);

  bool is_bounded() const { return Limit != 0; }
  std::uint64_t limit_bytes() const { return Limit; }
  /// Evictions free this much at once, so that most misses need none.
  std::uint64_t batch_bytes() const { return Limit / 16; }
  /// At most this much is fetched before it is asked for: a range larger than
  /// the cache would push itself out.
  std::uint64_t ahead_bytes() const { return Ahead; }

  /// Memory in use or promised to a miss under way, twins apart.
  std::uint64_t used_bytes() const {
    return Used.load(std::memory_order_relaxed);
  }
  void take(std::uint64_t bytes) {
    Used.fetch_add(bytes, std::memory_order_relaxed);
  }
  void give_back(std::uint64_t bytes) {
    Used.fetch_sub(bytes, std::memory_order_relaxed);
  }

  /// Blocks of the extent were fetched, or written for the first time.
  void touched(Extent extent);

  struct Victim {
    Extent extent;
    bool passed_over; ///< before, since it was last touched
  };
  /// Takes the next extent to evict out of its queue; nothing where all are
  /// empty. Then call one of:
  std::optional<Victim> take_victim();
  /// It stays for one more turn: it was in use, or written.
  void pass_over(Victim victim, bool was_written);
  /// Its copies are gone.
  void evicted(Victim victim);

  /// How many victims to look at before giving up for now.
  std::size_t patience() const { return 2 * num_queued() + 1; }

private:
  enum Where : std::uint8_t { Nowhere, First, Again, Ghost, NumQueues };
  struct Entry {
    Extent older, newer;      ///< plus one; 0: none
    std::uint8_t where, left; ///< now; the queue it was taken out of
    bool passed_over;
  };
  struct Queue {
    Extent oldest = 0, newest = 0; ///< plus one
    std::size_t length = 0;
  };

  std::size_t num_queued() const;
  void append(Extent extent, Where where);
  void remove(Extent extent);

  const std::uint64_t Limit, Ahead;
  std::atomic<std::uint64_t> Used{0};
  mutable std::mutex Mutex;
  Entry *Entries = nullptr; ///< by extent
  Queue Queues[NumQueues];
};

} // namespace loco::memory
