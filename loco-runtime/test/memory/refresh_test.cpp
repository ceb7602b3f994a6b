// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh_test.cpp - which copies an acquire brings up to date in place.
#include "memory/refresh.h"

#include <gtest/gtest.h>

namespace loco::memory {
namespace {

/// A block that is named in each round, and read in some.
class Rounds {
public:
  explicit Rounds(Block block) : Block_(block) {}
  /// Whether the round refreshed the copy.
  bool round(bool read) {
    const bool refreshed = Present && History.named();
    if (!Present)
      History.named_again();
    Present = refreshed;
    if (read && !Present) {
      History.missed(Block_);
      Present = true;
      ++Misses;
    }
    return refreshed;
  }
  int misses() const { return Misses; }

private:
  Block Block_;
  RefreshHistory History{};
  bool Present = false;
  int Misses = 0;
};

TEST(RefreshTest, WhatIsReadInEachRoundIsSeldomMissed) {
  Rounds rounds(5);
  for (int i = 0; i < 1000; ++i)
    rounds.round(true);
  EXPECT_LE(rounds.misses(), 1000 / 25 + 4);
  EXPECT_GE(rounds.misses(), 1000 / 33); // it is tried again all the same
}

TEST(RefreshTest, NothingIsRefreshedBeforeItWasMissedTwice) {
  Rounds rounds(5);
  EXPECT_FALSE(rounds.round(true)); // fetched for the first time
  EXPECT_FALSE(rounds.round(true));
  EXPECT_FALSE(rounds.round(true));
  EXPECT_TRUE(rounds.round(true));
}

TEST(RefreshTest, WhatIsReadNoMoreIsSoonLeftAlone) {
  Rounds rounds(5);
  for (int i = 0; i < 100; ++i)
    rounds.round(true);
  int refreshed = 0;
  for (int i = 0; i < 100; ++i)
    refreshed += rounds.round(false);
  EXPECT_LE(refreshed, 31);
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

TEST(RefreshTest, NeighboursAreNotAllTriedInOneRound) {
  Rounds a(16), b(17), c(18);
  int together = 0;
  for (int i = 0; i < 40; ++i) {
    bool any = a.round(true) | b.round(true) | c.round(true);
    together += !any;
  }
  EXPECT_LE(together, 4); // while they are learned, and by chance
}

TEST(RefreshTest, OnTrialIsWhatWasRefreshedAndIsTakenAwayForOnce) {
  RefreshHistory history{};
  EXPECT_FALSE(history.is_on_trial());
  EXPECT_FALSE(history.named()); // taken away, but never missed so far
  EXPECT_FALSE(history.is_on_trial());
  history.missed(5);
  EXPECT_FALSE(history.is_on_trial()); // it is here
  EXPECT_FALSE(history.named());
  EXPECT_TRUE(history.is_on_trial()); // missed once: the home goes on naming it
  history.missed(5);
  while (history.named())
    EXPECT_FALSE(history.is_on_trial()); // refreshed, so never away
  EXPECT_TRUE(history.is_on_trial());
  history.named_again(); // written once more, and nobody has read it
  EXPECT_FALSE(history.is_on_trial());
  history.missed(5); // and begins from one miss
  EXPECT_FALSE(history.named());
}

} // namespace
} // namespace loco::memory
