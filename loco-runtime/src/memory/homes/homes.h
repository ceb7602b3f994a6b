// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// homes.h - which node is home to a block. A directory of two bytes an extent
// lies in the Control segments. The first node to touch an extent claims it
// there with a compare-exchange, for itself or for the node that was planned
// (placement.h). Every node remembers what it has learned. Blocks get another
// home only while all nodes stand still (migration.cpp), and each of them notes
// it: of blocks that have moved the directory knows nothing.
#pragma once

#include "base/settings.h"
#include "fabric/fabric.h"
#include "memory/homes/placement.h"
#include "memory/space/layout.h"

#include <atomic>

namespace loco::memory {

class Homes {
public:
  /// Collective, in the start-up order of Control reservations.
  Homes(fabric::Fabric &fabric, int compute_nodes, std::uint64_t window_bytes,
        Extent num_extents, loco_placement policy);

  /// The home of the block. Where its extent has none yet it gets one, as was
  /// planned for it; without a plan it is this node's.
  int claim(Block block);

  /// The home of the block, or -1 where it has none yet. Does not claim.
  int find(Block block);
  /// The home that this node has once learned of; -1 where it has not.
  int known(Block block) const {
    if (std::uint8_t moved = Moved[block].load(std::memory_order_relaxed))
      return moved - 1;
    return (Known[extent_of(block)].load(std::memory_order_relaxed) &
            ~KnownPinned) -
           1;
  }

  /// claim(), and the whole extent stays where it is for good: it holds a lock,
  /// or a stack.
  int pin(Block block);
  bool is_pinned(Extent extent);

  /// Consecutive blocks of one extent that have one home.
  struct Run {
    int home;
    Block count;
  };
  /// The longest run from `first` on, of at most `limit` blocks; claims.
  Run claim_run(Block first, Block limit);

  /// Plans homes for the extents of an object that nobody has touched. Returns
  /// how many had a home already that is not the one planned.
  Extent plan(ExtentRange range, loco_placement policy);

  /// Blocks of one extent have a new home; every node that runs the program
  /// notes the same moves.
  void moved(Block first, Block count, int home);

  Placement &placement() { return Policy; }

  /// Which node's part of the window an extent is allocated from.
  int owner(Extent extent) const {
    return static_cast<int>(extent / ExtentsPerOwner);
  }
  /// This node's part of the window.
  Extent first_owned() const {
    return static_cast<Extent>(Fabric.node()) * ExtentsPerOwner;
  }
  Extent num_owned() const { return ExtentsPerOwner; }

private:
  /// A directory entry: 0, or one of these bits, or both of a home and Pinned.
  using Entry = std::uint16_t;
  static constexpr Entry NodeBits = 0xff; ///< node + 1
  static constexpr Entry Planned = 0x100; ///< not claimed; no node: by touch
  static constexpr Entry Pinned = 0x200;
  static Entry of_node(int node) { return static_cast<Entry>(node + 1); }
  static int node_of(Entry entry) { return (entry & NodeBits) - 1; }

  static constexpr std::uint8_t KnownPinned = 0x80; ///< in Known
  static_assert(MaxNodes < KnownPinned);

  int claim_extent(Extent extent);
  Entry load(Extent extent);
  bool exchange(Extent extent, Entry &expected, Entry desired);
  int directory_node(Extent extent) const;
  std::uint64_t directory_offset(Extent extent) const {
    return Directory + extent * sizeof(Entry);
  }

  fabric::Fabric &Fabric;
  int ComputeNodes; ///< the first ones; only they allocate
  Placement Policy;
  Extent WindowExtents;
  Extent ExtentsPerOwner;
  std::uint64_t Directory;          ///< in Control
  std::atomic<std::uint8_t> *Known; ///< by extent: node + 1 | KnownPinned, or 0
  std::atomic<std::uint8_t> *Moved; ///< by block: node + 1, or 0: as the extent
};

} // namespace loco::memory
