// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// twins.h - copies of cached blocks as they were before this node's first write
// to them (Carter et al., "Implementation and Performance of Munin", SOSP
// 1991), and the comparison that finds the bytes written since.
#pragma once

#include "fabric/fabric.h"
#include "memory/space/layout.h"

#include <atomic>
#include <mutex>
#include <vector>

namespace loco::memory {

/// A pool of block-sized buffers outside the window. Any thread.
class TwinPool {
public:
  explicit TwinPool(Block num_blocks);

  using Twin = std::uint32_t; ///< index; 0 is no twin
  Twin take();
  void give_back(Twin twin);
  std::byte *bytes(Twin twin) const { return Buffers + offset_of(twin); }

  /// First uses then wait for few page faults; trim() frees little.
  void prefer_huge_pages();

  /// Memory that twins have, also those that were given back.
  std::uint64_t resident_bytes() const {
    return Resident.load(std::memory_order_relaxed) * BlockBytes;
  }
  /// Frees the memory of up to `count` twins that nobody uses.
  void trim(std::uint64_t count);

private:
  std::byte *Buffers;
  Twin *Next; ///< free list, by twin
  Block Capacity;
  Twin FirstFree = 0; ///< has memory
  Twin FirstBare = 0; ///< trimmed
  Twin NumUsed = 1;   ///< twins ever handed out, and number 0
  std::atomic<std::uint64_t> Resident{0};
  std::mutex Mutex;
};

/// The most pieces that one block can differ in.
inline constexpr std::size_t MaxPiecesPerBlock = BlockBytes / 2;

/// Finds the runs of bytes in which `data` (a block at `offset` of the Memory
/// segment) differs from `twin`; returns their number. Exactly the differing
/// bytes: a neighbour may have been written by another node. Both 64-byte
/// aligned.
std::size_t find_delta(const std::byte *data, const std::byte *twin,
                       std::uint64_t offset, fabric::Piece *pieces);

/// Whether two blocks differ. Both 64-byte aligned.
bool differ(const std::byte *data, const std::byte *twin);

/// What differs between `now` and the twin goes to the twin and to the copy; no other
/// byte of the copy is stored to, as others may be storing there. Others may be storing to
/// `now`, too: it is read once, so that the twin and the copy get the same. All 64-byte
/// aligned. Returns how many bytes differ.
std::size_t merge_changes(const std::byte *now, std::byte *twin,
                          std::byte *copy);

/// Every way in which this CPU can do it, the one that find_delta() takes
/// first: for tests.
using FindDelta = decltype(find_delta);
std::vector<FindDelta *> find_delta_variants();
using MergeChanges = decltype(merge_changes);
std::vector<MergeChanges *> merge_changes_variants();

} // namespace loco::memory
