// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh_test.cpp - which copies an acquire brings up to date in place.
#include "memory/coherence/refresh.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace loco::memory {
namespace {

/// Refreshes that cost what a miss does.
constexpr unsigned Most = 8;

/// A block that is named in each round, and read in some.
class Rounds {
public:
  void round(bool reads) {
    using Then = RefreshHistory::Then;
    if (Visible) {
      Visible = History.named(Most, Named++) == Then::Refresh;
      ++Fetched;
    } else {
      History.named_again();
    }
    if (reads && !Visible) {
      History.missed();
      Visible = true;
      ++Misses;
    }
  }
  unsigned misses() const { return Misses; }
  unsigned fetched() const { return Fetched; }
  /// In refreshes.
  unsigned cost() const { return Misses * Most + Fetched; }

private:
  RefreshHistory History{};
  bool Visible = false;
  unsigned Misses = 0, Fetched = 0;
  std::uint32_t Named = 0;
};

TEST(RefreshTest, WhatIsReadInEachRoundIsSeldomMissed) {
  Rounds rounds;
  for (int i = 0; i < 10000; ++i)
    rounds.round(true);
  EXPECT_LE(rounds.misses(), 10000 / (Most << RefreshHistory::MostHits) + 9);
}

TEST(RefreshTest, WhatIsReadNoMoreIsSoonLeftAlone) {
  Rounds rounds;
  rounds.round(true);
  for (int i = 0; i < 1000; ++i)
    rounds.round(false);
  EXPECT_LE(rounds.fetched(), 2 * Most);
  // And as soon the next time.
  rounds.round(true);
  for (int i = 0; i < 1000; ++i)
    rounds.round(false);
  EXPECT_LE(rounds.fetched(), 4 * Most);
}

TEST(RefreshTest, NoPeriodIsMuchWorseThanTheBestPolicy) {
  constexpr unsigned Total = 20000;
  for (unsigned period = 1; period < 60; ++period) {
    Rounds rounds;
    for (unsigned i = 0; i < Total; ++i)
      rounds.round(i % period == 0);
    const unsigned reads = Total / period + 1;
    const unsigned best = std::min(reads * Most, Most + Total);
    // What chance adds is half of Most in the mean.
    EXPECT_LE(rounds.cost(), 5 * best / 2 + best / Most + 9 * Most) << "period " << period;
  }
}

} // namespace
} // namespace loco::memory
