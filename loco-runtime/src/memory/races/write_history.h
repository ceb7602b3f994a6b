// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// write_history.h - which node wrote each byte of a home's blocks last, and in
// which of its releases it said so: two writes of one byte by different nodes
// race unless the later writer had seen the earlier one's release. After
// Flanagan, Freund, "FastTrack" (PLDI 2009): one last write a byte is enough as
// long as no race was found.
//
// Thread-safety: none; the caller holds its mutex.
#pragma once

#include "memory/coherence/store_watch.h"

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace loco::memory {

/// Code that stored to bytes of a block, or made them ready for a store.
struct StoreSite {
  std::uint64_t pc; ///< a return address
  std::uint64_t release;
  ByteRun bytes;
};

/// What a node wrote to a block until a release.
struct BlockWrite {
  int node;
  std::uint64_t release; ///< the node's releases, counted from 1
  std::vector<StoreSite> sites;

  /// The return address of the likeliest store to a byte: the latest, then the
  /// one that is about the fewest bytes, then the one that starts nearest. 0
  /// where none is known.
  std::uint64_t pc_of(std::uint16_t byte) const;
};
using SharedWrite = std::shared_ptr<const BlockWrite>;

class WriteHistory {
public:
  struct Conflict {
    ByteRun bytes;
    SharedWrite earlier;
  };

  /// Notes that `write` changed these bytes (ascending, apart) of the block.
  /// Appends those whose last write is another node's and not among the
  /// releases, by node, that the writer had `seen`.
  void record(Block block, std::span<const ByteRun> bytes,
              const SharedWrite &write, std::span<const std::uint64_t> seen,
              std::vector<Conflict> &conflicts);

private:
  struct Entry {
    ByteRun bytes;
    SharedWrite write;
  };
  std::unordered_map<Block, std::vector<Entry>> Blocks; ///< entries ascending
};

} // namespace loco::memory
