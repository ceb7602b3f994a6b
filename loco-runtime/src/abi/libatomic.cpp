// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libatomic.cpp - the library calls that compilers make for atomics they do not
// inline (libatomic's interface: GCC manual, "__atomic Builtins"; LLVM's
// "Atomic Instructions and Concurrency Guide"). Uninstrumented code would act in
// place on a cached copy; here they act at the home like inline atomics.
//
// Sizes of 1, 2, 4, 8 and 16 aligned bytes are lock-free; for all others one
// lock for the whole job makes the operation atomic.

#include "base/private_scope.h"
#include "loco/abi.h"

#include "base/export.h"
#include "memory/coherence/atomics.h"
#include "memory/coherence/wide_lock.h"
#include "memory/heap/heap.h"

#include <cstring>

using loco::PrivateScope;
using namespace loco::memory;

namespace {

using Uint128 = unsigned __int128;

/// Calls act with a value of the unsigned type of that size, for an address
/// aligned to it; false where there is none.
template <typename Act>
bool with_lock_free_type(std::size_t bytes, const void *p, Act act) {
  if (reinterpret_cast<std::uintptr_t>(p) % bytes != 0)
    return false;
  switch (bytes) {
  case 1:
    act(std::uint8_t{});
    return true;
  case 2:
    act(std::uint16_t{});
    return true;
  case 4:
    act(std::uint32_t{});
    return true;
  case 8:
    act(std::uint64_t{});
    return true;
  case 16:
    act(Uint128{});
    return true;
  default:
    return false;
  }
}

// The __loco_ functions of each width under one name.
#define LOCO_OVERLOADS(bytes, type)                                            \
  type load(type, const void *p, int order) {                                  \
    return __loco_atomic_load_##bytes(p, order);                               \
  }                                                                            \
  void store(void *p, type value, int order) {                                 \
    __loco_atomic_store_##bytes(p, value, order);                              \
  }                                                                            \
  type read_modify_write(void *p, type value, int op, int order) {             \
    return __loco_atomic_rmw_##bytes(p, value, op, order);                     \
  }                                                                            \
  type compare_exchange(void *p, type expected, type desired, int order,       \
                        int failure_order) {                                   \
    return __loco_atomic_cas_##bytes(p, expected, desired, order,              \
                                     failure_order);                           \
  }
LOCO_OVERLOADS(1, std::uint8_t)
LOCO_OVERLOADS(2, std::uint16_t)
LOCO_OVERLOADS(4, std::uint32_t)
LOCO_OVERLOADS(8, std::uint64_t)
LOCO_OVERLOADS(16, Uint128)
#undef LOCO_OVERLOADS

template <typename T> T copy_from(const void *p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

void read_wide(const void *p, void *into, std::size_t bytes) {
  if (is_managed(p))
    read_at_home(p, into, bytes);
  else
    std::memcpy(into, p, bytes);
}

void write_wide(void *p, const void *from, std::size_t bytes) {
  if (is_managed(p))
    write_at_home(p, from, bytes);
  else
    std::memcpy(p, from, bytes);
}

} // namespace

