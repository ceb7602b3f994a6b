// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wide_lock.cpp - a test-and-set word at node 0, or a mutex with one node.

#include "memory/coherence/wide_lock.h"

#include "memory/coherence/atomics.h"

#include <mutex>
#include <sched.h>

namespace loco::memory {

static fabric::Fabric *network = nullptr;
static std::uint64_t word = 0; // in Control of node 0
static std::mutex local_mutex;

void WideLock::open(fabric::Fabric &fabric) {
  word = fabric.reserve_control(sizeof(std::uint64_t));
  network = &fabric;
}

WideLock::WideLock(int order) : Order(order) {
  local_mutex.lock();
  if (network == nullptr)
    return;
  std::uint64_t expected = 0, taken = 1;
  while (!network->compare_exchange(0, fabric::Segment::Control, word,
                                    &expected, &taken, 8)) {
    expected = 0;
    sched_yield();
  }
  order_before(order);
}

WideLock::~WideLock() {
  if (network != nullptr) {
    std::uint64_t open = 0;
    network->atomic_store(0, fabric::Segment::Control, word, &open, 8);
    order_after(Order);
  }
  local_mutex.unlock();
}

} // namespace loco::memory
