// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// races_test.cpp - the history of writes, against one with an entry a byte, and
// where stores come from.

#include "memory/races/store_sites.h"
#include "memory/races/write_history.h"

#include <gtest/gtest.h>
#include <random>

using namespace loco::memory;

namespace {

using Conflicts = std::vector<WriteHistory::Conflict>;

SharedWrite write_of(int node, std::uint64_t release) {
  return std::make_shared<BlockWrite>(BlockWrite{node, release, {}});
}

Conflicts record(WriteHistory &history, std::vector<ByteRun> runs,
                 SharedWrite write, std::vector<std::uint64_t> seen,
                 Block block = 5) {
  Conflicts conflicts;
  history.record(block, runs, write, seen, conflicts);
  return conflicts;
}

} // namespace

TEST(WriteHistory, ReportsWhatTheWriterHadNotSeen) {
  WriteHistory history;
  EXPECT_TRUE(record(history, {{8, 16}}, write_of(0, 3), {0, 0}).empty());
  Conflicts found = record(history, {{12, 20}}, write_of(1, 1), {2, 0});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].bytes.begin, 12);
  EXPECT_EQ(found[0].bytes.end, 16);
  EXPECT_EQ(found[0].earlier->node, 0);
  EXPECT_EQ(found[0].earlier->release, 3u);
}

TEST(WriteHistory, IsSilentWhereTheReleaseWasSeen) {
  WriteHistory history;
  record(history, {{8, 16}}, write_of(0, 3), {0, 0});
  EXPECT_TRUE(record(history, {{8, 16}}, write_of(1, 1), {3, 0}).empty());
  // Handed back.
  EXPECT_TRUE(record(history, {{8, 16}}, write_of(0, 4), {0, 1}).empty());
}

TEST(WriteHistory, OneNodeDoesNotRaceWithItself) {
  WriteHistory history;
  record(history, {{8, 16}}, write_of(0, 3), {0, 0});
  EXPECT_TRUE(record(history, {{8, 16}}, write_of(0, 4), {0, 0}).empty());
}

TEST(WriteHistory, NeighbouringBytesAndOtherBlocksDoNotRace) {
  WriteHistory history;
  record(history, {{8, 16}}, write_of(0, 3), {0, 0});
  EXPECT_TRUE(
      record(history, {{0, 8}, {16, 24}}, write_of(1, 1), {0, 0}).empty());
  EXPECT_TRUE(record(history, {{8, 16}}, write_of(1, 1), {0, 0}, 6).empty());
}

TEST(WriteHistory, AgreesWithAnEntryAByte) {
  static constexpr int Nodes = 3, Bytes = 64;
  std::mt19937 random(7);
  WriteHistory history;
  SharedWrite last[Bytes];
  std::vector<std::uint64_t> releases(Nodes);
  unsigned conflicts = 0;
  for (int step = 0; step < 20'000; ++step) {
    int node = random() % Nodes;
    SharedWrite write = write_of(node, ++releases[node]);
    std::vector<std::uint64_t> seen;
    for (std::uint64_t release : releases)
      seen.push_back(release - random() % 3 % (release + 1));
    std::vector<ByteRun> runs;
    for (std::uint16_t at = random() % 8; at < Bytes;) {
      std::uint16_t end = std::min<unsigned>(Bytes, at + 1 + random() % 12);
      runs.push_back({at, end});
      at = end + 1 + random() % 20;
    }
    const BlockWrite *expected[Bytes] = {};
    for (ByteRun run : runs)
      for (std::uint16_t i = run.begin; i < run.end; ++i) {
        if (last[i] && last[i]->node != node &&
            last[i]->release > seen[last[i]->node])
          expected[i] = last[i].get();
        last[i] = write;
      }
    const BlockWrite *found[Bytes] = {};
    for (auto &conflict : record(history, runs, write, seen))
      for (std::uint16_t i = conflict.bytes.begin; i < conflict.bytes.end;
           ++i) {
        ASSERT_EQ(found[i], nullptr) << "twice: byte " << i;
        found[i] = conflict.earlier.get();
        ++conflicts;
      }
    for (int i = 0; i < Bytes; ++i)
      ASSERT_EQ(found[i], expected[i]) << "byte " << i << " of step " << step;
  }
  EXPECT_GT(conflicts, 1000u);
}

TEST(BlockWrite, NamesTheLikeliestStore) {
  BlockWrite write{0,
                   9,
                   {{0x10, 9, {0, 4096}},   // a loop over all of it
                    {0x20, 9, {64, 128}},   // a check of 64 bytes
                    {0x30, 9, {96, 160}},   // another, that starts nearer
                    {0x40, 8, {96, 100}}}}; // an interval ago
  EXPECT_EQ(write.pc_of(10), 0x10u);
  EXPECT_EQ(write.pc_of(70), 0x20u);
  EXPECT_EQ(write.pc_of(97), 0x30u);
  EXPECT_EQ(BlockWrite{}.pc_of(97), 0u);
}

TEST(StoreSites, KeepsOneRangeASiteAndForgetsOldOnes) {
  StoreSites sites;
  sites.note(3, {8, 12}, 0x10, 5);
  sites.note(3, {40, 44}, 0x10, 5);
  sites.note(3, {0, 4}, 0x20, 4);
  sites.note(3, {0, 4}, 0x30, 3);
  sites.note(4, {0, 4}, 0x40, 5);
  auto found = sites.of(3, 5);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].pc, 0x10u);
  EXPECT_EQ(found[0].bytes.begin, 8);
  EXPECT_EQ(found[0].bytes.end, 44);
  EXPECT_EQ(found[1].pc, 0x20u);
  // In a later interval the range starts anew.
  sites.note(3, {100, 104}, 0x10, 6);
  found = sites.of(3, 7);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].bytes.begin, 100);
}

TEST(StoreSites, GivesUpTheOldestWhereThereAreTooMany) {
  StoreSites sites;
  sites.note(3, {0, 4}, 1, 1);
  for (std::uint64_t pc = 2; pc < 1000; ++pc)
    sites.note(3, {0, 4}, pc, 2);
  EXPECT_LE(sites.of(3, 2).size(), 64u);
  for (const StoreSite &site : sites.of(3, 2))
    EXPECT_NE(site.pc, 1u);
}
