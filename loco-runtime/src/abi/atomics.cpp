// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atomics.cpp - __loco_atomic_* of loco/abi.h for every width, and the guards of
// function-local statics.

#include "base/private_scope.h"
#include "loco/abi.h"

#include "base/export.h"
#include "memory/coherence/atomics.h"
#include "memory/heap/heap.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <sched.h>

using loco::PrivateScope;
using namespace loco::memory;

namespace {

using Uint128 = unsigned __int128;

template <typename T> struct FloatOf {
  using type = void;
};
template <> struct FloatOf<std::uint32_t> {
  using type = float;
};
template <> struct FloatOf<std::uint64_t> {
  using type = double;
};

template <typename T> struct SignedOf {
  using type = std::make_signed_t<T>;
};
template <> struct SignedOf<Uint128> {
  using type = __int128;
};

template <typename F> F combine_float(F a, F b, int op) {
  switch (op) {
  case LOCO_RMW_FADD:
    return a + b;
  case LOCO_RMW_FSUB:
    return a - b;
  case LOCO_RMW_FMAX:
    return std::fmax(a, b);
  default:
    return std::fmin(a, b);
  }
}

/// What `old` becomes by the operation.
template <typename T> T combine(T old, T value, int op) {
  using Signed = typename SignedOf<T>::type;
  switch (op) {
  case LOCO_RMW_XCHG:
    return value;
  case LOCO_RMW_ADD:
    return static_cast<T>(old + value);
  case LOCO_RMW_SUB:
    return static_cast<T>(old - value);
  case LOCO_RMW_AND:
    return old & value;
  case LOCO_RMW_NAND:
    return static_cast<T>(~(old & value));
  case LOCO_RMW_OR:
    return old | value;
  case LOCO_RMW_XOR:
    return old ^ value;
  case LOCO_RMW_MAX:
    return static_cast<Signed>(old) > static_cast<Signed>(value) ? old : value;
  case LOCO_RMW_MIN:
    return static_cast<Signed>(old) < static_cast<Signed>(value) ? old : value;
  case LOCO_RMW_UMAX:
    return old > value ? old : value;
  case LOCO_RMW_UMIN:
    return old < value ? old : value;
  default:
    if constexpr (!std::is_void_v<typename FloatOf<T>::type>) {
      using F = typename FloatOf<T>::type;
      return std::bit_cast<T>(combine_float(std::bit_cast<F>(old),
                                            std::bit_cast<F>(value), op));
    } else {
      return old; // the compiler asks for floats of 4 and 8 bytes only
    }
  }
}

/// A loop that waits for an atomic must not starve the thread that it waits for,
/// which may share its core: called for operations that change nothing.
void yield_in_loops(const void *p) {
  static constexpr unsigned TriesBeforeYield = 64;
  thread_local const void *last = nullptr;
  thread_local unsigned tries = 0;
  if (p != last) {
    last = p;
    tries = 0;
  } else if (++tries >= TriesBeforeYield) {
    sched_yield();
  }
}

/// Where LOCO does not manage the address, the CPU's own operations.
template <typename T> T load(const void *p, int order) {
  T value;
  if (!is_managed(p)) {
    __atomic_load(static_cast<const T *>(p), &value, __ATOMIC_SEQ_CST);
    return value;
  }
  PrivateScope scope;
  atomic_load(p, &value, sizeof value, order);
  return value;
}

template <typename T> void store(void *p, T value, int order) {
  if (!is_managed(p))
    return __atomic_store(static_cast<T *>(p), &value, __ATOMIC_SEQ_CST);
  PrivateScope scope;
  atomic_store(p, &value, sizeof value, order);
}

template <typename T>
T compare_exchange(void *p, T expected, T desired, int order,
                   int failure_order) {
  if (!is_managed(p)) {
    __atomic_compare_exchange(static_cast<T *>(p), &expected, &desired, false,
                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
  }
  PrivateScope scope;
  if (!atomic_compare_exchange(p, &expected, &desired, sizeof expected, order,
                               failure_order))
    yield_in_loops(p);
  return expected;
}

template <typename T> T read_modify_write(void *p, T value, int op, int order) {
  if (is_managed(p)) {
    PrivateScope scope;
    struct Operation {
      T value;
      int op;
    } operation{value, op};
    T old;
    atomic_update(
        p, &old, sizeof old, order,
        [](const void *context, const void *seen, void *into) {
          auto &[by, how] = *static_cast<const Operation *>(context);
          *static_cast<T *>(into) = combine(*static_cast<const T *>(seen), by, how);
        },
        &operation);
    return old;
  }
  T old = load<T>(p, __ATOMIC_RELAXED);
  for (;;) {
    T seen = compare_exchange<T>(p, old, combine<T>(old, value, op),
                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    if (seen == old)
      return old;
    old = seen;
  }
}

} // namespace

extern "C" {

#define LOCO_DEFINE_ATOMICS(bytes, type)                                       \
  LOCO_EXPORT type __loco_atomic_load_##bytes(const void *p, int order) {      \
    yield_in_loops(p);                                                         \
    return load<type>(p, order);                                               \
  }                                                                            \
  LOCO_EXPORT void __loco_atomic_store_##bytes(void *p, type value,            \
                                               int order) {                    \
    store<type>(p, value, order);                                              \
  }                                                                            \
  LOCO_EXPORT type __loco_atomic_rmw_##bytes(void *p, type value, int op,      \
                                             int order) {                      \
    return read_modify_write<type>(p, value, op, order);                       \
  }                                                                            \
  LOCO_EXPORT type __loco_atomic_cas_##bytes(                                  \
      void *p, type expected, type desired, int order, int failure_order) {    \
    return compare_exchange<type>(p, expected, desired, order, failure_order); \
  }
LOCO_DEFINE_ATOMICS(1, uint8_t)
LOCO_DEFINE_ATOMICS(2, uint16_t)
LOCO_DEFINE_ATOMICS(4, uint32_t)
LOCO_DEFINE_ATOMICS(8, uint64_t)
LOCO_DEFINE_ATOMICS(16, Uint128)
#undef LOCO_DEFINE_ATOMICS

// Byte 0 of a guard is the Itanium ABI's "initialised"; byte 1 is taken with a
// compare-exchange by the thread that runs the initialiser.

static bool is_initialised(uint64_t *guard) {
  return __loco_atomic_load_1(guard, __ATOMIC_ACQUIRE) != 0;
}

LOCO_EXPORT int __loco_guard_acquire(uint64_t *guard) {
  uint8_t *running = reinterpret_cast<uint8_t *>(guard) + 1;
  for (;;) {
    if (is_initialised(guard))
      return 0;
    if (__loco_atomic_cas_1(running, 0, 1, __ATOMIC_ACQUIRE,
                            __ATOMIC_RELAXED) == 0) {
      if (!is_initialised(guard))
        return 1;
      __loco_atomic_store_1(running, 0, __ATOMIC_RELEASE);
      return 0;
    }
    sched_yield();
  }
}

LOCO_EXPORT void __loco_guard_release(uint64_t *guard) {
  __loco_atomic_store_1(guard, 1, __ATOMIC_RELEASE);
  __loco_atomic_store_1(reinterpret_cast<uint8_t *>(guard) + 1, 0,
                        __ATOMIC_RELEASE);
}

LOCO_EXPORT void __loco_guard_abort(uint64_t *guard) {
  __loco_atomic_store_1(reinterpret_cast<uint8_t *>(guard) + 1, 0,
                        __ATOMIC_RELEASE);
}

} // extern "C"
