// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release_clock.h - up to which of each node's releases somebody has synchronised
// with it: a vector clock (Fidge; Mattern, 1988) whose events are releases.
#pragma once

#include "base/settings.h"

#include <cstdint>

namespace loco::memory {

struct ReleaseClock {
  std::uint64_t releases[MaxNodes] = {}; ///< by node

  void join(const ReleaseClock &other) {
    for (int node = 0; node < MaxNodes; ++node)
      if (releases[node] < other.releases[node])
        releases[node] = other.releases[node];
  }
};

} // namespace loco::memory
