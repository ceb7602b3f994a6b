// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// random.h - random numbers that are a function of what they are about.
#pragma once

#include <cstdint>

namespace stress {

inline uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
inline uint64_t mix(uint64_t a, uint64_t b) { return mix(mix(a) ^ b); }
inline uint64_t mix(uint64_t a, uint64_t b, uint64_t c) {
  return mix(mix(a, b), c);
}

class Random {
public:
  explicit Random(uint64_t seed) : state(mix(seed)) {}
  uint64_t next() { return mix(state += 0x632be59bd9b4e019); }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
  bool chance(uint32_t percent) { return below(100) < percent; }

private:
  uint64_t state;
};

} // namespace stress
