// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lock_records.cpp - finding, making and forgetting the record of a lock.

#include "omp/lock_records.h"

#include "fabric/fabric.h"
#include "loco/abi.h"
#include "memory/coherence/atomics.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"

namespace loco::omp {

using memory::coherence;

LockRecords::Id LockRecords::find(const void *word) {
  // A plain load, so by this node's copy: the word changes but once. Where the
  // copy is from before that, home has it, and the copy follows.
  if (!__loco_is_local(word))
    __loco_load(word, sizeof(Id));
  Id id = __atomic_load_n(static_cast<const Id *>(word), __ATOMIC_RELAXED);
  if (id == 0)
    memory::atomic_load(word, &id, sizeof id, __ATOMIC_RELAXED);
  return id;
}

LockRecords::Id LockRecords::find_or_make(void *word) {
  if (Id id = find(word))
    return id;
  const Id mine = take();
  Id id = 0;
  if (memory::atomic_compare_exchange(word, &id, &mine, sizeof id,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    return mine;
  give_back(mine);
  return id;
}

void LockRecords::forget(void *word) {
  const Id id = find(word);
  if (id == 0)
    return;
  const Id none = 0;
  memory::atomic_store(word, &none, sizeof none, __ATOMIC_RELAXED);
  give_back(id);
}

Place LockRecords::place(Id id) {
  return {static_cast<int>(id >> NodeShift) - 1, fabric::Segment::Memory,
          id & ((Id(1) << NodeShift) - 1)};
}

LockRecords::Id LockRecords::take() {
  std::lock_guard guard(Mutex);
  if (Free.empty()) {
    void *page = memory::heap::take_pages(memory::ExtentBytes);
    if (page == nullptr)
      fatal("no memory for a lock (LOCO_WINDOW is too small)");
    const std::uint64_t offset = *coherence->space().find(page);
    const int home =
        coherence->pin_home(memory::block_at(offset));
    for (std::uint64_t at = memory::ExtentBytes; at != 0; at -= Bytes)
      Free.push_back((static_cast<Id>(home + 1) << NodeShift) |
                     (offset + at - Bytes));
  }
  const Id id = Free.back();
  Free.pop_back();
  return id;
}

void LockRecords::give_back(Id id) {
  std::lock_guard guard(Mutex);
  Free.push_back(id);
}

} // namespace loco::omp
