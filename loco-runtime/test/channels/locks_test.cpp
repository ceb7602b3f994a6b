// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// locks_test.cpp - both kinds of locks between threads of real processes: what
// they promise alike, for each, and what is one's own.
#include "loco/channels.h"
#include "support/nodes.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <thread>
#include <vector>

using namespace loco;
using fabric::Fabric;
using test::meet;
using test::run_fabric;

namespace {

/// A lock at a place, and what it needs where so many threads of a node use it.
template <class Lock> struct Made;
template <> struct Made<TicketLock> {
  Made(Fabric &fabric, Place place, int) : lock(fabric, place) {}
  TicketLock lock;
};
template <> struct Made<QueueLock> {
  Made(Fabric &fabric, Place place, int threads)
      : places(fabric, threads), lock(fabric, places, place) {}
  WaitingPlaces places;
  QueueLock lock;
};

template <class Lock> class LockTest : public testing::Test {};
struct LockNames {
  template <class Lock> static std::string GetName(int) {
    return std::is_same_v<Lock, TicketLock> ? "TicketLock" : "QueueLock";
  }
};
using Locks = testing::Types<TicketLock, QueueLock>;
TYPED_TEST_SUITE(LockTest, Locks, LockNames);

TYPED_TEST(LockTest, ExcludesThreadsAndNodes) {
  static constexpr int Threads = 3, Rounds = 1000;
  EXPECT_TRUE(run_fabric(3, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 128);
                Made<TypeParam> made(fabric, region.place(1), Threads);
                auto &lock = made.lock;
                std::vector<std::thread> threads;
                for (int t = 0; t < Threads; ++t)
                  threads.emplace_back([&, t] {
                    TypeParam mine = lock;
                    for (int i = 0; i < Rounds; ++i) {
                      if (t == 0 && i % 3 == 0)
                        fabric.wait_until([&] { return mine.try_lock(); });
                      else
                        mine.lock();
                      EXPECT_TRUE(mine.is_held());
                      // Not atomic: only the lock keeps the sum right.
                      std::uint64_t sum;
                      region.read(2, 64, &sum, 8);
                      ++sum;
                      region.write(2, 64, &sum, 8);
                      region.flush();
                      if (i % 8 == 0)
                        sched_yield(); // others queue up
                      mine.unlock();
                    }
                  });
                for (std::thread &thread : threads)
                  thread.join();
                meet(bootstrap);
                std::uint64_t sum;
                region.read(2, 64, &sum, 8);
                EXPECT_EQ(sum, 3u * Threads * Rounds);
                EXPECT_FALSE(lock.is_held());
              }).all_passed());
}

TYPED_TEST(LockTest, ServesInOrderOfArrival) {
  EXPECT_TRUE(run_fabric(4, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 8);
                Made<TypeParam> made(fabric, region.place(0), 1);
                auto &lock = made.lock;
                AtomicVar<std::uint64_t> word(fabric, region.place(0));
                AtomicVar<std::uint32_t> served(fabric, 0);
                if (fabric.node() == 0)
                  lock.lock();
                meet(bootstrap);
                // Nodes 3, 2 and 1 queue, one after the other; then node 0 lets
                // them in.
                std::thread waiter;
                for (int turn = 1; turn <= 3; ++turn) {
                  const std::uint64_t before = word.load();
                  meet(bootstrap);
                  if (fabric.node() == 4 - turn)
                    waiter = std::thread([&] {
                      lock.lock();
                      EXPECT_EQ(served.fetch_add(1),
                                std::uint32_t(3 - fabric.node()));
                      lock.unlock();
                    });
                  fabric.wait_until([&] { return word.load() != before; });
                  meet(bootstrap);
                }
                if (fabric.node() == 0) {
                  EXPECT_EQ(served.load(), 0u);
                  lock.unlock();
                } else {
                  waiter.join();
                }
                meet(bootstrap);
                EXPECT_EQ(served.load(), 3u);
                EXPECT_FALSE(lock.is_held());
              }).all_passed());
}

TYPED_TEST(LockTest, TryLockTakesOnlyAFreeLock) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 8);
                Made<TypeParam> made(fabric, region.place(1), 1);
                auto &lock = made.lock;
                if (fabric.node() == 0) {
                  EXPECT_FALSE(lock.is_held());
                  EXPECT_TRUE(lock.try_lock());
                }
                meet(bootstrap);
                EXPECT_TRUE(lock.is_held());
                EXPECT_FALSE(lock.try_lock());
                meet(bootstrap);
                if (fabric.node() == 0)
                  lock.unlock();
                meet(bootstrap);
                EXPECT_FALSE(lock.is_held());
                if (fabric.node() == 1) {
                  EXPECT_TRUE(lock.try_lock());
                  lock.unlock();
                }
              }).all_passed());
}

TEST(TicketLock, TicketsWrapAround) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 64);
                // Three tickets before both halves overflow.
                AtomicVar<std::uint64_t> word(fabric, region.place(0));
                if (fabric.node() == 0)
                  word.store(0xfffffffdfffffffdu);
                meet(bootstrap);
                TicketLock lock(fabric, region.place(0));
                for (int i = 0; i < 50; ++i) {
                  lock.lock();
                  std::uint64_t sum;
                  region.read(1, 8, &sum, 8);
                  ++sum;
                  region.write(1, 8, &sum, 8);
                  region.flush();
                  lock.unlock();
                }
                meet(bootstrap);
                std::uint64_t sum;
                region.read(1, 8, &sum, 8);
                EXPECT_EQ(sum, 100u);
                EXPECT_EQ(word.load(), (97ull << 32) + 97);
              }).all_passed());
}

TEST(QueueLock, LeavesItsWordAsBeforeItsFirstUse) {
  EXPECT_TRUE(run_fabric(2, [](Fabric &fabric, Bootstrap &bootstrap) {
                SharedRegion region(fabric, 8);
                Made<QueueLock> made(fabric, region.place(1), 1);
                for (int i = 0; i < 500; ++i) {
                  made.lock.lock();
                  made.lock.unlock();
                }
                meet(bootstrap);
                AtomicVar<std::uint64_t> word(fabric, region.place(1));
                EXPECT_EQ(word.load(), 0u);
              }).all_passed());
}

TEST(QueueLock, WithoutAPlaceToWaitIsFatal) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(run_fabric(2,
                          [](Fabric &fabric, Bootstrap &) {
                            SharedRegion region(fabric, 8);
                            WaitingPlaces places(fabric, 1);
                            QueueLock lock(fabric, places, region.place(0));
                            if (fabric.node() == 1)
                              return;
                            lock.lock();
                            std::thread first([&] { lock.lock(); });
                            AtomicVar<std::uint64_t> word(fabric,
                                                          region.place(0));
                            fabric.wait_until(
                                [&] { return (word.load() & 0xffff) != 0; });
                            lock.lock();
                            first.join();
                          },
                          {.seconds = 5, .started = {}})
                   .all_passed());
  EXPECT_NE(testing::internal::GetCapturedStderr().find(
                "more than 1 threads of this node wait for locks"),
            std::string::npos);
}

} // namespace
