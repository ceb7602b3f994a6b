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

  /// Calls visit(notice) for what `peer` has published since the last call.
  /// False where the log has been overwritten meanwhile: any block may have
  /// been modified.
  template <typename Visit> bool read(int peer, Visit visit) {
    std::uint64_t end = published(peer);
    std::uint64_t &seen = Seen[static_cast<std::size_t>(peer)];
    bool whole = true;
    while (seen < end && whole) {
      Notice batch[BatchNotices];
      std::size_t n = fetch(peer, seen, end, batch);
      whole = n != 0;
      for (std::size_t i = 0; i < n; ++i)
        visit(batch[i]);
      seen += n;
    }
    seen = end;
    return whole;
  }

private:
  static constexpr std::uint64_t LogNotices = 1 << 16;
  static constexpr std::size_t BatchNotices = 256;

  std::uint64_t published(int peer);
  /// Reads a batch from `from` on; 0 where it is no longer there.
  std::size_t fetch(int peer, std::uint64_t from, std::uint64_t end,
                    Notice *batch);
  void append(Notice notice);

  fabric::Fabric &Fabric;
  std::uint64_t CountOffset; ///< in Control: notices ever published
  std::uint64_t LogOffset;   ///< in Control: the ring
  std::uint64_t Appended = 0;
  std::vector<std::uint64_t> Seen; ///< by peer
};

} // namespace loco::memory
