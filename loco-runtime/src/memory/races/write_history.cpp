// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// write_history.cpp - who wrote each byte last.

#include "memory/races/write_history.h"

#include <algorithm>
#include <tuple>

namespace loco::memory {

std::uint64_t BlockWrite::pc_of(std::uint16_t byte) const {
  const StoreSite *best = nullptr;
  auto rank = [](const StoreSite &s) {
    return std::tuple(s.release, -(s.bytes.end - s.bytes.begin), s.bytes.begin);
  };
  for (const StoreSite &site : sites)
    if (site.bytes.begin <= byte && byte < site.bytes.end &&
        (best == nullptr || rank(site) > rank(*best)))
      best = &site;
  return best == nullptr ? 0 : best->pc;
}

void WriteHistory::record(Block block, std::span<const ByteRun> bytes,
                          const SharedWrite &write,
                          std::span<const std::uint64_t> seen,
                          std::vector<Conflict> &conflicts) {
  std::vector<Entry> &entries = Blocks[block];
  std::vector<Entry> updated;
  updated.reserve(entries.size() + bytes.size());
  auto keep = [&](std::uint16_t begin, std::uint16_t end,
                  const SharedWrite &by) {
    if (begin >= end)
      return;
    if (!updated.empty() && updated.back().write == by &&
        updated.back().bytes.end == begin)
      updated.back().bytes.end = end;
    else
      updated.push_back({{begin, end}, by});
  };
  auto races = [&](const BlockWrite &earlier) {
    return earlier.node != write->node &&
           earlier.release > seen[static_cast<std::size_t>(earlier.node)];
  };
  std::size_t at = 0;
  std::uint16_t kept_to = 0; // of entries[at]
  for (ByteRun run : bytes) {
    // What lies before the run stays.
    while (at < entries.size() && entries[at].bytes.begin < run.end) {
      const Entry &entry = entries[at];
      std::uint16_t begin = std::max(entry.bytes.begin, kept_to);
      keep(begin, std::min(entry.bytes.end, run.begin), entry.write);
      ByteRun both{std::max(begin, run.begin),
                   std::min(entry.bytes.end, run.end)};
      if (both.begin < both.end && races(*entry.write))
        conflicts.push_back({both, entry.write});
      if (entry.bytes.end > run.end)
        break; // its end is behind the run
      ++at;
      kept_to = 0;
    }
    keep(run.begin, run.end, write);
    kept_to = run.end;
  }
  for (; at < entries.size(); ++at, kept_to = 0)
    keep(std::max(entries[at].bytes.begin, kept_to), entries[at].bytes.end,
         entries[at].write);
  entries = std::move(updated);
}

} // namespace loco::memory
