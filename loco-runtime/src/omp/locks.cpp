// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// locks.cpp - locks in program memory: a critical's name or an omp_lock_t, zero
// at start, has LOCO's queue lock channel as its record, with a queue on each
// node before it. One that lies in memory which only this node sees is a spin
// lock.

#include "omp/locks.h"

#include "base/export.h"
#include "base/private_scope.h"
#include "base/stats.h"
#include "loco/abi.h"
#include "loco/channels.h"
#include "loco/omp_abi.h"
#include "memory/coherence/atomics.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"
#include "memory/process/output.h"
#include "omp/local_queues.h"
#include "omp/lock_records.h"

#include <cstdint>
#include <optional>

namespace loco::omp {

namespace {

/// Threads of a node that wait for different locks at one time.
constexpr unsigned MaxWaiting = 4096;
/// How often a lock may be handed over within a node while others may wait.
constexpr unsigned MaxHandOvers = 32;

WaitingPlaces *places = nullptr;
// Never destroyed: libraries lock mutexes when the program's destructors have run.
LocalQueues &queues = *new LocalQueues;
LockRecords &records = *new LockRecords;

/// Whether all nodes see the memory that a lock lies in.
bool is_shared(const void *lock) {
  return memory::coherence->space().find(lock).has_value();
}

/// A lock that all nodes see, by its record.
class SharedLock {
public:
  explicit SharedLock(LockRecords::Id record) : Record(record) {}

  void lock() {
    fabric::WaitFor cause(fabric::Cause::Lock);
    std::uint32_t ticket;
    LocalQueue &queue = queues.join(Record, ticket);
    auto is_next = [&] {
      return queue.serving.load(std::memory_order_acquire) == ticket;
    };
    if (!is_next())
      network().wait_here(is_next);
    if (queue.node_has_it) // what the last one saw and wrote is here (M19)
      return;
    among_nodes().lock();
    taken(queue);
  }

  bool try_lock() {
    fabric::WaitFor cause(fabric::Cause::Lock);
    LocalQueue *queue = queues.join_empty(Record);
    if (queue == nullptr)
      return false;
    if (among_nodes().try_lock()) {
      taken(*queue);
      return true;
    }
    leave(*queue);
    return false;
  }

  void unlock() {
    fabric::WaitFor cause(fabric::Cause::Lock);
    LocalQueue *queue = queues.find(Record);
    if (queue == nullptr || !queue->node_has_it)
      fatal("a lock is given back that no thread of this node has taken "
            "(omp_unset_lock, or the end of a critical region)");
    if (queue->others_wait() && queue->handed_over < MaxHandOvers) {
      ++queue->handed_over;
      count(stats.LocksHandedOver);
      return leave(*queue);
    }
    memory::flush_output();
    memory::coherence->release_through(Record);
    among_nodes().unlock();
    queue->handed_over = 0;
    queue->node_has_it = false;
    leave(*queue);
  }

  bool is_held() const { return among_nodes().is_held(); }

private:
  static fabric::Fabric &network() { return memory::coherence->network(); }

  QueueLock among_nodes() const {
    return QueueLock(network(), *places, LockRecords::place(Record));
  }

  void taken(LocalQueue &queue) {
    count(stats.LocksTaken);
    memory::coherence->acquire_through(Record);
    queue.node_has_it = true;
  }

  static void leave(LocalQueue &queue) {
    bool wake = queue.others_wait();
    queues.leave(queue);
    if (wake)
      network().notify(network().node());
  }

  LockRecords::Id Record;
};

/// A lock that only this node sees: 1 while it is held.
class NodeLock {
public:
  explicit NodeLock(const void *lock)
      : Word(static_cast<std::uint64_t *>(const_cast<void *>(lock))) {}

  bool try_lock() {
    return __atomic_exchange_n(Word, 1, __ATOMIC_ACQUIRE) == 0;
  }
  void lock() {
    for (unsigned spins = 0; !try_lock();)
      __loco_omp_wait_step(&spins);
  }
  void unlock() { __atomic_store_n(Word, 0, __ATOMIC_RELEASE); }
  bool is_held() const { return __atomic_load_n(Word, __ATOMIC_RELAXED) != 0; }

private:
  std::uint64_t *Word;
};

} // namespace

void open_locks(fabric::Fabric &fabric) {
  places = new WaitingPlaces(fabric, MaxWaiting);
}

} // namespace loco::omp

using namespace loco::omp;

extern "C" {

LOCO_EXPORT void __loco_lock_acquire(void *lock) {
  loco::PrivateScope scope;
  if (!is_shared(lock))
    return NodeLock(lock).lock(); // between threads of this node (M19)
  SharedLock(records.find_or_make(lock)).lock();
}

LOCO_EXPORT int __loco_lock_try(void *lock) {
  loco::PrivateScope scope;
  if (!is_shared(lock))
    return NodeLock(lock).try_lock();
  return SharedLock(records.find_or_make(lock)).try_lock();
}

LOCO_EXPORT void __loco_lock_release(void *lock) {
  loco::PrivateScope scope;
  if (!is_shared(lock))
    return NodeLock(lock).unlock();
  SharedLock(records.find(lock)).unlock();
}

LOCO_EXPORT int __loco_lock_is_held(const void *lock) {
  loco::PrivateScope scope;
  if (!is_shared(lock))
    return NodeLock(lock).is_held();
  LockRecords::Id record = records.find(lock);
  return record != 0 && SharedLock(record).is_held();
}

LOCO_EXPORT void __loco_lock_destroy(void *lock) {
  loco::PrivateScope scope;
  if (is_shared(lock))
    records.forget(lock);
}

} // extern "C"
