// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fingerprints.cpp - fingerprints of blocks: CLNH (Lemire and Kaser, "Faster 64-bit
// universal hashing using carry-less multiplications", Journal of Cryptographic
// Engineering 6, 2016) from 4096 bytes to 16, of which two blocks have the same with a
// probability of 2^-64; then a linear hash modulo a prime from 16 bytes to 61
// bits, so that a fingerprint is read in one piece. The keys are fixed: the
// data is not an adversary's.

#include "memory/coherence/fingerprints.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace loco::memory {

namespace {

using Wide = unsigned __int128;

constexpr std::size_t Words = BlockBytes / sizeof(std::uint64_t);
constexpr unsigned PrimeBits = 61;
constexpr std::uint64_t Prime = (std::uint64_t{1} << PrimeBits) - 1;

struct Keys {
  alignas(64) std::array<std::uint64_t, Words> words;
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
  for (std::uint64_t &key : keys.words)
    key = random_word(i++);
  for (std::uint64_t &key : keys.limb)
    key = random_word(i++) % Prime;
  return keys;
}
constexpr Keys TheKeys = make_keys();

/// The sum, without carries, of the products of all pairs of words with their keys
/// added. Every variant gives the same: a node compares what another has made.
using Compress = Wide(const std::byte *block);

Wide compress_portable(const std::byte *block) {
  Wide sum = 0;
  for (std::size_t i = 0; i < Words; i += 2) {
    std::uint64_t pair[2];
    std::memcpy(pair, block + i * sizeof pair[0], sizeof pair);
    pair[0] ^= TheKeys.words[i];
    pair[1] ^= TheKeys.words[i + 1];
    for (Wide a = pair[0]; pair[1] != 0; a <<= 1, pair[1] >>= 1)
      sum ^= -static_cast<Wide>(pair[1] & 1) & a;
  }
  return sum;
}

#if defined(__x86_64__)

Wide wide(__m128i bits) {
  Wide value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The product of the two words of a lane.
constexpr int LowTimesHigh = 0x10;

[[gnu::target("pclmul,sse2")]] Wide compress_pclmul(const std::byte *block) {
  __m128i sums[2] = {};
  for (std::size_t i = 0; i < Words; i += 4)
    for (std::size_t half = 0; half < 2; ++half) {
      auto at = [&](const void *from) __attribute__((target("sse2"))) {
        return _mm_loadu_si128(static_cast<const __m128i *>(from));
      };
      const std::size_t word = i + 2 * half;
      const __m128i pair = _mm_xor_si128(at(block + word * sizeof(std::uint64_t)),
                                         at(&TheKeys.words[word]));
      sums[half] = _mm_xor_si128(
          sums[half], _mm_clmulepi64_si128(pair, pair, LowTimesHigh));
    }
  return wide(_mm_xor_si128(sums[0], sums[1]));
}

[[gnu::target("avx512f,vpclmulqdq")]] Wide
compress_avx512(const std::byte *block) {
  __m512i sums[2] = {};
  for (std::size_t i = 0; i < Words; i += 16)
    for (std::size_t half = 0; half < 2; ++half) {
      const std::size_t word = i + 8 * half;
      const __m512i pairs = _mm512_xor_si512(
          _mm512_loadu_si512(block + word * sizeof(std::uint64_t)),
          _mm512_load_si512(&TheKeys.words[word]));
      sums[half] = _mm512_xor_si512(
          sums[half], _mm512_clmulepi64_epi128(pairs, pairs, LowTimesHigh));
    }
  const __m512i sum = _mm512_xor_si512(sums[0], sums[1]);
  return wide(_mm_xor_si128(
      _mm_xor_si128(_mm512_extracti32x4_epi32(sum, 0),
                    _mm512_extracti32x4_epi32(sum, 1)),
      _mm_xor_si128(_mm512_extracti32x4_epi32(sum, 2),
                    _mm512_extracti32x4_epi32(sum, 3))));
}

#endif

/// Those that this CPU can do, the fastest first.
std::vector<Compress *> compress_variants() {
  std::vector<Compress *> all;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq"))
    all.push_back(compress_avx512);
  if (__builtin_cpu_supports("pclmul"))
    all.push_back(compress_pclmul);
#endif
  all.push_back(compress_portable);
  return all;
}

std::uint64_t finish(Wide sum) {
  Wide linear = 0;
  for (unsigned i = 0; i < 4; ++i)
    linear += Wide{TheKeys.limb[i]} * static_cast<std::uint32_t>(sum >> 32 * i);
  // Modulo 2^61 - 1, where 2^61 is 1; it is below 2^95.
  const auto folded = static_cast<std::uint64_t>(linear & Prime) +
                      static_cast<std::uint64_t>(linear >> PrimeBits);
  return folded >= Prime ? folded - Prime : folded;
}

} // namespace

std::uint64_t fingerprint(const std::byte *block) {
  static Compress *const Best = compress_variants().front();
  return finish(Best(block));
}

std::vector<std::uint64_t> fingerprint_by_each(const std::byte *block) {
  std::vector<std::uint64_t> all;
  for (Compress *compress : compress_variants())
    all.push_back(finish(compress(block)));
  return all;
}

} // namespace loco::memory
