// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// local_queues.cpp - finding the queue of a lock; coming and going.

#include "omp/local_queues.h"

namespace loco::omp {

LocalQueue *LocalQueues::Bucket::find(std::uint64_t lock) {
  for (LocalQueue *queue : queues)
    if (queue->users != 0 && queue->lock == lock)
      return queue;
  return nullptr;
}

LocalQueue &LocalQueues::Bucket::find_or_make(std::uint64_t lock) {
  LocalQueue *unused = nullptr;
  for (LocalQueue *queue : queues) {
    if (queue->users == 0)
      unused = queue;
    else if (queue->lock == lock)
      return *queue;
  }
  if (unused == nullptr)
    queues.push_back(unused = new LocalQueue);
  unused->lock = lock;
  return *unused;
}

LocalQueue &LocalQueues::join(std::uint64_t lock, std::uint32_t &ticket) {
  Bucket &bucket = bucket_of(lock);
  std::lock_guard guard(bucket.mutex);
  LocalQueue &queue = bucket.find_or_make(lock);
  ++queue.users;
  ticket = queue.next.fetch_add(1, std::memory_order_relaxed);
  return queue;
}

LocalQueue *LocalQueues::join_empty(std::uint64_t lock) {
  Bucket &bucket = bucket_of(lock);
  std::lock_guard guard(bucket.mutex);
  LocalQueue &queue = bucket.find_or_make(lock);
  if (queue.users != 0)
    return nullptr;
  ++queue.users;
  queue.next.fetch_add(1, std::memory_order_relaxed);
  return &queue;
}

LocalQueue *LocalQueues::find(std::uint64_t lock) {
  Bucket &bucket = bucket_of(lock);
  std::lock_guard guard(bucket.mutex);
  return bucket.find(lock);
}

void LocalQueues::leave(LocalQueue &queue) {
  Bucket &bucket = bucket_of(queue.lock);
  // What the caller did, its last words in the queue too, comes before what
  // the next one does.
  queue.serving.fetch_add(1, std::memory_order_release);
  std::lock_guard guard(bucket.mutex);
  --queue.users;
}

} // namespace loco::omp
