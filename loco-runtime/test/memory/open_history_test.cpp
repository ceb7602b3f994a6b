// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// open_history_test.cpp - the cost of keeping blocks open against that of the best
// fixed policy for the same trace.
#include "memory/coherence/costs.h"
#include "memory/coherence/open_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace loco::memory {
namespace {

/// In comparisons: closing a block and opening it again.
constexpr unsigned Change = 50;

/// What a trace costs: for each release, whether the block was stored to before it.
unsigned cost_of(const std::vector<bool> &trace) {
  OpenHistory block;
  unsigned cost = 0;
  std::uint32_t release = 0;
  for (bool stored : trace) {
    ++release;
    if (stored && !block.is_open()) {
      block.opened(release, Change);
      cost += Change;
    }
    if (!block.is_open())
      continue;
    ++cost;
    if (block.in_vain() >= Change) {
      block.closed(release);
      continue;
    }
    if (stored)
      block.found_stores();
    else
      block.found_none();
  }
  return cost;
}

unsigned cost_always_open(const std::vector<bool> &trace) {
  auto first = std::find(trace.begin(), trace.end(), true);
  return first == trace.end()
             ? 0
             : Change + static_cast<unsigned>(trace.end() - first);
}

unsigned cost_never_open(const std::vector<bool> &trace) {
  return static_cast<unsigned>(std::count(trace.begin(), trace.end(), true)) *
         (Change + 1);
}

void expect_competitive(const std::vector<bool> &trace, const char *what,
                        double factor = 2) {
  unsigned best = std::min(cost_always_open(trace), cost_never_open(trace));
  // And what is learnt once.
  EXPECT_LE(cost_of(trace), factor * best + 5 * Change) << what;
}

TEST(OpenHistoryTest, WhatIsStoredToInEachRoundIsOpenedOnce) {
  std::vector<bool> trace(1000, true);
  EXPECT_EQ(cost_of(trace), Change + 1000);
}

TEST(OpenHistoryTest, WhatIsStoredToOnceIsClosed) {
  std::vector<bool> trace(10000, false);
  trace[0] = true;
  EXPECT_LE(cost_of(trace), 2 * Change + 2);
}

TEST(OpenHistoryTest, NoPeriodIsMuchWorseThanTheBestPolicy) {
  for (unsigned period : {1u, 2u, 5u, 20u, 40u, 49u, 50u, 51u, 60u, 90u, 100u,
                          150u, 400u, 1000u, 5000u}) {
    std::vector<bool> trace(50000, false);
    for (std::size_t i = 0; i < trace.size(); i += period)
      trace[i] = true;
    expect_competitive(trace, ("period " + std::to_string(period)).c_str());
  }
}

/// Busy and idle phases: what was learnt in one is wrong in the next.
TEST(OpenHistoryTest, NorAreRandomTraces) {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<bool> trace(5000);
    unsigned one_in = 1 + random() % 300;
    bool busy = true;
    for (auto &&stored : trace) {
      if (random() % 500 == 0)
        busy = !busy;
      stored = busy && random() % one_in == 0;
    }
    expect_competitive(trace, "random", 2.5);
  }
}

TEST(OpenHistoryTest, WhatOneReleaseHasClosedOpensTogether) {
  OpenHistory stored, neighbour, later;
  for (OpenHistory *block : {&stored, &neighbour, &later})
    block->opened(1, Change);
  stored.closed(60);
  neighbour.closed(60);
  later.closed(61);
  EXPECT_TRUE(neighbour.was_closed_with(stored));
  EXPECT_FALSE(later.was_closed_with(stored));
  EXPECT_FALSE(OpenHistory().was_closed_with(stored)); // never open
}

