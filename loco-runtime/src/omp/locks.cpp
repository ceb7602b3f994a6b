// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// locks.cpp - locks in program memory: a critical's name or an omp_lock_t, zero
// at start, is LOCO's ticket lock channel as it stands, at the home of its
// address. One that lies in memory which only this node sees is a spin lock.

#include "base/export.h"
#include "loco/abi.h"
#include "loco/channels.h"
#include "loco/omp_abi.h"
#include "memory/atomics.h"
#include "memory/coherence.h"
#include "memory/heap.h"

#include <cstdint>
#include <optional>

namespace {

using loco::TicketLock;
using loco::memory::coherence;

std::optional<TicketLock> find_lock(const void *lock) {
  auto offset = coherence->space().find(lock);
  if (!offset)
    return std::nullopt;
  int home = coherence->pin_home(
      loco::memory::extent_of(loco::memory::block_at(*offset)));
  return TicketLock(coherence->network(),
                    {home, loco::fabric::Segment::Memory, *offset});
}

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

extern "C" {

LOCO_EXPORT void __loco_lock_acquire(void *lock) {
  {
    loco::memory::heap::PrivateScope scope;
    if (auto ticket_lock = find_lock(lock))
      ticket_lock->lock();
    else
      NodeLock(lock).lock();
  }
  __loco_acquire();
}

LOCO_EXPORT int __loco_lock_try(void *lock) {
  auto ticket_lock = find_lock(lock);
  bool taken =
      ticket_lock ? ticket_lock->try_lock() : NodeLock(lock).try_lock();
  if (taken)
    __loco_acquire();
  return taken;
}

LOCO_EXPORT void __loco_lock_release(void *lock) {
  __loco_release();
  loco::memory::heap::PrivateScope scope;
  auto ticket_lock = find_lock(lock);
  if (!ticket_lock)
    return NodeLock(lock).unlock();
  ticket_lock->unlock();
  // Copies of the block hold an older ticket. Nobody looks at that while it is
  // a lock, but its memory may become something else: a copy must not hide a
  // store of what it happens to have there. Globals (critical's names) stay
  // what they are.
  auto offset = *coherence->space().find(lock);
  if (offset < coherence->space().window_bytes())
    loco::memory::follow_home(lock);
}

LOCO_EXPORT int __loco_lock_is_held(const void *lock) {
  auto ticket_lock = find_lock(lock);
  return ticket_lock ? ticket_lock->is_held() : NodeLock(lock).is_held();
}

} // extern "C"
