// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// placement.h - which node an extent goes to that has no home yet: by policy
// (LOCO_PLACEMENT, loco_alloc_hint), from where it lies in its object. A
// choice, no state: homes.h has the directory of what was chosen.
#pragma once

#include "loco/placement.h"
#include "memory/space/layout.h"

#include <atomic>

namespace loco::memory {

/// Consecutive extents that are placed together: an allocation, or the globals
/// of one module.
struct ExtentRange {
  Extent first;
  Extent count;
};

/// The extents that `bytes` bytes from `offset` of the Memory segment lie in.
inline ExtentRange extents_of(std::uint64_t offset, std::uint64_t bytes) {
  auto first = static_cast<Extent>(offset / ExtentBytes);
  return {first,
          static_cast<Extent>((offset + bytes - 1) / ExtentBytes) - first + 1};
}

class Placement {
public:
  /// `policy` is for what no hint names. What is spread goes over the memory
  /// nodes where there are some: those from `compute_nodes` on.
  Placement(int compute_nodes, int num_nodes, loco_placement policy)
      : FirstNode(compute_nodes < num_nodes ? compute_nodes : 0),
        NumNodes(num_nodes - FirstNode), Policy(policy) {}

  loco_placement policy() const { return Policy; }

  /// Any: whoever touches it first.
  static constexpr int Anyone = -1;
  /// The home of extent `index` of `count` under a policy; `asker` is the node
  /// that asks for it.
  int choose(loco_placement policy, Extent index, Extent count,
             int asker) const;

  /// Globals are placed by a rule that all nodes know, as none allocates them.
  /// Every node makes the same calls; not thread-safe against each other.
  void add_globals(ExtentRange range);

  /// The home of an extent that has none and for which nothing is planned, when
  /// `toucher` is the first to touch it.
  int home_for(Extent extent, int toucher) const;

private:
  static constexpr unsigned MaxGlobals = 256;

  int FirstNode, NumNodes; ///< that memory is spread over
  loco_placement Policy;
  ExtentRange Globals[MaxGlobals] = {};
  std::atomic<unsigned> NumGlobals{0};
};

} // namespace loco::memory
