// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

// ----------------------------------------------------------- waiting places

WaitingPlaces::WaitingPlaces(fabric::Fabric &fabric, unsigned places_per_node)
    : Net(&fabric), Region(fabric, (places_per_node + 1) * Bytes),
      Count(places_per_node), Taken(new std::atomic<bool>[Count + 1]()) {
  if (Count > 0xffff)
    fatal("internal error: too many waiting places");
}

WaitingPlaces::Id WaitingPlaces::take() {
  for (unsigned index = 1; index <= Count; ++index)
    if (!Taken[index].load(std::memory_order_relaxed) &&
        !Taken[index].exchange(true, std::memory_order_acquire)) {
      const Id id = id_of(Net->node(), index);
      store(id, 0, 0);
      store(id, NextAt, 0);
      return id;
    }
  fatal("more than " + std::to_string(Count) +
        " threads of this node wait for locks that other nodes hold");
}

void WaitingPlaces::give_back(Id id) {
  Taken[id & 0xffff].store(false, std::memory_order_release);
}

std::uint64_t WaitingPlaces::load(Id id, std::size_t at) const {
  std::uint64_t value;
  if (node_of(id) == Net->node())
    return __atomic_load_n(
        reinterpret_cast<std::uint64_t *>(Region.local() + offset_of(id) + at),
        __ATOMIC_ACQUIRE);
  Region.read(node_of(id), offset_of(id) + at, &value, sizeof value);
  return value;
}

void WaitingPlaces::store(Id id, std::size_t at, std::uint64_t value) const {
  if (node_of(id) == Net->node()) {
    __atomic_store_n(
        reinterpret_cast<std::uint64_t *>(Region.local() + offset_of(id) + at),
        value, __ATOMIC_RELEASE);
    return;
  }
  Region.write(node_of(id), offset_of(id) + at, &value, sizeof value);
  Region.flush();
}

// --------------------------------------------------------------- the lock

bool QueueLock::exchange(std::uint64_t &expected, std::uint64_t desired) {
  return Net->compare_exchange(Where.node, Where.segment, Where.offset,
                               &expected, &desired, sizeof expected);
}

void QueueLock::lock() {
  std::uint64_t word = 0;
  if (exchange(word, OnlyHeld))
    return;
  const Id me = Places->take();
  for (;;) {
    const bool was_free = word == 0;
    const bool nobody_waits = last(word) == Held;
    const std::uint64_t joined = was_free       ? OnlyHeld
                                 : nobody_waits ? queue(me, me)
                                                : queue(first(word), me);
    const Id before = last(word);
    if (!exchange(word, joined))
      continue;
    if (!was_free) {
      // Who is before me lets nobody in before it knows who is next.
      if (!nobody_waits)
        Places->store(before, WaitingPlaces::NextAt, me);
      Net->wait_until([&] { return Places->load(me, 0) != 0; });
    }
    Places->give_back(me);
    return;
  }
}

bool QueueLock::try_lock() {
  std::uint64_t word = 0;
  return exchange(word, OnlyHeld);
}

void QueueLock::unlock() {
  std::uint64_t word = OnlyHeld;
  if (exchange(word, 0))
    return;
  // Others may join at the end meanwhile; the first one only leaves here.
  const Id next = first(word);
  for (;;) {
    std::uint64_t rest = OnlyHeld;
    if (next != last(word)) {
      std::uint64_t second = 0; // once it has joined it says so
      Net->wait_until([&] {
        second = Places->load(next, WaitingPlaces::NextAt);
        return second != 0;
      });
      rest = queue(static_cast<Id>(second), last(word));
    }
    if (exchange(word, rest))
      break;
  }
  Places->store(next, 0, 1);
  Net->notify(WaitingPlaces::node_of(next));
}

bool QueueLock::is_held() const {
  std::uint64_t word;
  Net->atomic_load(Where.node, Where.segment, Where.offset, &word, sizeof word);
  return word != 0;
}

} // namespace loco
