// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fingerprints.cpp - fingerprints of blocks: NH (Black, Halevi, Krawczyk,
// Krovetz and Rogaway, "UMAC: Fast and Secure Message Authentication", CRYPTO
// 1999) from 4096 bytes to 16, of which two blocks have the same with a
// probability of 2^-64; then a linear hash modulo a prime from 16 bytes to 61
// bits, so that a fingerprint is read in one piece. The keys are fixed: the
// data is not an adversary's.

#include "memory/coherence/fingerprints.h"

#include <array>
#include <cstring>

namespace loco::memory {

namespace {

using Wide = unsigned __int128;

constexpr std::size_t Words = BlockBytes / sizeof(std::uint64_t);
constexpr std::uint64_t Prime = (std::uint64_t{1} << 61) - 1;

struct Keys {
  std::array<std::uint64_t, Words> nh;
  std::array<std::uint64_t, 4> limb; ///< below Prime
};

/// The `i`th number of a fixed pseudo-random sequence (SplitMix64). Its steps
/// nearly commute with doubling, so it must not start at zero: the number 2i
/// would often be twice the number i.
constexpr std::uint64_t random_word(std::uint64_t i) {
  std::uint64_t x = 0x243f6a8885a308d3 + i * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

constexpr Keys make_keys() {
  Keys keys{};
  std::uint64_t i = 0;
  for (std::uint64_t &key : keys.nh)
    key = random_word(i++);
  for (std::uint64_t &key : keys.limb)
    key = random_word(i++) % Prime;
  return keys;
}
constexpr Keys TheKeys = make_keys();

} // namespace

std::uint64_t fingerprint(const std::byte *block) {
  Wide sum = 0;
  for (std::size_t i = 0; i < Words; i += 2) {
    std::uint64_t pair[2];
    std::memcpy(pair, block + i * sizeof pair[0], sizeof pair);
    sum += Wide{pair[0] + TheKeys.nh[i]} * (pair[1] + TheKeys.nh[i + 1]);
  }
  Wide linear = 0;
  for (unsigned i = 0; i < 4; ++i)
    linear += Wide{TheKeys.limb[i]} * static_cast<std::uint32_t>(sum >> 32 * i);
  return static_cast<std::uint64_t>(linear % Prime);
}

} // namespace loco::memory
