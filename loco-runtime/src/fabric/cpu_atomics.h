// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cpu_atomics.h - atomics of a width known at run time on mapped memory, for
// fabrics that can reach the word by the CPU. Sequentially consistent.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <cstring>

namespace loco::fabric {

using Uint128 = unsigned __int128;

/// cmpxchg16b, never libatomic's lock table: other processes see the word too.
inline Uint128 compare_exchange_16(void *place, Uint128 expected,
                                   Uint128 desired) {
  return __sync_val_compare_and_swap(static_cast<Uint128 *>(place), expected,
                                     desired);
}

template <typename T> void cpu_load(const void *place, void *into) {
  T value = __atomic_load_n(static_cast<const T *>(place), __ATOMIC_SEQ_CST);
  std::memcpy(into, &value, sizeof value);
}

template <typename T> void cpu_store(void *place, const void *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  __atomic_store_n(static_cast<T *>(place), value, __ATOMIC_SEQ_CST);
}

template <typename T>
bool cpu_compare_exchange(void *place, void *expected, const void *desired) {
  T want, value;
  std::memcpy(&want, expected, sizeof want);
  std::memcpy(&value, desired, sizeof value);
  bool exchanged =
      __atomic_compare_exchange_n(static_cast<T *>(place), &want, value, false,
                                  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  std::memcpy(expected, &want, sizeof want);
  return exchanged;
}

[[noreturn]] inline void bad_width(unsigned width) {
  fatal("an atomic of " + std::to_string(width) +
        " bytes was asked for; 1, 2, 4, 8 and 16 exist");
}

inline void cpu_atomic_load(void *place, void *into, unsigned width) {
  switch (width) {
  case 1:
    return cpu_load<std::uint8_t>(place, into);
  case 2:
    return cpu_load<std::uint16_t>(place, into);
  case 4:
    return cpu_load<std::uint32_t>(place, into);
  case 8:
    return cpu_load<std::uint64_t>(place, into);
  case 16: {
    Uint128 value = compare_exchange_16(place, 0, 0);
    std::memcpy(into, &value, sizeof value);
    return;
  }
  }
  bad_width(width);
}

inline void cpu_atomic_store(void *place, const void *from, unsigned width) {
  switch (width) {
  case 1:
    return cpu_store<std::uint8_t>(place, from);
  case 2:
    return cpu_store<std::uint16_t>(place, from);
  case 4:
    return cpu_store<std::uint32_t>(place, from);
  case 8:
    return cpu_store<std::uint64_t>(place, from);
  case 16: {
    Uint128 value;
    std::memcpy(&value, from, sizeof value);
    Uint128 seen = compare_exchange_16(place, 0, 0);
    for (;;) {
      Uint128 before = compare_exchange_16(place, seen, value);
      if (before == seen)
        return;
      seen = before;
    }
  }
  }
  bad_width(width);
}

inline bool cpu_compare_exchange(void *place, void *expected,
                                 const void *desired, unsigned width) {
  switch (width) {
  case 1:
    return cpu_compare_exchange<std::uint8_t>(place, expected, desired);
  case 2:
    return cpu_compare_exchange<std::uint16_t>(place, expected, desired);
  case 4:
    return cpu_compare_exchange<std::uint32_t>(place, expected, desired);
  case 8:
    return cpu_compare_exchange<std::uint64_t>(place, expected, desired);
  case 16: {
    Uint128 want, value;
    std::memcpy(&want, expected, sizeof want);
    std::memcpy(&value, desired, sizeof value);
    Uint128 before = compare_exchange_16(place, want, value);
    std::memcpy(expected, &before, sizeof before);
    return before == want;
  }
  }
  bad_width(width);
}

} // namespace loco::fabric
