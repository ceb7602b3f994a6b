// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sole_writers.h - which blocks this node alone writes, though another node is
// their home: candidates to move here (migration.cpp). Time goes by intervals,
// from one barrier of all nodes to the next.
//
// Thread-safety: none; the caller holds the protocol mutex.
#pragma once

#include "memory/space/layout.h"

#include <span>

namespace loco::memory {

class SoleWriters {
public:
  /// Whatever this node has written is a candidate: for tests of moving.
  static constexpr int Always = -1;

  /// A block becomes a candidate when this node has written it in `intervals`
  /// intervals, and nobody else since the first of them; 0: never.
  SoleWriters(Block num_blocks, int intervals);

  bool enabled() const { return Intervals != 0; }
  bool always() const { return Intervals == Always; }

  /// This node has stored to the block, whose home is elsewhere.
  void wrote(Block block);
  /// Another node has.
  void others_wrote(Block first, Block count) {
    for (Block b = first; b < first + count; ++b)
      Uses[b].Others = Now;
  }

  void end_interval();
  /// Takes blocks off the candidates that are none any more.
  void update_candidates();

  /// Ascending.
  std::span<const Block> candidates() const {
    return {Candidates, NumCandidates};
  }

  /// The blocks have another home now, or their home keeps them. Each time
  /// doubles the intervals that asking again takes, so blocks that two nodes
  /// write in turn come to rest.
  void settled(Block first, Block count);

private:
  struct Use {
    std::uint32_t Last;   ///< interval in which this node wrote it last
    std::uint32_t Since;  ///< interval in which Streak began
    std::uint32_t Others; ///< interval in which another node wrote it last
    std::uint16_t Streak; ///< intervals in which this node wrote, and it alone
    std::uint8_t Doubled; ///< times that Intervals is to be doubled
    bool Candidate;       ///< in Candidates
  };
  static constexpr unsigned MaxDoubled = 6;

  bool is_due(const Use &use) const {
    return always() ? use.Streak != 0 : use.Streak >= Intervals << use.Doubled;
  }

  int Intervals;
  std::uint32_t Now = 1;
  Use *Uses;       ///< by block
  Block *Written; ///< in this interval
  std::size_t NumWritten = 0;
  Block *Candidates;
  std::size_t NumCandidates = 0;
};

} // namespace loco::memory
