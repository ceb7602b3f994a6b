// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// move_board.h - what the nodes tell each other while homes move: which blocks
// a node asks for, and what their homes answer. Each node has two lists in its
// Control segment that all others read after they have met.
//
// Thread-safety: none; the caller holds the protocol mutex.
#pragma once

#include "loco/channels.h"
#include "memory/space/layout.h"

namespace loco::memory {

/// A node asks for blocks of one extent, and whether it gets them.
struct Move {
  Block first;
  std::uint8_t count;
  std::uint8_t from; ///< their home
  std::uint8_t to;   ///< the node that asks
  bool granted;      ///< in an answer
};
static_assert(sizeof(Move) == 8);

class MoveBoard {
public:
  /// Between the first `num_nodes`. Collective, in the start-up order of
  /// Control reservations.
  MoveBoard(fabric::Fabric &fabric, int num_nodes);

  enum List { Requests, Answers };

  /// Empties this node's lists.
  void clear();
  bool full(List list) const;
  void add(List list, Move move);
  /// Calls visit(move) for what `node` has put on the list.
  template <typename Visit> void read(List list, int node, Visit visit) const {
    std::uint64_t count;
    Lists[list].read(node, 0, &count, sizeof count);
    for (std::uint64_t at = 0; at < count;) {
      static constexpr std::uint64_t Batch = 256;
      Move moves[Batch];
      std::uint64_t n = count - at < Batch ? count - at : Batch;
      Lists[list].read(node, sizeof count + at * sizeof(Move), moves,
                       n * sizeof(Move));
      for (std::uint64_t i = 0; i < n; ++i)
        visit(moves[i]);
      at += n;
    }
  }

  /// Waits for all nodes.
  void meet() { Meeting.wait(NumNodes); }

private:
  /// Of whole extents, 256 MiB of memory at a time; what is left waits for the
  /// next barrier.
  static constexpr std::uint64_t Capacity = 4096;

  std::uint64_t &count_of(List list) const;

  int NumNodes;
  SharedRegion Lists[2]; ///< a count, and moves
  Barrier Meeting;
};

} // namespace loco::memory
