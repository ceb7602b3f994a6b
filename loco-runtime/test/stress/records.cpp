// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// records.cpp - locks, and the records that they protect.

#include "records.h"

#include "failure.h"
#include "schedule.h"

#include "loco/omp_abi.h"

namespace stress {

struct Record {
  uint64_t count;
  uint64_t sum;
  unsigned char tail[80]; // a function of count
  uint64_t check;         // of all before
};
static_assert(sizeof(Record) <= 2 * UnitBytes);

static unsigned char tail_byte(uint64_t count, size_t i) {
  return static_cast<unsigned char>(mix(count, i));
}

static void check_record(const Context &context, int which,
                         const Record &record, const char *when) {
  const void *p = round_.arena + layout.record[which];
  if (record.check != mix(record.count, record.sum))
    fail(context, p,
         "record %d %s: count %llu and sum %llu do not fit each other", which,
         when, static_cast<unsigned long long>(record.count),
         static_cast<unsigned long long>(record.sum));
  for (size_t i = 0; i < sizeof record.tail; ++i)
    if (record.tail[i] != tail_byte(record.count, i))
      fail(context, p, "record %d %s: byte %zu: expected 0x%02x, got 0x%02x",
           which, when, i, tail_byte(record.count, i), record.tail[i]);
}

static void lock(int which, bool by_trying) {
  void *p = round_.arena + layout.lock[which];
  if (!multi()) {
    pthread_mutex_lock(&one_node_locks[which]);
  } else if (by_trying) {
    for (unsigned spins = 0; !__loco_lock_try(p);)
      __loco_omp_wait_step(&spins);
  } else {
    __loco_lock_acquire(p);
  }
}

static void unlock(int which) {
  if (multi())
    __loco_lock_release(round_.arena + layout.lock[which]);
  else
    pthread_mutex_unlock(&one_node_locks[which]);
}

bool pick_lock(Random &random, const Context &context, LockUse &use, How &how,
               bool &by_trying) {
  use.which = static_cast<int>(random.below(LockCount));
  use.value = random.next();
  how = pick_how(random);
  by_trying = random.chance(15);
  return lock_active(context.phase, use.which);
}

void use_lock(const Context &context, const LockUse &use, How how,
              bool by_trying) {
  char *p = round_.arena + layout.record[use.which];
  lock(use.which, by_trying);
  if (multi() && !__loco_lock_is_held(round_.arena + layout.lock[use.which]))
    fail(context, round_.arena + layout.lock[use.which],
         "lock %d is not held by its holder", use.which);
  Record record;
  load(p, &record, sizeof record, how);
  check_record(context, use.which, record, "in its lock");
  ++record.count;
  record.sum += use.value;
  record.check = mix(record.count, record.sum);
  for (size_t i = 0; i < sizeof record.tail; ++i)
    record.tail[i] = tail_byte(record.count, i);
  store(p, &record, sizeof record, how);
  unlock(use.which);
}

void check_records(Random &random, const Context &context) {
  for (int which = 0; which < LockCount; ++which) {
    if (lock_active(context.phase, which))
      continue;
    Record record;
    const char *p = round_.arena + layout.record[which];
    load(p, &record, sizeof record, pick_how(random));
    check_record(context, which, record, "at rest");
    if (record.count != record_count_model[which] ||
        record.sum != record_sum_model[which])
      fail(context, p,
           "record %d at rest: expected count %llu, sum %llu; got %llu, %llu",
           which, static_cast<unsigned long long>(record_count_model[which]),
           static_cast<unsigned long long>(record_sum_model[which]),
           static_cast<unsigned long long>(record.count),
           static_cast<unsigned long long>(record.sum));
  }
}

void make_records() {
  Record record{};
  record.check = mix(record.count, record.sum);
  for (size_t i = 0; i < sizeof record.tail; ++i)
    record.tail[i] = tail_byte(record.count, i);
  for (uint32_t offset : layout.record)
    store(round_.arena + offset, record, How::Checked);
}

} // namespace stress
