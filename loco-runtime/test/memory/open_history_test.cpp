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
    if (block.is_closing()) {
      block.closed(release);
      continue;
    }
    if (stored)
      block.found_stores();
    else
      block.found_none(Change);
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
  EXPECT_LE(cost_of(trace), factor * best + 3 * Change) << what;
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
  guessed.opened_with_another();
  used.opened_with_another();
  used.found_stores();
  for (OpenHistory *block : {&stored, &guessed, &used})
    block->closed(130);
  EXPECT_TRUE(used.was_closed_with(stored));
  EXPECT_FALSE(guessed.was_closed_with(stored));
}

TEST(OpenHistoryTest, IdlesBeforeItCloses) {
  OpenHistory block;
  block.opened(1, Change);
  unsigned releases = 0;
  for (; !block.is_idle(); ++releases)
    block.found_none(Change);
  EXPECT_EQ(releases, Change / 4);
  EXPECT_FALSE(block.is_closing());
  block.found_stores();
  EXPECT_FALSE(block.is_idle());
}

TEST(ChangeCostTest, IsSharedByTheBlocksOfARun) {
  ChangeCost cost(600);
  EXPECT_EQ(cost.of_a_block(), 600u);
  for (int i = 0; i < 1000; ++i)
    cost.closed(16);
  EXPECT_EQ(cost.of_a_block(), 600u / 16);
  for (int i = 0; i < 5000; ++i) // the last ones count
    cost.closed(1);
  EXPECT_GE(cost.of_a_block(), 550u);
}

} // namespace
} // namespace loco::memory
