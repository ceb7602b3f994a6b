// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// access.h - loads and stores as compiled code makes them.
#pragma once

#include "random.h"
#include "round.h"

#include <cstddef>

namespace stress {

enum class How { Checked, Called, Unchecked, Uncached };

How pick_how(Random &random);
const char *name_of(How how);

/// Whether the access is one of kvstore mode, whose code has plain accesses
/// with one node.
bool is_uncached(How how);

/// One access of n bytes, as one instruction where n is 1, 2, 4 or 8.
void copy(void *to, const void *from, size_t n);
void load(const void *p, void *out, size_t n, How how);
void store(void *p, const void *in, size_t n, How how);

inline void compiler_barrier() { asm volatile("" ::: "memory"); }

/// A range of any size: how is Unchecked, Uncached, or else with a range check.
void load_range(const void *p, void *out, size_t n, How how);
void store_range(void *p, const void *in, size_t n, How how);

template <typename T> T load(const void *p, How how) {
  T value;
  load(p, &value, sizeof value, how);
  return value;
}

template <typename T> void store(void *p, T value, How how) {
  store(p, &value, sizeof value, how);
}

} // namespace stress
