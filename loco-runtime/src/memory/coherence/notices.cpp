// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// notices.cpp - the logs of write notices.

#include "memory/coherence/notices.h"

#include <algorithm>

namespace loco::memory {

using fabric::Segment;

Notices::Notices(fabric::Fabric &fabric)
    : Fabric(fabric), CountOffset(fabric.reserve_control(16)),
      LogOffset(fabric.reserve_control(LogNotices * sizeof(Notice))),
      Seen(static_cast<std::size_t>(fabric.num_nodes())) {}

// Two counts frame the ring: [0] is raised before notices are overwritten, [1]
// after they are whole, so that a reader can tell that what it copied was
// valid.
static std::atomic<std::uint64_t> *counts(fabric::Fabric &fabric,
                                          std::uint64_t offset) {
  return reinterpret_cast<std::atomic<std::uint64_t> *>(fabric.control() +
                                                        offset);
}

void Notices::append(Notice notice) {
  auto *log = reinterpret_cast<std::atomic<std::uint64_t> *>(Fabric.control() +
                                                             LogOffset);
  log[Appended++ % LogNotices].store(std::bit_cast<std::uint64_t>(notice),
                                     std::memory_order_relaxed);
}

std::uint64_t Notices::publish(const Block *blocks, std::size_t count,
                               bool unsure) {
  if (count == 0)
    return 0;
  std::uint64_t before = Appended;
  counts(Fabric, CountOffset)[0].store(before + count);
  Notice run{blocks[0], 1, unsure};
  for (std::size_t i = 1; i < count; ++i) {
    if (blocks[i] == run.first + run.count) {
      ++run.count;
      continue;
    }
    append(run);
    run = {blocks[i], 1, unsure};
  }
  append(run);
  counts(Fabric, CountOffset)[1].store(Appended);
  return Appended - before;
}

std::uint64_t Notices::published(int peer) {
  std::uint64_t count;
  Fabric.atomic_load(peer, Segment::Control, CountOffset + 8, &count, 8);
  return count;
}

std::size_t Notices::fetch(int peer, std::uint64_t from, std::uint64_t end,
                           Notice *batch) {
  std::uint64_t at = from % LogNotices;
  std::size_t n = std::min<std::uint64_t>(
      {end - from, LogNotices - at, std::uint64_t{BatchNotices}});
  Fabric.get(peer, Segment::Control, LogOffset + at * sizeof(Notice), batch,
             n * sizeof(Notice));
  std::uint64_t begun;
  Fabric.atomic_load(peer, Segment::Control, CountOffset, &begun, 8);
  return begun - from <= LogNotices ? n : 0;
}

} // namespace loco::memory
