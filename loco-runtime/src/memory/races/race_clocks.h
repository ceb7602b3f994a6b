// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_clocks.h - the happens-before of LOCO_RACE: each node counts its
// releases; a clock says for each node up to which of them somebody has
// synchronised with it. What hands synchronisation on (a region's start, a
// barrier, a lock, an atomic) has a place in each node's Control, where who
// releases leaves its clock for who acquires.
//
// Thread-safety: any thread.
#pragma once

#include "fabric/fabric.h"
#include "memory/coherence/release_clock.h"

#include <span>

namespace loco::memory {

class RaceClocks {
public:
  /// Collective, in the start-up order of Control reservations.
  RaceClocks(fabric::Fabric &fabric, int compute_nodes);

  /// The number of this node's release that comes next, or is under way.
  std::uint64_t next_release() const {
    return Mine[Network.node()].load(std::memory_order_seq_cst) + 1;
  }
  /// A release is whole: what it is about is at the homes, and noticed. One
  /// caller at a time.
  void released();
  /// This node has synchronised with all that `clock` says.
  void acquired(const ReleaseClock &clock);
  /// What this node has synchronised with; its own whole releases, too.
  ReleaseClock now() const;

  /// Every release that any node has made: what an acquire is taken to be about
  /// that does not say.
  ReleaseClock everything();

  /// A place in the Control segment of each node.
  using Place = std::uint64_t;
  Place of_span() const { return Span; }
  /// Of the barrier of nodes 0 .. num_nodes-1 that this node comes to next; it
  /// is ahead of no other by more than one.
  Place of_next_barrier(int num_nodes);
  /// Of a lock or an atomic. Some have to share one.
  Place of_object(std::uint64_t offset) const;

  /// Leaves this node's clock, joined with what is there, at its own place.
  void leave(Place place);
  /// What a node has left, or the first `num_nodes` nodes.
  ReleaseClock left_by(int node, Place place);
  ReleaseClock left_by_all(int num_nodes, Place place);

private:
  static constexpr std::uint64_t NumObjects = 512;
  std::uint64_t clock_bytes() const { return ComputeNodes * 8; }

  fabric::Fabric &Network;
  const int ComputeNodes;
  std::uint64_t Span, Barriers, Objects; ///< in Control: clocks
  std::uint64_t Count;                   ///< in Control: this node's releases
  std::uint64_t BarriersDone[MaxNodes + 1] = {}; ///< by nodes; one at a time
  std::atomic<std::uint64_t> Mine[MaxNodes] = {};
};

} // namespace loco::memory
