// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// placement.cpp - the policies.

#include "memory/homes/placement.h"

namespace loco::memory {

int Placement::choose(loco_placement policy, Extent index, Extent count,
                      int asker) const {
  auto nodes = static_cast<Extent>(NumNodes);
  switch (policy) {
  case LOCO_PLACEMENT_INTERLEAVE:
    return FirstNode + static_cast<int>(index % nodes);
  case LOCO_PLACEMENT_BLOCK:
    // Equal parts, to the extent: index / (count / nodes) without rounding.
    return FirstNode + static_cast<int>(std::uint64_t{index} * nodes / count);
  case LOCO_PLACEMENT_LOCAL:
    return asker;
  case LOCO_PLACEMENT_FIRST_TOUCH:
    break;
  }
  return Anyone;
}

void Placement::add_globals(ExtentRange range) {
  unsigned index = NumGlobals.load(std::memory_order_relaxed);
  if (index == MaxGlobals)
    return; // placed by first touch, as without a policy
  Globals[index] = range;
  NumGlobals.store(index + 1, std::memory_order_release);
}

int Placement::home_for(Extent extent, int toucher) const {
  if (Policy == LOCO_PLACEMENT_FIRST_TOUCH)
    return toucher;
  unsigned n = NumGlobals.load(std::memory_order_acquire);
  for (unsigned i = 0; i < n; ++i)
    if (extent - Globals[i].first < Globals[i].count) {
      int home = choose(Policy, extent - Globals[i].first, Globals[i].count,
                        /*asker=*/0);
      return home == Anyone ? toucher : home;
    }
  return toucher; // the heap's: planned when it was allocated, or small
}

} // namespace loco::memory
