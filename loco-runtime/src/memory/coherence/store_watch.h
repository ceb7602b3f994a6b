// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// store_watch.h - what looks at every changed byte on its way to its home, and at
// who has synchronised with whom. Where there is one, deltas go home through it,
// and the home's own stores are found by twins (M21, M22).
#pragma once

#include "fabric/fabric.h"
#include "memory/coherence/release_clock.h"
#include "memory/space/layout.h"

#include <cstdint>
#include <span>

namespace loco::memory {

/// Bytes [begin, end) of a block.
struct ByteRun {
  std::uint16_t begin, end;
};

/// Calls come with the lock of the block that they are about. Thread-safety: any
/// thread.
class StoreWatch {
public:
  virtual ~StoreWatch() = default;

  // ---- of blocks at home elsewhere

  /// In place of a scatter of the block's delta.
  virtual void send_stores(int home, Block block,
                           std::span<const fabric::Piece> pieces) = 0;
  /// Waits until what this node sent is in the homes' memory.
  virtual void wait_applied() = 0;

  // ---- of blocks at home here

  /// This node has changed those bytes of its block since the last comparison.
  virtual void home_wrote(Block block,
                          std::span<const fabric::Piece> pieces) = 0;

  // ---- of any

  /// The bytes are changed at the home by atomics, locks or volatile accesses,
  /// from now on: they are left out.
  virtual void leave_out(int home, std::uint64_t offset, std::size_t bytes) = 0;
  virtual bool is_left_out(std::uint64_t offset) const = 0;

  // ---- synchronisation

  /// A release of this node is whole.
  virtual void released() = 0;
  /// All releases that were made: what an acquire is about that does not say.
  virtual ReleaseClock all_releases() = 0;
  /// An acquire of that is whole.
  virtual void acquired(const ReleaseClock &clock) = 0;
  /// Leaves, and finds, what has synchronised through the lock or atomic there.
  virtual void leave_at(std::uint64_t offset) = 0;
  virtual ReleaseClock left_at(std::uint64_t offset) = 0;
};

} // namespace loco::memory
