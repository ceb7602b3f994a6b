// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tables_test.cpp - the tables that the protocol is built on, each by itself,
// between threads and between processes: no window, so sanitizers can run it.
#include "memory/coherence/block_list.h"
#include "memory/coherence/exports.h"
#include "memory/coherence/notices.h"
#include "memory/coherence/release_epochs.h"
#include "memory/coherence/twins.h"
#include "memory/homes/homes.h"
#include "support/nodes.h"

#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace loco;
using namespace loco::memory;
using fabric::Fabric;
using fabric::Segment;
using test::meet;
using test::run_fabric;

namespace {

void in_threads(int count, const std::function<void(int)> &body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back(body, i);
  for (std::thread &thread : threads)
    thread.join();
}

TEST(BlockListTest, HandsOutEveryBlockOnceWhileOthersAppend) {
  constexpr Block PerThread = 20000, Threads = 3;
  BlockList list(PerThread * Threads, "a test");
  std::vector<int> times(PerThread * Threads);
  std::atomic<unsigned> left{Threads};
  auto take = [&] {
    Block last = 0;
    for (Block block : list.take_sorted()) {
      EXPECT_LE(last, block);
      last = block;
      ++times[block];
    }
  };
  in_threads(Threads + 1, [&](int self) {
    if (self == Threads) {
      while (left.load() != 0)
        take();
      return;
    }
    for (Block i = 0; i < PerThread; ++i)
      list.append(i * Threads + static_cast<Block>(self));
    --left;
  });
  take();
  EXPECT_TRUE(list.empty());
  for (int n : times)
    ASSERT_EQ(n, 1);
}

TEST(TwinPoolTest, NeverGivesOneTwinToTwoThreads) {
  TwinPool pool(64);
  in_threads(4, [&](int self) {
    for (int round = 0; round < 300; ++round) {
      TwinPool::Twin mine[4];
      for (TwinPool::Twin &twin : mine) {
        twin = pool.take();
        ASSERT_NE(twin, 0u);
        std::memset(pool.bytes(twin), self + 1, BlockBytes);
      }
      if (self == 0)
        pool.trim(2); // of those that nobody uses
      for (TwinPool::Twin twin : mine) {
        for (unsigned at : {0u, 1000u, 4095u})
          ASSERT_EQ(pool.bytes(twin)[at], std::byte(self + 1));
        pool.give_back(twin);
      }
    }
  });
  pool.trim(64);
  EXPECT_EQ(pool.resident_bytes(), 0u);
}

TEST(HomesTest, AllThreadsOfAllNodesAgree) {
  static constexpr Extent Extents = 240;
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                Homes homes(fabric, 3, Extents / 2 * ExtentBytes, Extents,
                            LOCO_PLACEMENT_FIRST_TOUCH);
                meet(bootstrap);
                std::string seen[3];
                in_threads(3, [&](int self) {
                  for (Extent e = 0; e < Extents; ++e) {
                    // From different ends, so that all are contended for.
                    Extent extent = fabric.node() == 1 ? Extents - 1 - e : e;
                    if (extent % 8 == 0)
                      homes.pin(first_block(extent));
                    else
                      homes.claim(first_block(extent) + 1);
                  }
                  for (Extent e = 0; e < Extents; ++e)
                    seen[self] += std::to_string(homes.find(first_block(e) + 2)) + " ";
                });
                EXPECT_EQ(seen[0], seen[1]);
                EXPECT_EQ(seen[0], seen[2]);
                EXPECT_EQ(seen[0].find('-'), std::string::npos);
                auto all = bootstrap.all_gather(seen[0]);
                ASSERT_TRUE(all.ok());
                for (const std::string &theirs : all.value())
                  EXPECT_EQ(theirs, seen[0]);
              }).all_passed());
}

