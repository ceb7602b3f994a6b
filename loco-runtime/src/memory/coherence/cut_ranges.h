// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cut_ranges.h - range checks that left something out because a bounded cache
// had no room for it. The page fault that a thread takes where its range was
// cut goes on from there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace loco::memory {

/// `rows` rows of `row_bytes` bytes, each `stride` bytes behind the one before;
/// or a plain range, as one row.
struct CutRange {
  std::uintptr_t first;
  std::size_t row_bytes;
  std::ptrdiff_t stride;
  std::size_t rows;
  bool for_stores;

  /// The first row, as the loop goes, that has bytes in the block at `block`.
  std::optional<std::size_t> row_in(std::uintptr_t block) const;
  std::uintptr_t row(std::size_t number) const {
    return first + number * static_cast<std::size_t>(stride);
  }
};

/// The last few of a node. The fault thread reads them, so no thread waits for
/// another here (M8): who finds them in use goes without.
class CutRanges {
public:
  void remember(const CutRange &range);
  /// The youngest that has bytes in the block at `block`, and is for stores
  /// where the access is.
  std::optional<CutRange> find(std::uintptr_t block, bool is_store);

private:
  bool try_lock() { return !Locked.exchange(true, std::memory_order_acquire); }
  void unlock() { Locked.store(false, std::memory_order_release); }

  static constexpr unsigned Capacity = 16; ///< arrays in loops of some threads
  std::atomic<bool> Locked{false};
  CutRange Ranges[Capacity] = {};
  unsigned Next = 0; ///< where the oldest is
};

} // namespace loco::memory
