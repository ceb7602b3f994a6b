// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cache.cpp - the queues of 2Q.

#include "memory/coherence/cache.h"

#include <algorithm>

namespace loco::memory {

Cache::Cache(std::uint64_t limit_bytes, Extent num_extents)
    : Limit(limit_bytes),
      Ahead(limit_bytes != 0 ? std::max(limit_bytes / 16, ExtentBytes)
                             : UINT64_MAX) {
  if (is_bounded())
    Entries = reserve_array<Entry>(num_extents, "the order of the cache");
}

std::size_t Cache::num_queued() const {
  std::lock_guard lock(Mutex);
  return Queues[First].length + Queues[Again].length;
}

void Cache::append(Extent extent, Where where) {
  Queue &queue = Queues[where];
  Entry &entry = Entries[extent];
  entry.where = where;
  entry.older = queue.newest;
  entry.newer = 0;
  (queue.newest ? Entries[queue.newest - 1].newer : queue.oldest) = extent + 1;
  queue.newest = extent + 1;
  ++queue.length;
}

void Cache::remove(Extent extent) {
  Entry &entry = Entries[extent];
  Queue &queue = Queues[entry.where];
  (entry.older ? Entries[entry.older - 1].newer : queue.oldest) = entry.newer;
  (entry.newer ? Entries[entry.newer - 1].older : queue.newest) = entry.older;
  --queue.length;
  entry.where = Nowhere;
}

void Cache::touched(Extent extent) {
  std::lock_guard lock(Mutex);
  Entry &entry = Entries[extent];
  switch (entry.where) {
  case First: // so soon that it tells nothing (the paper's correlated uses)
    return;
  case Again:
    if (Queues[Again].newest == extent + 1)
      return;
    remove(extent);
    append(extent, Again);
    break;
  case Ghost:
    remove(extent);
    append(extent, Again);
    break;
  default:
    append(extent, First);
  }
  entry.passed_over = false;
}

std::optional<Cache::Victim> Cache::take_victim() {
  std::lock_guard lock(Mutex);
  const Queue &first = Queues[First], &again = Queues[Again];
  // The paper's Kin: a quarter of the cache for what was fetched once.
  bool from_first =
      4 * first.length > first.length + again.length || again.length == 0;
  Extent oldest = from_first ? first.oldest : again.oldest;
  if (oldest == 0)
    return std::nullopt;
  Extent extent = oldest - 1;
  Entry &entry = Entries[extent];
  entry.left = entry.where;
  remove(extent);
  return Victim{extent, entry.passed_over};
}

void Cache::pass_over(Victim victim, bool was_written) {
  std::lock_guard lock(Mutex);
  Entry &entry = Entries[victim.extent];
  if (entry.where == First || entry.where == Again)
    return; // touched meanwhile
  append(victim.extent, static_cast<Where>(entry.left));
  entry.passed_over = victim.passed_over || was_written;
}

void Cache::evicted(Victim victim) {
  std::lock_guard lock(Mutex);
  Entry &entry = Entries[victim.extent];
  if (entry.where != Nowhere || entry.left != First)
    return;
  append(victim.extent, Ghost);
  // The paper's Kout: half as many as the cache holds are remembered.
  if (Queues[Ghost].length >
      (Queues[First].length + Queues[Again].length) / 2 + 1)
    remove(Queues[Ghost].oldest - 1);
}

} // namespace loco::memory