TEST(HomesTest, BlocksMoveAlone) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                Homes homes(fabric, 2, 8 * ExtentBytes, 8,
                            LOCO_PLACEMENT_FIRST_TOUCH);
                meet(bootstrap);
                // Of node 0's extents; node 1 asks for the one only later.
                Block first = first_block(1), other = first_block(2);
                if (fabric.node() == 0) {
                  homes.claim(first);
                  homes.pin(other);
                }
                meet(bootstrap);
                homes.moved(first + 3, 2, 1);
                EXPECT_EQ(homes.claim(first + 2), 0);
                EXPECT_EQ(homes.claim(first + 3), 1);
                EXPECT_EQ(homes.find(first + 4), 1);
                EXPECT_EQ(homes.find(first + 5), 0);
                auto run_from = [&](Block block, Block limit) {
                  Homes::Run run = homes.claim_run(block, limit);
                  return std::pair(run.home, run.count);
                };
                EXPECT_EQ(run_from(first, 100), std::pair(0, Block{3}));
                EXPECT_EQ(run_from(first + 3, 100), std::pair(1, Block{2}));
                EXPECT_EQ(run_from(first + 3, 1), std::pair(1, Block{1}));
                EXPECT_EQ(run_from(first + 5, 100), std::pair(0, Block{11}));
                EXPECT_FALSE(homes.is_pinned(extent_of(first)));
                EXPECT_TRUE(homes.is_pinned(extent_of(other)));
                homes.moved(first + 3, 2, 0);
                EXPECT_EQ(run_from(first, 100), std::pair(0, Block{16}));
              }).all_passed());
}

/// Both nodes are at the same round when it returns; word `turn` of Control.
void in_step(Fabric &fabric, std::uint64_t turn, std::uint64_t round) {
  for (int node = 0; node < 2; ++node)
    fabric.fetch_add(node, Segment::Control, turn, 1);
  auto *mine =
      reinterpret_cast<std::atomic<std::uint64_t> *>(fabric.control() + turn);
  for (unsigned spins = 0; mine->load() < 2 * round; ++spins)
    if (spins > 100)
      std::this_thread::yield();
}

// M5: of a fetch and a store at home, either the fetch sees the store or the
// home's look sees the fetcher's mark. On x86 too, this fails without the
// fences.
TEST(ExportsTest, EitherTheFetchSeesTheStoreOrTheHomeTheMark) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                constexpr Block Place = 1000, Blocks = 2048;
                Exports exports(fabric, Blocks);
                std::uint64_t turn = fabric.reserve_control(8);
                std::uint64_t data = fabric.reserve_control(8);
                std::uint64_t fetched = fabric.reserve_control(8);
                meet(bootstrap);
                auto *truth = reinterpret_cast<std::atomic<std::uint64_t> *>(
                    fabric.control() + data);
                for (std::uint64_t round = 1; round <= 1000; ++round) {
                  bool found = false;
                  auto take = [&](Block block) { found |= block == Place; };
                  in_step(fabric, turn, 2 * round - 1);
                  if (fabric.node() == 0) {
                    truth->store(round, std::memory_order_relaxed);
                    std::atomic_thread_fence(std::memory_order_seq_cst);
                    exports.take_all(take);
                  } else {
                    exports.mark(0, Place, 1);
                    std::uint64_t got;
                    fabric.get(0, Segment::Control, data, &got, sizeof got);
                    fabric.atomic_store(0, Segment::Control, fetched, &got, 8);
                  }
                  in_step(fabric, turn, 2 * round);
                  if (fabric.node() != 0)
                    continue;
                  std::uint64_t got;
                  fabric.atomic_load(0, Segment::Control, fetched, &got, 8);
                  ASSERT_TRUE(got == round || found) << "round " << round;
                  exports.take_all(take);
                  ASSERT_TRUE(found) << "the mark is lost, round " << round;
                }
              }).all_passed());
}

