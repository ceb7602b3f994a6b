// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/coherence/costs.h"

#include "memory/coherence/refresh.h"

#include <algorithm>

namespace loco::memory {

double StepCosts::protect(Block blocks) const {
  // The kernel's tlb_single_page_flush_ceiling.
  static constexpr Block FlushedOneByOne = 33;
  const double each = std::max(
      (protecting.some - protecting.one) / (Protections::Some - 1), 0.0);
  return blocks <= FlushedOneByOne ? protecting.one + each * (blocks - 1)
                                   : std::max(protecting.one, protecting.many);
}

unsigned StepCosts::miss_in_refreshes() const {
  static constexpr double RefreshInComparisons = 16;
  return static_cast<unsigned>(std::clamp(
      (protecting.one + opening) / (RefreshInComparisons * comparison), 1.0,
      static_cast<double>(RefreshHistory::MostRefreshes)));
}

std::uint64_t ChangeCost::of_run(Block blocks, Block span) const {
  const double opened =
      std::min(1.0, static_cast<double>(Opened.load(std::memory_order_relaxed)) /
                        static_cast<double>(Closed));
  return static_cast<std::uint64_t>(std::max(share(blocks, span, opened), 1.0) *
                                    blocks);
}

void ChangeCost::compared(std::size_t blocks, double nanos) {
  // A thread that loses its core meanwhile says little.
  static constexpr double Share = 1.0 / 8, MostAtOnce = 4;
  const double each = std::min(nanos / static_cast<double>(blocks),
                               MostAtOnce * Costs.comparison);
  Costs.comparison += Share * (each - Costs.comparison);
}

void ChangeCost::closed(Block blocks, Block span) {
  Paid += share(blocks, span, /*opened=*/1) * blocks;
  Blocks += blocks;
  Closed += blocks;
  if (Blocks >= Remembered) {
    Blocks /= 2;
    Paid /= 2;
  }
  if (Closed >= Remembered) {
    Closed /= 2;
    Opened.store(Opened.load(std::memory_order_relaxed) / 2,
                 std::memory_order_relaxed);
  }
  OfABlock.store(static_cast<unsigned>(std::max(Paid / static_cast<double>(Blocks), 1.0)),
                 std::memory_order_relaxed);
}

} // namespace loco::memory
