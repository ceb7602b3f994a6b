// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels between real processes; the locks are in locks_test.cpp.
#include "loco/channels.h"
#include "support/nodes.h"

#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace loco;
using fabric::Fabric;
using fabric::Segment;
using test::meet;
using test::run_fabric;

namespace {

constexpr int Nodes = 4;

TEST(SharedRegion, EveryNodeReadsWhatAnyNodeWrote) {
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 300);
                const char mark = static_cast<char>('a' + fabric.node());
                for (int node = 0; node < 3; ++node)
                  region.write(node, 100 * fabric.node() + node, &mark, 1);
                region.flush();
                meet(bootstrap);
                for (int writer = 0; writer < 3; ++writer) {
                  char row[3];
                  region.read(2, 100 * writer, row, 3);
                  const char mark = static_cast<char>('a' + writer);
                  const char expected[3] = {0, 0, mark};
                  EXPECT_EQ(std::memcmp(row, expected, 3), 0);
                  EXPECT_EQ(region.local()[100 * writer + fabric.node()],
                            std::byte(mark));
                }
              }).all_passed());
}

TEST(SharedRegion, WritingPastTheEndIsFatal) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(run_fabric(1, [](Fabric &fabric, Bootstrap &) {
                 SharedRegion region(fabric, 10);
                 region.write(0, 8, "abc", 3);
               }).all_passed());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("bytes 8 to 11 lie outside a shared region of 10"),
            std::string::npos)
      << said;
}

TEST(AtomicVar, AddsUpForIntegersAndFloats) {
  constexpr int Rounds = 5000;
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                AtomicVar<std::int64_t> big(fabric, 0);
                AtomicVar<std::uint16_t> small(fabric, 1);
                AtomicVar<double> real(fabric, 2);
                for (int i = 0; i < Rounds; ++i) {
                  big.fetch_add(-2);
                  small.fetch_add(3);
                  real.fetch_add(0.5);
                }
                meet(bootstrap);
                EXPECT_EQ(big.load(), -2 * 3 * Rounds);
                EXPECT_EQ(small.load(), std::uint16_t(3 * 3 * Rounds));
                EXPECT_EQ(real.load(), 0.5 * 3 * Rounds);
              }).all_passed());
}

TEST(StateTable, EveryNodeSeesEveryRow) {
  EXPECT_TRUE(run_fabric(Nodes, [](Fabric &fabric, Bootstrap &) {
                StateTable table(fabric, 3);
                table.set(0, 10 + fabric.node());
                table.set(1, 1);
                table.push(0, 2, Nodes);
                table.wait_at_least(1, 1, Nodes);
                for (int row = 0; row < Nodes; ++row) {
                  table.wait_at_least(0, 10, row + 1);
                  EXPECT_EQ(table.read(row, 0), 10u + row);
                  EXPECT_EQ(table.read(row, 2), 0u);
                }
              }).all_passed());
}

TEST(Barrier, NobodyLeavesBeforeAllHaveCome) {
  constexpr std::uint64_t Rounds = 2000;
  EXPECT_TRUE(run_fabric(Nodes, [](Fabric &fabric, Bootstrap &) {
                Barrier barrier(fabric);
                AtomicVar<std::uint64_t> arrived(fabric, 0);
                for (std::uint64_t round = 1; round <= Rounds; ++round) {
                  arrived.fetch_add(1);
                  barrier.wait(Nodes);
                  ASSERT_GE(arrived.load(), round * Nodes);
                  barrier.wait(Nodes);
                  ASSERT_LE(arrived.load(), (round + 1) * Nodes);
                }
              }).all_passed());
}

TEST(Barrier, AVoteIsSeenByAllAtThatBarrierAndNoOther) {
  EXPECT_TRUE(run_fabric(3, [](fabric::Fabric &fabric, Bootstrap &) {
                Barrier barrier(fabric);
                const int me = fabric.node();
                for (int round = 0; round < 400; ++round) {
                  // Every third barrier one node votes, each ninth all do.
                  const bool any = round % 3 == 0;
                  const bool mine =
                      any && (round % 9 == 0 || round / 3 % 3 == me);
                  if (round % 7 == me)
                    usleep(50); // a node that reads late what others said
                  ASSERT_EQ(barrier.wait(3, mine), any) << round;
                }
              }).all_passed());
}

TEST(Barrier, WritesBeforeItAreSeenAfterIt) {
  EXPECT_TRUE(run_fabric(Nodes, [](Fabric &fabric, Bootstrap &) {
                Barrier barrier(fabric);
                SharedRegion region(fabric, 8 * Nodes);
                for (std::uint64_t round = 1; round <= 1000; ++round) {
                  const std::uint64_t mark = round;
                  for (int node = 0; node < Nodes; ++node)
                    region.write(node, 8 * fabric.node(), &mark, 8);
                  barrier.wait(Nodes);
                  for (int node = 0; node < Nodes; ++node) {
                    std::uint64_t seen;
                    std::memcpy(&seen, region.local() + 8 * node, 8);
                    ASSERT_EQ(seen, round);
                  }
                  barrier.wait(Nodes);
                }
              }).all_passed());
}