TEST(NoticesTest, ReachEveryReaderInOrderAndALapIsTold) {
  EXPECT_TRUE(
      run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
        constexpr Block Batches = 3000, BatchBlocks = 7;
        Notices log(fabric);
        std::uint64_t end = fabric.reserve_control(8);
        meet(bootstrap);
        auto *over = reinterpret_cast<std::atomic<std::uint64_t> *>(
            fabric.control() + end);
        Block next = 0;
        auto visit = [&](Notice notice) {
          ASSERT_EQ(notice.first, next);
          ASSERT_EQ(notice.count, 1u);
          ASSERT_EQ(notice.unsure, next / 2 / BatchBlocks % 2);
          next += 2;
        };
        auto read = [&](auto visit_one) {
          log.ask(0);
          fabric.wait();
          return log.read([](int, std::span<const Notice>) {},
                          [&](int peer, std::span<const Notice> notices) {
                            EXPECT_EQ(peer, 0);
                            for (Notice notice : notices)
                              visit_one(notice);
                          });
        };
        if (fabric.node() == 0) {
          for (Block batch = 0; batch < Batches; ++batch) {
            Block blocks[BatchBlocks];
            for (Block i = 0; i < BatchBlocks; ++i)
              blocks[i] = 2 * (batch * BatchBlocks + i); // no two make a run
            EXPECT_EQ(log.publish(blocks, BatchBlocks, batch % 2), BatchBlocks);
          }
          std::uint64_t one = 1;
          fabric.atomic_store(1, Segment::Control, end, &one, 8);
        } else {
          while (over->load() == 0)
            ASSERT_TRUE(read(visit));
          ASSERT_TRUE(read(visit));
          EXPECT_EQ(next, 2 * Batches * BatchBlocks);
        }
        meet(bootstrap);
        // More than the log holds.
        if (fabric.node() == 0) {
          std::vector<Block> many(70000);
          for (Block i = 0; i < many.size(); ++i)
            many[i] = 2 * i;
          log.publish(many.data(), many.size(), false);
        }
        meet(bootstrap);
        if (fabric.node() == 1) {
          EXPECT_FALSE(read([](Notice) {}));
          EXPECT_TRUE(read([](Notice) { FAIL() << "nothing is new"; }));
        }
        meet(bootstrap);
      }).all_passed());
}

/// In ns; the last number were left in the time given.
TEST(DemandTest, IsOfPlacesThatAreAskedForAgainAndAgain) {
  RecentRequests requests;
  Demand of_flag, of_word;
  EXPECT_FALSE(requests.add(1));
  of_flag.asked(false);
  EXPECT_FALSE(of_flag.wants_release());
  for (int i = 0; i < 2; ++i) {
    of_flag.left();
    EXPECT_TRUE(requests.add(1));
    of_flag.asked(true);
  }
  EXPECT_TRUE(of_flag.is_usual() && of_flag.wants_release());
  for (int i = 0; of_flag.wants_release(); ++i) {
    ASSERT_LT(i, 100);
    of_flag.released_at_once();
  }
  EXPECT_TRUE(of_flag.is_usual()); // until more of them are left in vain
  for (int i = 0; i < 100; ++i)
    of_flag.left();
  EXPECT_FALSE(of_flag.is_usual());

  for (std::uint32_t place = 2; place < 100; ++place) {
    EXPECT_FALSE(requests.add(place % 16 + 2)); // at random
    of_word.left();
    of_word.asked(false);
  }
  EXPECT_FALSE(of_word.is_usual());
}

TEST(ReleaseEpochsTest, HoldsBackWhatCostsMoreThanItHandsOn) {
  EXPECT_FALSE(ReleaseEpochs::is_due(1'000'000, 400'000, 1000));
  EXPECT_TRUE(ReleaseEpochs::is_due(1'000'000, 400'000, 1)); // much work between two
  EXPECT_TRUE(ReleaseEpochs::is_due(1'000'000, 16'000'000, 100'000)); // long ago
  EXPECT_TRUE(ReleaseEpochs::is_due(1'000'000'000, 32'000'000, 100'000)); // at most
}

} // namespace
