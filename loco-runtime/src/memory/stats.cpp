// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stats.cpp - the report of a node's counters.

#include "memory/stats.h"

namespace loco::memory {

std::string Stats::json() const {
  std::string text = "{";
#define LOCO_STAT_REPORT(member, key)                                          \
  text += "\"" key "\":" + std::to_string(member.load()) + ",";
  LOCO_STATS(LOCO_STAT_REPORT)
#undef LOCO_STAT_REPORT
  text.back() = '}';
  return text;
}

} // namespace loco::memory
