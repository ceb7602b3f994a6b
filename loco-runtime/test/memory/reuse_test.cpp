// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/coherence/reuse.h"

#include <gtest/gtest.h>

using namespace loco::memory;

namespace {

constexpr Extent NumExtents = 64;
constexpr Extent E = 8;
const Block First = first_block(E);

class ReuseTest : public testing::Test {
protected:
  /// A round in which these blocks of the extent are missed one by one, but for
  /// those that the first miss brings along. Returns how many misses it had.
  int round(std::initializer_list<Block> blocks) {
    Reuse::Mask ready = 0;
    int misses = 0;
    for (Block b : blocks)
      if (!(ready >> b & 1)) {
        ready |= static_cast<Reuse::Mask>(1u << b);
        ready |= Blocks.missed(First + b, 1);
        ++misses;
      }
    Blocks.end_round(E, ++Now);
    return misses;
  }

  Reuse Blocks{NumExtents, "blocks"};
  std::uint32_t Now = 0;
};

TEST_F(ReuseTest, TwoRoundsAlikeMakeExpectations) {
  EXPECT_EQ(round({1, 5, 9}), 3);
  EXPECT_EQ(Blocks.expected(E), 0);
  EXPECT_EQ(round({9, 1, 5}), 3);
  EXPECT_EQ(Blocks.expected(E), 0x222);
  EXPECT_EQ(round({5, 9, 1}), 1);
  EXPECT_EQ(Blocks.expected(E + 1), 0);
}

TEST_F(ReuseTest, RoundsThatDifferMakeNone) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(round({1, 2}), 2);
    EXPECT_EQ(round({3, 4}), 2);
  }
}

TEST_F(ReuseTest, TheSameForLongIsRarelyLearnedAgain) {
  int misses = 0;
  for (int i = 0; i < 40; ++i)
    round({0, 3, 15});
  for (int i = 0; i < 160; ++i)
    misses += round({0, 3, 15});
  EXPECT_GE(misses, 160 + 2 * 160 / 16);
  EXPECT_LE(misses, 160 + 2 * 160 / 7);
}

TEST_F(ReuseTest, WhatIsMissedInAdditionIsExpectedToo) {
  for (int i = 0; i < 4; ++i)
    round({1, 2});
  EXPECT_EQ(round({1, 2, 3}), 2);
  EXPECT_EQ(round({1, 2, 3}), 1);
}

TEST_F(ReuseTest, WhatIsNotMissedAnyMoreIsForgotten) {
  for (int i = 0; i < 100; ++i)
    round({0, 1, 2, 3, 4, 5, 6, 7});
  for (int i = 0; i < 17; ++i)
    round({0});
  EXPECT_EQ(Blocks.missed(First, 1), 0);
}

TEST_F(ReuseTest, ASynchronisationEndsOneRound) {
  round({1, 5});
  Blocks.end_round(E, Now);
  Blocks.missed(First + 1, 1);
  Blocks.end_round(E, Now); // the same again: nothing ends
  Blocks.missed(First + 5, 1);
  Blocks.end_round(E, ++Now);
  EXPECT_EQ(Blocks.expected(E), 0x22);
}

} // namespace