extern "C" {

LOCO_EXPORT void generic_load(size_t bytes, const void *p, void *into,
                              int order) __asm__("__atomic_load");
LOCO_EXPORT void generic_store(size_t bytes, void *p, const void *from,
                               int order) __asm__("__atomic_store");
LOCO_EXPORT void generic_exchange(size_t bytes, void *p, const void *from,
                                  void *into,
                                  int order) __asm__("__atomic_exchange");
LOCO_EXPORT int generic_compare_exchange(
    size_t bytes, void *p, void *expected, const void *desired, int order,
    int failure_order) __asm__("__atomic_compare_exchange");

void generic_load(size_t bytes, const void *p, void *into, int order) {
  bool done = with_lock_free_type(bytes, p, [&](auto type) {
    auto value = load(type, p, order);
    std::memcpy(into, &value, sizeof value);
  });
  if (done)
    return;
  WideLock lock(order);
  read_wide(p, into, bytes);
}

void generic_store(size_t bytes, void *p, const void *from, int order) {
  bool done = with_lock_free_type(bytes, p, [&](auto type) {
    store(p, copy_from<decltype(type)>(from), order);
  });
  if (done)
    return;
  WideLock lock(order);
  write_wide(p, from, bytes);
}

void generic_exchange(size_t bytes, void *p, const void *from, void *into,
                      int order) {
  bool done = with_lock_free_type(bytes, p, [&](auto type) {
    auto old = read_modify_write(p, copy_from<decltype(type)>(from),
                                 LOCO_RMW_XCHG, order);
    std::memcpy(into, &old, sizeof old);
  });
  if (done)
    return;
  WideLock lock(order);
  read_wide(p, into, bytes);
  write_wide(p, from, bytes);
}

int generic_compare_exchange(size_t bytes, void *p, void *expected,
                             const void *desired, int order,
                             int failure_order) {
  int exchanged = 0;
  bool done = with_lock_free_type(bytes, p, [&](auto type) {
    using T = decltype(type);
    T old = compare_exchange(p, copy_from<T>(expected), copy_from<T>(desired),
                             order, failure_order);
    exchanged = std::memcmp(&old, expected, sizeof old) == 0;
    std::memcpy(expected, &old, sizeof old);
  });
  if (done)
    return exchanged;
  WideLock lock(order);
  PrivateScope scope;
  void *old = heap::allocate_private(bytes, false);
  if (old == nullptr)
    loco::fatal("out of memory in an atomic operation");
  read_wide(p, old, bytes);
  exchanged = std::memcmp(old, expected, bytes) == 0;
  if (exchanged)
    write_wide(p, desired, bytes);
  else
    std::memcpy(expected, old, bytes);
  heap::release(old);
  return exchanged;
}

#define LOCO_DEFINE_SIZED(bytes, type)                                         \
  LOCO_EXPORT type sized_load_##bytes(const void *p, int order)                \
      __asm__("__atomic_load_" #bytes);                                        \
  type sized_load_##bytes(const void *p, int order) {                          \
    return __loco_atomic_load_##bytes(p, order);                               \
  }                                                                            \
  LOCO_EXPORT void sized_store_##bytes(void *p, type value, int order)         \
      __asm__("__atomic_store_" #bytes);                                       \
  void sized_store_##bytes(void *p, type value, int order) {                   \
    __loco_atomic_store_##bytes(p, value, order);                              \
  }                                                                            \
  LOCO_EXPORT int sized_compare_exchange_##bytes(                              \
      void *p, void *expected, type desired, int order, int failure_order)     \
      __asm__("__atomic_compare_exchange_" #bytes);                            \
  int sized_compare_exchange_##bytes(void *p, void *expected, type desired,    \
                                     int order, int failure_order) {           \
    return generic_compare_exchange(bytes, p, expected, &desired, order,       \
                                    failure_order);                            \
  }
#define LOCO_DEFINE_RMW(bytes, type, name, op)                                 \
  LOCO_EXPORT type sized_##name##_##bytes(void *p, type value, int order)      \
      __asm__("__atomic_" #name "_" #bytes);                                   \
  type sized_##name##_##bytes(void *p, type value, int order) {                \
    return __loco_atomic_rmw_##bytes(p, value, op, order);                     \
  }
#define LOCO_DEFINE_WIDTH(bytes, type)                                         \
  LOCO_DEFINE_SIZED(bytes, type)                                               \
  LOCO_DEFINE_RMW(bytes, type, exchange, LOCO_RMW_XCHG)                        \
  LOCO_DEFINE_RMW(bytes, type, fetch_add, LOCO_RMW_ADD)                        \
  LOCO_DEFINE_RMW(bytes, type, fetch_sub, LOCO_RMW_SUB)                        \
  LOCO_DEFINE_RMW(bytes, type, fetch_and, LOCO_RMW_AND)                        \
  LOCO_DEFINE_RMW(bytes, type, fetch_nand, LOCO_RMW_NAND)                      \
  LOCO_DEFINE_RMW(bytes, type, fetch_or, LOCO_RMW_OR)                          \
  LOCO_DEFINE_RMW(bytes, type, fetch_xor, LOCO_RMW_XOR)
LOCO_DEFINE_WIDTH(1, std::uint8_t)
LOCO_DEFINE_WIDTH(2, std::uint16_t)
LOCO_DEFINE_WIDTH(4, std::uint32_t)
LOCO_DEFINE_WIDTH(8, std::uint64_t)
LOCO_DEFINE_WIDTH(16, Uint128)

} // extern "C"