TEST(Barrier, OfFewerNodesDoesNotDisturbThatOfAll) {
  EXPECT_TRUE(run_fabric(Nodes, [](Fabric &fabric, Bootstrap &) {
                Barrier barrier(fabric);
                AtomicVar<std::uint64_t> pairs(fabric, 0), all(fabric, 0);
                for (std::uint64_t round = 1; round <= 300; ++round) {
                  if (fabric.node() < 2)
                    for (int i = 0; i < 3; ++i) {
                      pairs.fetch_add(1);
                      barrier.wait(2);
                      ASSERT_GE(pairs.load(), ((round - 1) * 3 + i + 1) * 2);
                    }
                  if (fabric.node() == 0)
                    barrier.wait(1);
                  all.fetch_add(1);
                  barrier.wait(Nodes);
                  ASSERT_GE(all.load(), round * Nodes);
                }
              }).all_passed());
}

TEST(Barrier, ThatLeavesTheCallerOutIsFatal) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(run_fabric(2, [](Fabric &fabric, Bootstrap &) {
                 Barrier barrier(fabric);
                 if (fabric.node() == 1)
                   barrier.wait(1);
               }, {.seconds = 5, .started = {}}).all_passed());
  EXPECT_NE(testing::internal::GetCapturedStderr().find(
                "node 1 waits at a barrier of 1 of 2 nodes"),
            std::string::npos);
}

TEST(KVStore, FindsUpdatesAndErasesFromEveryNode) {
  EXPECT_TRUE(
      run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
        constexpr KVStore::Key PerNode = 1000, All = 3 * PerNode;
        KVStore store(fabric, 2000);
        const KVStore::Key first = 1 + PerNode * fabric.node();
        for (KVStore::Key key = first; key < first + PerNode; ++key) {
          EXPECT_FALSE(store.find(key));
          EXPECT_EQ(store.insert(key, {key * 7, ~key}),
                    KVStore::Insertion::Done);
        }
        meet(bootstrap);
        int here = 0;
        for (KVStore::Key key = 1; key <= All; ++key) {
          const KVStore::Value expected{key * 7, ~key};
          EXPECT_EQ(store.find(key), expected);
          EXPECT_EQ(store.insert(key, {1, 1}), KVStore::Insertion::KeyExists);
          here += store.home(key) == fabric.node();
        }
        EXPECT_GT(here, 800); // of 1000, were they even
        meet(bootstrap);
        // The next node's entries: a third changes, a third goes.
        const KVStore::Key other = 1 + (first + PerNode - 1) % All;
        for (KVStore::Key key = other; key < other + PerNode; ++key)
          if (key % 3 == 0)
            EXPECT_TRUE(store.update(key, {key, 5}));
          else if (key % 3 == 1)
            EXPECT_EQ(store.erase(key), (KVStore::Value{key * 7, ~key}));
        meet(bootstrap);
        for (KVStore::Key key = 1; key <= All; ++key)
          if (key % 3 == 0) {
            EXPECT_EQ(store.find(key), (KVStore::Value{key, 5}));
          } else if (key % 3 == 1) {
            EXPECT_FALSE(store.find(key));
            EXPECT_FALSE(store.update(key, {1, 1}));
            EXPECT_FALSE(store.erase(key));
          } else {
            EXPECT_EQ(store.find(key), (KVStore::Value{key * 7, ~key}));
          }
      }).all_passed());
}

TEST(KVStore, FullIsSaidAndErasingMakesRoom) {
  EXPECT_TRUE(run_fabric(1, [](Fabric &fabric, Bootstrap &) {
                KVStore store(fabric, 1); // a section
                KVStore::Key key = 1;
                while (store.insert(key, {key, 0}) == KVStore::Insertion::Done)
                  ++key;
                EXPECT_EQ(key, 1025u);
                EXPECT_EQ(store.insert(key, {key, 0}),
                          KVStore::Insertion::Full);
                EXPECT_FALSE(store.find(key)); // the search has an end
                // Much coming and going leaves searches as short as before.
                for (KVStore::Key old = 1; old <= 1024; ++old)
                  EXPECT_EQ(store.erase(old), (KVStore::Value{old, 0}));
                for (; key < 20000; ++key) {
                  ASSERT_EQ(store.insert(key, {key, 1}),
                            KVStore::Insertion::Done);
                  if (key > 1500)
                    EXPECT_EQ(store.erase(key - 400),
                              (KVStore::Value{key - 400, 1}));
                }
                for (KVStore::Key last = key - 400; last < key; ++last)
                  EXPECT_EQ(store.find(last), (KVStore::Value{last, 1}));
              }).all_passed());
}

TEST(KVStore, AReadNeverMixesTwoValues) {
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                constexpr KVStore::Key Keys = 8;
                KVStore store(fabric, 1);
                meet(bootstrap);
                for (std::uint64_t i = 1; i <= 100000; ++i) {
                  const KVStore::Key key = 1 + i % Keys;
                  const std::uint64_t value = i * 3 + fabric.node();
                  if (fabric.node() == 2) {
                    if (auto read = store.find(key))
                      ASSERT_EQ(read->second, ~read->first);
                  } else if (i % 3 == 0) {
                    store.insert(key, {value, ~value});
                  } else if (i % 3 == 1) {
                    store.update(key, {value, ~value});
                  } else if (auto was = store.erase(key)) {
                    ASSERT_EQ(was->second, ~was->first);
                  }
                }
                meet(bootstrap);
                for (KVStore::Key key = 1; key <= Keys; ++key)
                  if (auto read = store.find(key))
                    EXPECT_EQ(read->second, ~read->first);
              }).all_passed());
}

} // namespace
