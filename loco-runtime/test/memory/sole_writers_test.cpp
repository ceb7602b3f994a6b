// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/homes/sole_writers.h"

#include <gtest/gtest.h>

using namespace loco::memory;

namespace {

constexpr Block NumBlocks = 64;

/// One interval: what this node and what others write in it.
void interval(SoleWriters &writers, std::initializer_list<Block> own,
              std::initializer_list<Block> others) {
  for (Block b : own)
    writers.wrote(b);
  for (Block b : others)
    writers.others_wrote(b, 1);
  writers.end_interval();
}

bool is_candidate(const SoleWriters &writers, Block block) {
  for (Block b : writers.candidates())
    if (b == block)
      return true;
  return false;
}

TEST(SoleWriters, TwoIntervalsAloneMakeACandidate) {
  SoleWriters writers(NumBlocks, 2);
  interval(writers, {5, 6}, {6});
  EXPECT_TRUE(writers.candidates().empty());
  interval(writers, {5, 6}, {7});
  EXPECT_TRUE(is_candidate(writers, 5));
  EXPECT_FALSE(is_candidate(writers, 6)); // alone in one only
  EXPECT_EQ(writers.candidates().size(), 1u);
}

TEST(SoleWriters, IntervalsWithoutStoresDoNotCount) {
  SoleWriters writers(NumBlocks, 2);
  interval(writers, {5}, {});
  interval(writers, {}, {});
  interval(writers, {}, {9});
  EXPECT_FALSE(is_candidate(writers, 5));
  interval(writers, {5}, {});
  EXPECT_TRUE(is_candidate(writers, 5));
}

TEST(SoleWriters, AStoreOfOthersBetweenStartsAnew) {
  SoleWriters writers(NumBlocks, 2);
  interval(writers, {5}, {});
  interval(writers, {}, {5});
  for (int i = 0; i < 2; ++i) { // the first may be when the others stored
    interval(writers, {5}, {});
    EXPECT_FALSE(is_candidate(writers, 5));
  }
  interval(writers, {5}, {});
  EXPECT_TRUE(is_candidate(writers, 5));
  // ... and takes a candidate off the list.
  interval(writers, {}, {5});
  EXPECT_FALSE(is_candidate(writers, 5));
}

TEST(SoleWriters, ManyStoresOfAnIntervalCountOnce) {
  SoleWriters writers(NumBlocks, 3);
  interval(writers, {5, 5, 5, 5}, {});
  interval(writers, {5}, {});
  EXPECT_FALSE(is_candidate(writers, 5));
  interval(writers, {5}, {});
  EXPECT_TRUE(is_candidate(writers, 5));
  interval(writers, {5}, {});
  EXPECT_EQ(writers.candidates().size(), 1u); // listed once
}

TEST(SoleWriters, EachMoveDoublesWhatTheNextTakes) {
  SoleWriters writers(NumBlocks, 2);
  unsigned expected = 2;
  for (int move = 0; move < 5; ++move) {
    unsigned took = 0;
    do {
      interval(writers, {5}, {});
      ++took;
    } while (!is_candidate(writers, 5) && took < 1000);
    EXPECT_EQ(took, expected);
    writers.settled(5, 1);
    writers.update_candidates();
    EXPECT_TRUE(writers.candidates().empty());
    expected *= 2;
  }
}

TEST(SoleWriters, OffIsOff) {
  SoleWriters writers(NumBlocks, 0);
  EXPECT_FALSE(writers.enabled());
}

TEST(SoleWriters, AlwaysAsksForAllThatIsWritten) {
  SoleWriters writers(NumBlocks, SoleWriters::Always);
  interval(writers, {5}, {5});
  EXPECT_TRUE(is_candidate(writers, 5));
  writers.settled(5, 1);
  writers.update_candidates();
  EXPECT_TRUE(writers.candidates().empty());
  interval(writers, {}, {});
  EXPECT_TRUE(writers.candidates().empty());
}

} // namespace
