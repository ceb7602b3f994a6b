// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh_test.cpp - which copies an acquire brings up to date in place.
#include "memory/coherence/refresh.h"

#include <gtest/gtest.h>

namespace loco::memory {
namespace {

/// A block that is named in each round, and read in some.
class Rounds {
public:
  explicit Rounds(Block block) : Block_(block) {}
  /// A notice names the block. Whether that fetched it.
  bool name() {
    using Then = RefreshHistory::Then;
    Then then = Then::TakeAway;
    if (Visible)
      then = History.named();
    else
      History.named_again(Block_);
    Visible = then == Then::Refresh;
    return then != Then::TakeAway;
  }
  void read() {
    if (Visible)
      return;
    History.missed(Block_);
    Visible = true;
    ++Misses;
  }
  bool round(bool reads) {
    bool fetched = name();
    if (reads)
      read();
    return fetched;
  }
  int misses() const { return Misses; }

private:
  Block Block_;
  RefreshHistory History{};
  bool Visible = false;
  int Misses = 0;
};

TEST(RefreshTest, WhatIsReadInEachRoundIsSeldomMissed) {
  Rounds rounds(5);
  for (int i = 0; i < 1000; ++i)
    rounds.round(true);
  EXPECT_LE(rounds.misses(), 1000 / 25 + 4);
  EXPECT_GE(rounds.misses(), 1000 / 33); // it is tried again all the same
}

TEST(RefreshTest, ItBeginsWithATrial) {
  Rounds rounds(5);
  EXPECT_FALSE(rounds.round(true)); // fetched for the first time
  EXPECT_FALSE(rounds.round(true));
  EXPECT_TRUE(rounds.round(true)); // hidden, and missed
  EXPECT_EQ(rounds.misses(), 3);
  EXPECT_TRUE(rounds.round(true));
  EXPECT_EQ(rounds.misses(), 3);
}

TEST(RefreshTest, WhatIsReadNoMoreIsSoonLeftAlone) {
  Rounds rounds(5);
  for (int i = 0; i < 100; ++i)
    rounds.round(true);
  int refreshed = 0;
  for (int i = 0; i < 100; ++i)
    refreshed += rounds.round(false);
  EXPECT_LE(refreshed, 32);
  // And it begins from nothing.
  EXPECT_FALSE(rounds.round(true));
  EXPECT_FALSE(rounds.round(true));
}

TEST(RefreshTest, WhatIsReadInEverySecondRoundIsNeverRefreshed) {
  Rounds rounds(5);
  int refreshed = 0;
  for (int i = 0; i < 100; ++i)
    refreshed += rounds.round(i % 2 == 0);
  EXPECT_EQ(refreshed, 0);
}

TEST(RefreshTest, WhatIsNamedTwiceForEachReadIsSeldomFetchedInVain) {
  Rounds rounds(5);
  int fetched = 0;
  for (int i = 0; i < 1000; ++i) {
    // The home names again only what is marked, so what was fetched.
    while (rounds.name())
      ++fetched;
    rounds.read();
  }
  EXPECT_GE(fetched, 1000 / 34); // it may become named once
  EXPECT_LE(fetched, 1000 / 24);
  int misses = rounds.misses();
  for (int i = 0; i < 200; ++i)
    rounds.round(true);
  EXPECT_LE(rounds.misses() - misses, 31 + 3 + 200 / 24);
}

TEST(RefreshTest, NeighboursAreNotAllTriedInOneRound) {
  Rounds a(16), b(17), c(18);
  int together = 0;
  for (int i = 0; i < 40; ++i) {
    int fetched = 0;
    for (Rounds *rounds : {&a, &b, &c})
      fetched += rounds->round(true);
    together += fetched == 0;
  }
  EXPECT_LE(together, 4); // while they are learned, and by chance
}

} // namespace
} // namespace loco::memory
