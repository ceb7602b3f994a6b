// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atomics.h - atomic operations as compiled code makes them.
#pragma once

#include "round.h"

#include "loco/abi.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace stress {

using Wide = unsigned __int128;

// With one node compiled code uses the plain instruction, and so do these.

inline constexpr int Orders[] = {__ATOMIC_RELAXED, __ATOMIC_ACQ_REL,
                                 __ATOMIC_SEQ_CST};

#define DEFINE_ATOMICS(bytes, type)                                            \
  inline type atomic_load(const type *p, int order) {                          \
    return multi() ? __loco_atomic_load_##bytes(p, order)                      \
                   : __atomic_load_n(p, __ATOMIC_SEQ_CST);                     \
  }                                                                            \
  inline void atomic_store(type *p, type value, int order) {                   \
    if (multi())                                                               \
      __loco_atomic_store_##bytes(p, value, order);                            \
    else                                                                       \
      __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                            \
  }                                                                            \
  inline type atomic_cas(type *p, type expected, type desired, int order) {    \
    if (multi())                                                               \
      return __loco_atomic_cas_##bytes(p, expected, desired, order,            \
                                       __ATOMIC_RELAXED);                      \
    __atomic_compare_exchange_n(p, &expected, desired, false,                  \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
    return expected;                                                           \
  }                                                                            \
  inline type atomic_rmw(type *p, type value, int op, int order) {             \
    if (multi())                                                               \
      return __loco_atomic_rmw_##bytes(p, value, op, order);                   \
    switch (op) {                                                              \
    case LOCO_RMW_ADD:                                                         \
      return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);                   \
    case LOCO_RMW_SUB:                                                         \
      return __atomic_fetch_sub(p, value, __ATOMIC_SEQ_CST);                   \
    case LOCO_RMW_OR:                                                          \
      return __atomic_fetch_or(p, value, __ATOMIC_SEQ_CST);                    \
    case LOCO_RMW_XOR:                                                         \
      return __atomic_fetch_xor(p, value, __ATOMIC_SEQ_CST);                   \
    default:                                                                   \
      abort();                                                                 \
    }                                                                          \
  }
DEFINE_ATOMICS(1, uint8_t)
DEFINE_ATOMICS(2, uint16_t)
DEFINE_ATOMICS(4, uint32_t)
DEFINE_ATOMICS(8, uint64_t)
DEFINE_ATOMICS(16, Wide)
#undef DEFINE_ATOMICS

template <typename T> void cas_add(T *p, T value, int order) {
  T seen = atomic_load(p, __ATOMIC_RELAXED);
  for (;;) {
    const T before = atomic_cas(p, seen, static_cast<T>(seen + value), order);
    if (before == seen)
      return;
    seen = before;
  }
}

template <typename T, typename Bits>
void float_add(void *p, T value, int order) {
  Bits bits;
  if (multi()) {
    memcpy(&bits, &value, sizeof bits);
    atomic_rmw(static_cast<Bits *>(p), bits, LOCO_RMW_FADD, order);
    return;
  }
  Bits seen = atomic_load(static_cast<Bits *>(p), order);
  for (;;) {
    T sum;
    memcpy(&sum, &seen, sizeof sum);
    sum += value;
    memcpy(&bits, &sum, sizeof bits);
    const Bits before = atomic_cas(static_cast<Bits *>(p), seen, bits, order);
    if (before == seen)
      return;
    seen = before;
  }
}

template <typename T, typename Op>
void cas_apply(T *p, T value, int order, Op better) {
  T seen = atomic_load(p, order);
  while (better(value, seen)) {
    const T before = atomic_cas(p, seen, value, order);
    if (before == seen)
      return;
    seen = before;
  }
}

} // namespace stress
