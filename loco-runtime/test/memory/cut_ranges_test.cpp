// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cut_ranges_test.cpp - which row of a range that was cut a page fault is in,
// and which ranges are remembered.

#include "memory/coherence/cut_ranges.h"

#include "memory/space/layout.h"

#include <gtest/gtest.h>

namespace {

using namespace loco::memory;

constexpr std::uintptr_t Base = std::uintptr_t{1} << 40;

std::uintptr_t block_of(std::uintptr_t address) {
  return address / BlockBytes * BlockBytes;
}

/// The first row with bytes in the block, by looking at them all.
std::optional<std::size_t> row_by_search(const CutRange &range,
                                         std::uintptr_t block) {
  for (std::size_t n = 0; n < range.rows; ++n)
    if (range.row(n) < block + BlockBytes &&
        range.row(n) + range.row_bytes > block)
      return n;
  return std::nullopt;
}

TEST(CutRangeTest, FindsTheRowOfEachBlock) {
  constexpr std::size_t Rows = 20;
  for (std::ptrdiff_t stride : {5000, 4 * 4096, 4096 * 4 + 24, 100'000})
    for (std::size_t row_bytes : {1, 8, 4096, 4999})
      for (std::uintptr_t shift : {0, 8, 4090, 4095})
        for (bool is_down : {false, true}) {
          std::uintptr_t low = Base + shift;
          std::size_t span = (Rows - 1) * static_cast<std::size_t>(stride);
          CutRange range{is_down ? low + span : low, row_bytes,
                         is_down ? -stride : stride, Rows, false};
          for (std::uintptr_t block = block_of(low) - 2 * BlockBytes;
               block < low + span + 3 * BlockBytes; block += BlockBytes)
            ASSERT_EQ(range.row_in(block), row_by_search(range, block))
                << "block " << block - Base << ", stride " << range.stride
                << ", " << row_bytes << " bytes at " << shift;
        }
}

TEST(CutRangeTest, ARangeIsOneRow) {
  CutRange range{Base + 10, 3 * BlockBytes, 0, 1, false};
  EXPECT_FALSE(range.row_in(Base - BlockBytes));
  for (unsigned n = 0; n < 4; ++n)
    EXPECT_EQ(range.row_in(Base + n * BlockBytes), 0u);
  EXPECT_FALSE(range.row_in(Base + 4 * BlockBytes));
}

TEST(CutRangesTest, TheYoungestThatFitsIsFound) {
  CutRanges ranges;
  EXPECT_FALSE(ranges.find(Base, false));
  ranges.remember({Base, 100, 0, 1, true});
  ranges.remember({Base, 200, 0, 1, false});
  EXPECT_EQ(ranges.find(Base, false)->row_bytes, 200u);
  EXPECT_EQ(ranges.find(Base, true)->row_bytes, 100u);
  EXPECT_FALSE(ranges.find(Base + BlockBytes, false));
  // The oldest go.
  for (unsigned n = 1; n <= 20; ++n)
    ranges.remember({Base + n * BlockBytes, 100, 0, 1, false});
  EXPECT_FALSE(ranges.find(Base, false));
  EXPECT_TRUE(ranges.find(Base + 20 * BlockBytes, false));
}

TEST(CutRangesTest, AgainTakesNoSecondPlace) {
  CutRanges ranges;
  ranges.remember({Base, 100, 0, 1, false});
  for (unsigned n = 0; n < 100; ++n)
    ranges.remember({Base + BlockBytes, 100 + n, 0, 1, false});
  EXPECT_TRUE(ranges.find(Base, false));
  EXPECT_EQ(ranges.find(Base + BlockBytes, false)->row_bytes, 199u);
}

} // namespace
