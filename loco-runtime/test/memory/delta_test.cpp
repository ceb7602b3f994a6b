// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// delta_test.cpp - the variants of find_delta() and merge_changes() against a
// byte-by-byte comparison.
#include "memory/coherence/twins.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace loco::memory {
namespace {

constexpr std::uint64_t Offset = 7 * BlockBytes;

/// Every test runs for every way of comparing that this CPU has.
class DeltaTest : public ::testing::TestWithParam<std::size_t> {
protected:
  DeltaTest() : Pieces(MaxPiecesPerBlock) {
    std::mt19937_64 random(1);
    for (std::byte &b : Twin)
      b = static_cast<std::byte>(random());
    std::memcpy(Data, Twin, BlockBytes);
  }

  std::size_t find() {
    FindDelta *find_delta = find_delta_variants()[GetParam()];
    return find_delta(Data, Twin, Offset, Pieces.data());
  }

  void flip(std::size_t at) { Data[at] ^= std::byte{0x80}; }

  /// Applies the delta to a copy of the twin: it must become the data, and no
  /// piece may hold a byte that is equal or touch the piece before it.
  void expect_exact() {
    std::size_t n = find();
    std::vector<std::byte> home(Twin, Twin + BlockBytes);
    std::uint64_t last_end = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const fabric::Piece &piece = Pieces[i];
      ASSERT_GE(piece.offset, Offset);
      std::uint64_t at = piece.offset - Offset;
      ASSERT_LE(at + piece.bytes, BlockBytes);
      ASSERT_EQ(piece.source, Data + at);
      ASSERT_TRUE(i == 0 || at > last_end) << "pieces touch at " << at;
      for (std::uint64_t k = at; k < at + piece.bytes; ++k)
        ASSERT_NE(Data[k], Twin[k]) << "byte " << k << " is equal";
      std::memcpy(home.data() + at, piece.source, piece.bytes);
      last_end = at + piece.bytes;
    }
    EXPECT_EQ(std::memcmp(home.data(), Data, BlockBytes), 0);
  }

  alignas(64) std::byte Data[BlockBytes];
  alignas(64) std::byte Twin[BlockBytes];
  std::vector<fabric::Piece> Pieces;
};

TEST_P(DeltaTest, EqualBlocksHaveNone) { EXPECT_EQ(find(), 0u); }

TEST_P(DeltaTest, EveryByteAlone) {
  for (std::size_t at = 0; at < BlockBytes; ++at) {
    flip(at);
    ASSERT_EQ(find(), 1u) << at;
    ASSERT_EQ(Pieces[0].offset, Offset + at);
    ASSERT_EQ(Pieces[0].bytes, 1u);
    flip(at);
  }
}

TEST_P(DeltaTest, WholeBlockIsOnePiece) {
  for (std::size_t at = 0; at < BlockBytes; ++at)
    flip(at);
  ASSERT_EQ(find(), 1u);
  EXPECT_EQ(Pieces[0].bytes, BlockBytes);
}

TEST_P(DeltaTest, EverySecondByteFillsThePieces) {
  for (std::size_t at = 0; at < BlockBytes; at += 2)
    flip(at);
  ASSERT_EQ(find(), MaxPiecesPerBlock);
  expect_exact();
}

TEST_P(DeltaTest, RunsOverWordAndLineBorders) {
  for (std::size_t start : {5, 60, 63, 4090})
    for (std::size_t at = start; at < start + 6; ++at)
      flip(at);
  expect_exact();
}

