// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/coherence/overwrites.h"

#include <gtest/gtest.h>

#include <utility>

using namespace loco::memory;

namespace {

constexpr Block NumBlocks = 64, Block_ = 5;

/// One home block and its releases: rounds of a store, some releases, and a
/// fetch by another node, as the protocol tells the history of them.
class Home {
public:
  /// Stores, and releases so many times; the first one names the block.
  void store_and_release(int releases) {
    if (Protected)
      Uses.stored(Block_);
    bool is_noted = Protected;
    Protected = false;
    for (int i = 0; i < releases; ++i) {
      ++Now;
      if (Fetched)
        look();
      if (is_noted || Named)
        Uses.named(Block_, Now);
      is_noted = Named = false;
    }
  }
  void fetch() { Fetched = true; }

  /// How often a release protected the block since the last call.
  int protections() { return std::exchange(Protections, 0); }

private:
  void look() {
    Fetched = false;
    if (Protected)
      return;
    if (Uses.fetched(Block_, Now)) {
      Named = true;
      return;
    }
    Protected = true;
    ++Protections;
  }

  Overwrites Uses{NumBlocks, "a test"};
  std::uint32_t Now = 100;
  bool Protected = false, Fetched = false, Named = false;
  int Protections = 0;
};

TEST(Overwrites, WhatIsStoredToBetweenFetchesIsSeldomProtected) {
  Home home;
  for (int i = 0; i < 200; ++i) {
    home.store_and_release(4);
    home.fetch();
  }
  home.protections();
  for (int i = 0; i < 200; ++i) {
    home.store_and_release(4);
    home.fetch();
  }
  int protections = home.protections();
  EXPECT_GE(protections, 1); // to see whether it still is
  EXPECT_LE(protections, 20);
}

TEST(Overwrites, WhatIsOnlyReadIsNeverNamed) {
  Overwrites uses(NumBlocks, "a test");
  for (std::uint32_t now = 100; now < 1000; now += 3)
    EXPECT_FALSE(uses.fetched(Block_, now));
}

TEST(Overwrites, AnEarlyFetchEndsIt) {
  Overwrites uses(NumBlocks, "a test");
  std::uint32_t now = 100;
  auto round = [&](std::uint32_t releases) {
    now += releases;
    bool name = uses.fetched(Block_, now);
    if (!name)
      uses.stored(Block_);
    uses.named(Block_, now + (releases > 4 ? 3 : 0));
    return name;
  };
  int named = 0;
  for (int i = 0; i < 20; ++i)
    named += round(8);
  EXPECT_GT(named, 0);
  while (!round(8))
    ;
  EXPECT_FALSE(round(2)); // others read it twice between two stores
}

} // namespace
