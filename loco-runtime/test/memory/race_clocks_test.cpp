// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_clocks_test.cpp - which releases a node has synchronised with, between
// real processes.

#include "memory/races/race_clocks.h"
#include "support/nodes.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace loco;
using namespace loco::memory;
using fabric::Fabric;
using test::meet;
using test::run_fabric;

namespace {

void release(RaceClocks &clocks, int times) {
  for (int i = 0; i < times; ++i)
    clocks.released();
}

std::vector<std::uint64_t> values(const ReleaseClock &clock, int nodes) {
  return {clock.releases, clock.releases + nodes};
}

using Values = std::vector<std::uint64_t>;

} // namespace

TEST(ReleaseClock, JoinTakesTheLaterOfEachNode) {
  ReleaseClock a, b;
  a.releases[0] = 3;
  a.releases[1] = 1;
  b.releases[1] = 4;
  b.releases[MaxNodes - 1] = 2;
  a.join(b);
  EXPECT_EQ(values(a, 3), (Values{3, 4, 0}));
  EXPECT_EQ(a.releases[MaxNodes - 1], 2u);
  EXPECT_EQ(values(b, 3), (Values{0, 4, 0}));
}

TEST(RaceClocks, CountItsOwnReleasesAndWhatWasAcquired) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                RaceClocks clocks(fabric, 2);
                const int me = fabric.node(), other = 1 - me;
                meet(bootstrap);
                EXPECT_EQ(clocks.next_release(), 1u);
                release(clocks, 3 + me);
                EXPECT_EQ(clocks.next_release(), 4u + me);
                meet(bootstrap);
                // Nobody has synchronised yet, whatever has happened.
                EXPECT_EQ(clocks.now().releases[me], 3u + me);
                EXPECT_EQ(clocks.now().releases[other], 0u);
                EXPECT_EQ(values(clocks.everything(), 2), (Values{3, 4}));

                ReleaseClock some;
                some.releases[me] = 99; // of this node it knows better itself
                some.releases[other] = 2;
                clocks.acquired(some);
                EXPECT_EQ(clocks.now().releases[me], 3u + me);
                EXPECT_EQ(clocks.now().releases[other], 2u);
                some.releases[other] = 1; // an older clock takes nothing back
                clocks.acquired(some);
                EXPECT_EQ(clocks.now().releases[other], 2u);
              }).all_passed());
}

TEST(RaceClocks, WhatIsLeftAtALockIsHandedOn) {
  EXPECT_TRUE(
      run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
        RaceClocks clocks(fabric, 3);
        const RaceClocks::Place lock = clocks.of_object(4096);
        const RaceClocks::Place place = clocks.of_span();
        meet(bootstrap);
        // From node to node by one lock: node 2 has what node 0 had.
        for (int turn = 0; turn < 3; ++turn) {
          if (fabric.node() == turn) {
            if (turn > 0)
              clocks.acquired(clocks.left_by(turn - 1, lock));
            release(clocks, turn + 5);
            clocks.leave(lock);
          }
          meet(bootstrap);
        }
        Values seen[] = {{5, 0, 0}, {5, 6, 0}, {5, 6, 7}};
        EXPECT_EQ(values(clocks.now(), 3), seen[fabric.node()]);
        for (int node = 0; node < 3; ++node)
          EXPECT_EQ(values(clocks.left_by(node, lock), 3), seen[node]);
        EXPECT_EQ(values(clocks.left_by_all(2, lock), 3), seen[1]);
        EXPECT_EQ(values(clocks.left_by_all(3, lock), 3), seen[2]);
        // Nothing of it is at another place.
        EXPECT_EQ(values(clocks.left_by_all(3, place), 3), (Values{0, 0, 0}));
        // What is there is joined, not replaced.
        meet(bootstrap);
        release(clocks, 1);
        clocks.leave(lock);
        EXPECT_EQ(clocks.left_by(fabric.node(), lock).releases[fabric.node()],
                  6u + fabric.node());
      }).all_passed());
}

TEST(RaceClocks, BarriersAreToldApartByTurnAndNodes) {
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                RaceClocks clocks(fabric, 3);
                meet(bootstrap);
                const auto pair = clocks.of_next_barrier(2);
                const auto all = clocks.of_next_barrier(3);
                EXPECT_NE(pair, all);
                // A node that is ahead by one leaves its clock at another
                // place, and comes to the first again when all have left that.
                const auto next = clocks.of_next_barrier(3);
                EXPECT_NE(next, all);
                EXPECT_NE(next, pair);
                EXPECT_EQ(clocks.of_next_barrier(3), all);
                EXPECT_NE(clocks.of_next_barrier(2), pair);
                EXPECT_NE(clocks.of_span(), all);
                // All bytes of a word's 8 are one object.
                EXPECT_EQ(clocks.of_object(64), clocks.of_object(71));
              }).all_passed());
}

TEST(RaceClocks, NothingIsLostBetweenThreads) {
  EXPECT_TRUE(
      run_fabric(1, [](Fabric &fabric, Bootstrap &) {
        RaceClocks clocks(fabric, 3);
        const auto lock = clocks.of_object(8);
        constexpr std::uint64_t Last = 20000;
        std::atomic<bool> done{false};
        std::thread other([&] {
          ReleaseClock from;
          for (std::uint64_t i = 1; i <= Last; ++i) {
            from.releases[2] = i;
            clocks.acquired(from);
            clocks.leave(lock);
          }
        });
        std::thread reader([&] {
          for (std::uint64_t last = 0; !done.load();) {
            const std::uint64_t seen = clocks.now().releases[2];
            EXPECT_GE(seen, last);
            last = seen;
          }
        });
        ReleaseClock from;
        for (std::uint64_t i = 1; i <= Last; ++i) {
          from.releases[1] = i;
          clocks.acquired(from);
          clocks.leave(lock);
        }
        other.join();
        done = true;
        reader.join();
        EXPECT_EQ(values(clocks.left_by(0, lock), 3), (Values{0, Last, Last}));
      }).all_passed());
}