TEST_P(DeltaTest, RandomRuns) {
  std::mt19937_64 random(42);
  for (int round = 0; round < 2000; ++round) {
    std::memcpy(Data, Twin, BlockBytes);
    for (int run = static_cast<int>(random() % 40); run >= 0; --run) {
      std::size_t at = random() % BlockBytes;
      std::size_t end = std::min<std::size_t>(BlockBytes, at + random() % 90);
      for (; at < end; ++at)
        Data[at] = static_cast<std::byte>(random());
    }
    expect_exact();
    if (HasFatalFailure())
      FAIL() << "in round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Variants, DeltaTest,
    ::testing::Range<std::size_t>(0, find_delta_variants().size()));

TEST(TwinPoolTest, GivesBackWhatWasReturnedAndNeverZero) {
  TwinPool pool(16);
  auto a = pool.take();
  auto b = pool.take();
  EXPECT_NE(a, 0u);
  EXPECT_NE(b, 0u);
  EXPECT_NE(a, b);
  pool.give_back(a);
  EXPECT_EQ(pool.take(), a);
  EXPECT_NE(pool.bytes(a), pool.bytes(b));
}

// ------------------------------------------------------------------ merging

class MergeTest : public ::testing::TestWithParam<std::size_t> {
protected:
  /// `others` and `own`: how many bytes, in runs, others and this node have stored
  /// to, apart.
  void fill(unsigned others, unsigned own, unsigned seed) {
    std::mt19937_64 random(seed);
    for (std::byte &b : Twin)
      b = static_cast<std::byte>(random());
    std::memcpy(Now, Twin, BlockBytes);
    std::memcpy(Copy, Twin, BlockBytes);
    std::memset(IsOwn, 0, sizeof IsOwn);
    auto store = [&](unsigned bytes, std::byte *to, bool is_own) {
      while (bytes > 0) {
        std::size_t at = random() % BlockBytes;
        std::size_t run = std::min<std::size_t>(
            {1 + random() % 70, bytes, BlockBytes - at});
        for (std::size_t i = at; i < at + run; ++i)
          if (IsOwn[i] == 0) {
            to[i] ^= std::byte{0x41};
            IsOwn[i] = is_own ? 1 : 2;
          }
        bytes -= static_cast<unsigned>(run);
      }
    };
    store(own, Copy, true);
    store(others, Now, false);
  }

  void expect_merged() {
    std::vector<std::byte> before(Copy, Copy + BlockBytes);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < BlockBytes; ++i)
      differing += Now[i] != Twin[i];
    EXPECT_EQ(merge_changes_variants()[GetParam()](Now, Twin, Copy), differing);
    EXPECT_EQ(std::memcmp(Twin, Now, BlockBytes), 0);
    for (std::size_t i = 0; i < BlockBytes; ++i)
      ASSERT_EQ(Copy[i], IsOwn[i] == 1 ? before[i] : Now[i]) << "byte " << i;
  }

  alignas(64) std::byte Now[BlockBytes];
  alignas(64) std::byte Twin[BlockBytes];
  alignas(64) std::byte Copy[BlockBytes];
  std::uint8_t IsOwn[BlockBytes];
};

TEST_P(MergeTest, NothingOrAll) {
  fill(0, 0, 1);
  expect_merged();
  fill(0, 500, 2);
  expect_merged();
  fill(40000, 0, 3);
  expect_merged();
}

TEST_P(MergeTest, OthersStoresGoToCopyAndTwin) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    fill(1 + seed * 7 % 3000, seed * 13 % 2000, seed);
    expect_merged();
  }
}

TEST_P(MergeTest, LosesNoStoreThatComesMeanwhile) {
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a race on purpose";
#endif
  fill(0, 0, 1);
  std::atomic<bool> stops{false};
  std::thread storing([&] {
    auto *words = reinterpret_cast<volatile std::uint64_t *>(Now);
    for (std::uint64_t i = 0; !stops; ++i)
      words[i * 37 % (BlockBytes / 8)] = i;
  });
  for (int merge = 0; merge < 20000; ++merge)
    merge_changes_variants()[GetParam()](Now, Twin, Copy);
  stops = true;
  storing.join();
  expect_merged();
}

INSTANTIATE_TEST_SUITE_P(
    Variants, MergeTest,
    ::testing::Range<std::size_t>(0, merge_changes_variants().size()));

} // namespace
} // namespace loco::memory
