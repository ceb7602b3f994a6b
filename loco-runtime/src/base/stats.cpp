// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stats.cpp - the report of a node's counters.

#include "base/stats.h"

#include <algorithm>
#include <iterator>

namespace loco {

namespace {

constexpr const char *WaitNames[] = {
#define LOCO_WAIT_NAME(cause, name) name,
    LOCO_WAIT_CAUSES(LOCO_WAIT_NAME)
#undef LOCO_WAIT_NAME
};

std::int64_t signed_value(const std::atomic<std::uint64_t> &counter) {
  return static_cast<std::int64_t>(counter.load(std::memory_order_relaxed));
}

} // namespace

Stats::ThreadWaitCounts &Stats::take_wait_counts() {
  return OfThreads[std::min(Threads.fetch_add(1), MostThreads - 1)];
}

std::uint64_t Stats::sum(WaitCause cause,
                         std::atomic<std::uint64_t> Waits::*which) const {
  std::uint64_t all = 0;
  for (const ThreadWaitCounts &of : OfThreads)
    all += (of.by_cause[static_cast<int>(cause)].*which)
               .load(std::memory_order_relaxed);
  return all;
}

std::string Stats::json() const {
  std::string text = "{";
  auto add = [&](const std::string &key, std::uint64_t number) {
    text += "\"" + key + "\":" + std::to_string(number) + ",";
  };
#define LOCO_STAT_REPORT(member, key) add(key, member.load());
  LOCO_STATS(LOCO_STAT_REPORT)
#undef LOCO_STAT_REPORT
  for (std::size_t cause = 0; cause < std::size(WaitNames); ++cause)
    if (const auto of = static_cast<WaitCause>(cause); waits(of) != 0) {
      add(WaitNames[cause] + std::string("_waits"), waits(of));
      add(WaitNames[cause] + std::string("_wait_ns"), wait_ns(of));
    }
  text.back() = '}';
  return text;
}

std::int64_t Stats::find(std::string_view wanted) const {
#define LOCO_STAT_FIND(member, key)                                            \
  if (wanted == key)                                                           \
    return signed_value(member);
  LOCO_STATS(LOCO_STAT_FIND)
#undef LOCO_STAT_FIND
  std::int64_t all = 0;
  for (std::size_t cause = 0; cause < std::size(WaitNames); ++cause) {
    const std::string_view name = WaitNames[cause];
    const auto of = static_cast<WaitCause>(cause);
    if (of != WaitCause::Region)
      all += static_cast<std::int64_t>(waits(of));
    if (!wanted.starts_with(name))
      continue;
    if (wanted.substr(name.size()) == "_waits")
      return static_cast<std::int64_t>(waits(of));
    if (wanted.substr(name.size()) == "_wait_ns")
      return static_cast<std::int64_t>(wait_ns(of));
  }
  return wanted == "waits" ? all : -1;
}

} // namespace loco
