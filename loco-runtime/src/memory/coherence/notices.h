// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// notices.h - write notices: every node keeps a log, in its Control segment, of
// the blocks that it has modified and released. An acquire reads what the other
// nodes have appended since this node's last one. After Keleher et al., "Lazy
// Release Consistency for Software Distributed Shared Memory" (ISCA 1992), with
// one log a node in place of interval vectors: an acquirer may learn of more
// than it must, never of less.
//
// Thread-safety: none; the caller holds the protocol mutex.
#pragma once

#include "fabric/fabric.h"
#include "memory/space/layout.h"

#include <bit>
#include <span>
#include <vector>

namespace loco::memory {

/// A run of modified blocks; or, `unsure`, of blocks that may have been
/// modified: the publisher's table of fingerprints tells (M17).
struct Notice {
  Block first;
  std::uint32_t count : 31;
  std::uint32_t unsure : 1;
};
static_assert(sizeof(Notice) == 8);

class Notices {
public:
  /// Collective, in the start-up order of Control reservations.
  explicit Notices(fabric::Fabric &fabric);

  /// Publishes that these blocks (sorted, ascending) were modified. Their data
  /// is at the homes already (M4). Returns how many notices that took.
  std::uint64_t publish(const Block *blocks, std::size_t count, bool unsure);

  /// Asks how much `peer` has published; Fabric::wait() answers it, before read().
  void ask(int peer);
  /// For all that were asked, and what they have published since the last time, in
  /// batches: calls ask_more(peer, notices) for each, where more may be asked of
  /// nodes, waits once, and calls visit(peer, notices). False where a log has been
  /// overwritten meanwhile: any block may have been modified.
  template <typename AskMore, typename Visit>
  bool read(AskMore ask_more, Visit visit) {
    bool whole = true;
    while (fetch(whole)) {
      each_batch(ask_more);
      Fabric.wait();
      each_batch(visit);
    }
    return whole;
  }

private:
  static constexpr std::uint64_t LogNotices = 1 << 16;
  static constexpr std::size_t BatchNotices = 256;

  /// What is read of a peer's log.
  struct Reading {
    std::uint64_t seen = 0;  ///< read before
    std::uint64_t end = 0;   ///< published
    std::uint64_t begun = 0; ///< before which there may be others by now
    std::size_t count = 0;   ///< in the batch
    Notice batch[BatchNotices];
  };

  /// Reads the next batch of each peer, with one wait; false where nobody has any.
  /// `whole` becomes false where some are no longer there.
  bool fetch(bool &whole);
  template <typename Visit> void each_batch(Visit visit) {
    for (std::size_t peer = 0; peer < Readings.size(); ++peer)
      if (const Reading &of = Readings[peer]; of.count != 0)
        visit(static_cast<int>(peer), std::span(of.batch, of.count));
  }
  void append(Notice notice);

  fabric::Fabric &Fabric;
  std::uint64_t CountOffset; ///< in Control: notices ever published
  std::uint64_t LogOffset;   ///< in Control: the ring
  std::uint64_t Appended = 0;
  std::vector<Reading> Readings; ///< by peer
};

} // namespace loco::memory
