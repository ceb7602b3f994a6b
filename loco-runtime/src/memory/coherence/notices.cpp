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
      Readings(static_cast<std::size_t>(fabric.num_nodes())) {}

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
  std::uint64_t runs = 1;
  for (std::size_t i = 1; i < count; ++i)
    runs += blocks[i] != blocks[i - 1] + 1;
  counts(Fabric, CountOffset)[0].store(before + runs);
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

void Notices::ask(int peer) {
  Fabric.atomic_load_later(peer, Segment::Control, CountOffset + 8,
                           &Readings[static_cast<std::size_t>(peer)].end, 8);
}

bool Notices::fetch(bool &whole) {
  bool any = false;
  for (std::size_t i = 0; i < Readings.size(); ++i) {
    Reading &of = Readings[i];
    of.seen += of.count;
    const std::uint64_t at = of.seen % LogNotices;
    of.count = std::min<std::uint64_t>(
        {of.end - of.seen, LogNotices - at, std::uint64_t{BatchNotices}});
    if (of.count == 0)
      continue;
    any = true;
    const int peer = static_cast<int>(i);
    Fabric.get_later(peer, Segment::Control, LogOffset + at * sizeof(Notice),
                     of.batch, of.count * sizeof(Notice));
    // After the notices: they were whole when they were read if they still are.
    Fabric.atomic_load_later(peer, Segment::Control, CountOffset, &of.begun, 8);
  }
  Fabric.wait();
  for (Reading &of : Readings)
    if (of.count != 0 && of.begun - of.seen > LogNotices) {
      whole = false;
      of.seen = of.end;
      of.count = 0;
    }
  return any;
}

} // namespace loco::memory
