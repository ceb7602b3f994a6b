// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stats.cpp - the report of a node's counters.

#include "base/stats.h"

namespace loco {

std::string Stats::json() const {
  std::string text = "{";
#define LOCO_STAT_REPORT(member, key)                                          \
  text += "\"" key "\":" + std::to_string(member.load()) + ",";
  LOCO_STATS(LOCO_STAT_REPORT)
#undef LOCO_STAT_REPORT
  text.back() = '}';
  return text;
}

std::int64_t Stats::find(std::string_view wanted) const {
#define LOCO_STAT_FIND(member, key)                                            \
  if (wanted == key)                                                           \
    return static_cast<std::int64_t>(member.load(std::memory_order_relaxed));
  LOCO_STATS(LOCO_STAT_FIND)
#undef LOCO_STAT_FIND
  return -1;
}

} // namespace loco