TEST(OpenHistoryTest, WhatWasOpenedInVainIsNotOpenedWithOthersAgain) {
  OpenHistory stored, guessed, used;
  for (OpenHistory *block : {&stored, &guessed, &used}) {
    block->opened(1, Change);
    block->closed(60);
  }
  stored.opened(70, Change);
  guessed.opened_with_another(70, Change);
  used.opened_with_another(70, Change);
  used.found_stores();
  for (OpenHistory *block : {&stored, &guessed, &used})
    block->closed(130);
  EXPECT_TRUE(used.was_closed_with(stored));
  EXPECT_FALSE(guessed.was_closed_with(stored));
}

TEST(OpenHistoryTest, CountsWhatIsInVain) {
  OpenHistory block;
  block.opened(1, Change);
  for (int release = 0; release < 5; ++release)
    block.found_none();
  EXPECT_EQ(block.in_vain(), 5u);
  block.found_stores();
  EXPECT_EQ(block.in_vain(), 0u);
  for (int release = 0; release < 100000; ++release)
    block.found_none();
  EXPECT_EQ(block.in_vain(), UINT16_MAX); // and not from 0 again
}

TEST(OpenHistoryTest, CountsLessWhereItWasClosedTooEarly) {
  OpenHistory block;
  block.opened(1, Change);
  block.closed(60);
  block.opened(70, Change);
  for (int release = 0; release < 10; ++release)
    block.found_none();
  EXPECT_EQ(block.in_vain(), 5u);
}

TEST(OpenHistoryTest, ClosesWhatOthersStoreToUnlessThatWasWrong) {
  OpenHistory block;
  block.found_open();
  block.others_stored();
  EXPECT_GE(block.in_vain(), Change);
  block.closed(10);
  block.opened(11, Change);
  block.others_stored();
  EXPECT_EQ(block.in_vain(), 0u);
}

TEST(OpenHistoryTest, LearnsFromAStoreToWhatWasOpenedWithAnother) {
  OpenHistory block;
  block.opened(1, Change);
  block.closed(60);
  block.opened_with_another(70, Change);
  block.found_stores();
  block.others_stored(); // closing it was wrong
  EXPECT_EQ(block.in_vain(), 0u);
}

/// Takes 40 us a page and 60 for all translations, as one hypervisor does.
const StepCosts ByPage{{40e3, 320e3, 60e3}, 12e3, 100};

TEST(StepCostsTest, ManyPagesMayCostLessThanAFew) {
  EXPECT_EQ(ByPage.protect(1), 40e3);
  EXPECT_EQ(ByPage.protect(8), 320e3);
  EXPECT_EQ(ByPage.protect(33), 33 * 40e3);
  EXPECT_EQ(ByPage.protect(34), 60e3);
}

TEST(ChangeCostTest, IsSharedByTheBlocksOfARun) {
  ChangeCost cost(ByPage);
  EXPECT_EQ(cost.of_a_block(), 520u);
  EXPECT_LT(cost.of_run(64, 64), 6 * cost.of_run(1, 1));
  EXPECT_GT(cost.of_run(2, 30), 15 * cost.of_run(1, 1)); // each page of the span
  for (int i = 0; i < 1000; ++i)
    cost.closed(64, 64);
  EXPECT_EQ(cost.of_a_block(), (600u + 64 * 120) / 64);
  for (int i = 0; i < 50000; ++i) // the last ones count
    cost.closed(1, 1);
  EXPECT_GE(cost.of_a_block(), 500u);
}

TEST(ChangeCostTest, IsMoreWhereMostAreOpenedAgain) {
  ChangeCost cost(ByPage);
  for (int i = 0; i < 100; ++i)
    cost.closed(64, 64);
  const std::uint64_t kept_closed = cost.of_run(64, 64);
  EXPECT_LT(kept_closed, 2 * 600u);
  for (int i = 0; i < 100; ++i) {
    cost.closed(64, 64);
    for (int block = 0; block < 64; ++block)
      cost.opened();
  }
  EXPECT_GT(cost.of_run(64, 64), 4 * kept_closed);
}

} // namespace
} // namespace loco::memory
