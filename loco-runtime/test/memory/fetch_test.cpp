// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fetch_test.cpp - fingerprints of blocks, and how far a miss reads ahead.
#include "memory/coherence/fingerprints.h"
#include "memory/coherence/readahead.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace loco::memory {
namespace {

struct alignas(64) Bytes {
  std::byte at[BlockBytes] = {};
};

TEST(FingerprintTest, EqualBlocksAgree) {
  Bytes a, b;
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < BlockBytes; ++i)
    a.at[i] = b.at[i] = static_cast<std::byte>(random());
  EXPECT_EQ(fingerprint(a.at), fingerprint(b.at));
}

TEST(FingerprintTest, EveryCpuMakesTheSame) {
  Bytes block;
  std::mt19937_64 random(2);
  for (int round = 0; round < 20; ++round) {
    for (std::byte &b : block.at)
      b = static_cast<std::byte>(random());
    for (std::uint64_t each : fingerprint_by_each(block.at))
      EXPECT_EQ(each, fingerprint(block.at));
  }
}

TEST(FingerprintTest, EveryBitCountsInABlockOfZeros) {
  Bytes block;
  std::set<std::uint64_t> seen{fingerprint(block.at)};
  for (std::size_t i = 0; i < BlockBytes; ++i)
    for (unsigned bit = 0; bit < 8; ++bit) {
      block.at[i] = static_cast<std::byte>(1u << bit);
      ASSERT_TRUE(seen.insert(fingerprint(block.at)).second) << i;
      block.at[i] = std::byte{0};
    }
}

TEST(FingerprintTest, OrderOfWordsCounts) {
  Bytes a, b;
  a.at[0] = b.at[8] = std::byte{1};
  a.at[24] = b.at[16] = std::byte{7};
  EXPECT_NE(fingerprint(a.at), fingerprint(b.at));
}

TEST(ReadaheadTest, DoublesAlongAStreamAndStopsAtTheLimit) {
  Readahead ahead;
  EXPECT_EQ(ahead.window(100, 12), 1u);
  EXPECT_EQ(ahead.window(101, 11), 2u);
  EXPECT_EQ(ahead.window(103, 9), 4u);
  EXPECT_EQ(ahead.window(107, 5), 5u); // the extent's end
  EXPECT_EQ(ahead.window(112, 16), 10u);
}

TEST(ReadaheadTest, FetchesOneBlockWhereMissesAreNotInOrder) {
  Readahead ahead;
  for (Block b : {50u, 40u, 42u, 41u, 39u, 60u})
    EXPECT_EQ(ahead.window(b, 16), b == 41u ? 2u : 1u) << b; // 41 follows 40
}

TEST(ReadaheadTest, KeepsSeveralStreamsApart) {
  Readahead ahead;
  for (Block s = 0; s < 4; ++s)
    EXPECT_EQ(ahead.window(s * 1000, 16), 1u);
  for (Block s = 0; s < 4; ++s)
    EXPECT_EQ(ahead.window(s * 1000 + 1, 16), 2u);
}

} // namespace
} // namespace loco::memory
