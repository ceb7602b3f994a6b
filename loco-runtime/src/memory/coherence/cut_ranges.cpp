// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cut_ranges.cpp - remembering what range checks left out, and finding the
// place in it where a page fault has come.

#include "memory/coherence/cut_ranges.h"

#include "memory/space/layout.h"

namespace loco::memory {

std::optional<std::size_t> CutRange::row_in(std::uintptr_t block) const {
  std::uintptr_t block_end = block + BlockBytes;
  std::size_t number = 0;
  if (stride > 0 && block >= first + row_bytes) {
    auto distance = static_cast<std::size_t>(stride);
    number = (block - first - row_bytes) / distance + 1;
  } else if (stride < 0 && first >= block_end) {
    auto distance = -static_cast<std::size_t>(stride);
    number = (first - block_end) / distance + 1;
  }
  if (number >= rows)
    return std::nullopt;
  std::uintptr_t start = row(number);
  if (start >= block_end || start + row_bytes <= block)
    return std::nullopt;
  return number;
}

void CutRanges::remember(const CutRange &range) {
  if (!try_lock())
    return;
  CutRange &youngest = Ranges[(Next + Capacity - 1) % Capacity];
  bool is_again = youngest.first == range.first &&
                  youngest.stride == range.stride &&
                  youngest.for_stores == range.for_stores;
  if (is_again) {
    youngest = range;
  } else {
    Ranges[Next] = range;
    Next = (Next + 1) % Capacity;
  }
  unlock();
}

std::optional<CutRange> CutRanges::find(std::uintptr_t block, bool is_store) {
  if (!try_lock())
    return std::nullopt;
  std::optional<CutRange> found;
  for (unsigned age = 1; age <= Capacity && !found; ++age) {
    const CutRange &range = Ranges[(Next + Capacity - age) % Capacity];
    if (range.for_stores >= is_store && range.row_in(block))
      found = range;
  }
  unlock();
  return found;
}

} // namespace loco::memory
