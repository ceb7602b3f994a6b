// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// records.h - locks, and the records that they protect.
#pragma once

#include "access.h"
#include "random.h"
#include "round.h"

#include <cstdint>
#include <pthread.h>

namespace stress {

struct LockUse {
  int which;
  uint64_t value;
};

inline uint64_t record_count_model[LockCount];
inline uint64_t record_sum_model[LockCount];
inline pthread_mutex_t one_node_locks[LockCount];

bool pick_lock(Random &random, const Context &context, LockUse &use, How &how,
               bool &by_trying);
void use_lock(const Context &context, const LockUse &use, How how,
              bool by_trying);
void check_records(Random &random, const Context &context);
/// Writes the first record of each lock, on node 0.
void make_records();

} // namespace stress
