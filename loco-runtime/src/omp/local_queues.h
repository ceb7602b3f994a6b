// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// local_queues.h - the threads of this node at each lock. One of them at a time
// asks the other nodes for it; who gives a lock back hands it over to the next
// of the node where there is one, for which nothing has to go home, as they
// share the node's copies (M19). After Dice, Marathe and Shavit, "Lock
// Cohorting", PPoPP 2012.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace loco::omp {

/// What this node has to do with one lock: the threads that wait are served in
/// the order in which they came.
struct LocalQueue {
  std::uint64_t lock; ///< its record
  unsigned users = 0; ///< threads that hold it or wait; under the table's mutex
  std::atomic<std::uint32_t> next{0}, serving{0};
  // Of the thread that is served:
  bool node_has_it = false; ///< no other node can take it
  unsigned handed_over = 0; ///< times in a row from thread to thread

  bool others_wait() const {
    return next.load(std::memory_order_relaxed) -
               serving.load(std::memory_order_relaxed) >
           1;
  }
};

/// Queues come into being when they are used, and are used again. Any thread.
class LocalQueues {
public:
  /// The lock's queue, with the caller as one of its users, who then takes a
  /// ticket.
  LocalQueue &join(std::uint64_t lock, std::uint32_t &ticket);
  /// As join(), but null where the queue has any user.
  LocalQueue *join_empty(std::uint64_t lock);
  /// The queue of a lock that this node holds; null where it has no users.
  LocalQueue *find(std::uint64_t lock);
  /// Serves the next; the caller is no user any more.
  void leave(LocalQueue &queue);

private:
  struct Bucket {
    std::mutex mutex;
    std::vector<LocalQueue *> queues; ///< never freed
    LocalQueue *find(std::uint64_t lock);
    LocalQueue &find_or_make(std::uint64_t lock);
  };
  static constexpr unsigned NumBuckets = 256;

  Bucket &bucket_of(std::uint64_t lock) {
    return Buckets[(lock * 0x9e3779b97f4a7c15) >> 56];
  }

  Bucket Buckets[NumBuckets];
};

} // namespace loco::omp
