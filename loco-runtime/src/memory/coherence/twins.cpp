// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// twins.cpp - twins and byte deltas.

#include "memory/coherence/twins.h"

#include "memory/space/reserve.h"

#include <bit>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace loco::memory {

TwinPool::TwinPool(Block num_blocks)
    : Buffers(static_cast<std::byte *>(
          reserve_zeroed(offset_of(num_blocks), "twins"))),
      Next(reserve_array<Twin>(num_blocks, "the list of free twins")),
      Capacity(num_blocks) {}

void TwinPool::prefer_huge_pages() {
  madvise(Buffers, offset_of(Capacity), MADV_HUGEPAGE);
}

TwinPool::Twin TwinPool::take() {
  std::lock_guard lock(Mutex);
  if (Twin twin = FirstFree) {
    FirstFree = Next[twin];
    return twin;
  }
  Resident.fetch_add(1, std::memory_order_relaxed);
  if (Twin twin = FirstBare) {
    FirstBare = Next[twin];
    return twin;
  }
  return NumUsed++;
}

void TwinPool::give_back(Twin twin) {
  std::lock_guard lock(Mutex);
  Next[twin] = FirstFree;
  FirstFree = twin;
}

void TwinPool::trim(std::uint64_t count) {
  for (; count != 0; --count) {
    std::unique_lock lock(Mutex);
    Twin twin = FirstFree;
    if (twin == 0)
      return;
    FirstFree = Next[twin];
    lock.unlock();
    madvise(bytes(twin), BlockBytes, MADV_DONTNEED);
    Resident.fetch_sub(1, std::memory_order_relaxed);
    lock.lock();
    Next[twin] = FirstBare;
    FirstBare = twin;
  }
}

namespace {

/// The unit of comparison: a line of 64 bytes, its differing bytes as bits.
constexpr std::uint32_t Line = 64;
using LineMask = std::uint64_t;
constexpr LineMask AllDiffer = ~LineMask{0};

#if defined(__x86_64__)

[[gnu::target("avx2")]] inline LineMask differing_avx2(const std::byte *a,
                                                       const std::byte *b) {
  auto equal = [](const std::byte *x, const std::byte *y)
      __attribute__((target("avx2"))) {
    __m256i same = _mm256_cmpeq_epi8(
        _mm256_load_si256(reinterpret_cast<const __m256i *>(x)),
        _mm256_load_si256(reinterpret_cast<const __m256i *>(y)));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(same));
  };
  return ~(equal(a, b) | static_cast<LineMask>(equal(a + 32, b + 32)) << 32);
}

inline LineMask differing_sse2(const std::byte *a, const std::byte *b) {
  LineMask equal = 0;
  for (unsigned at = 0; at < Line; at += 16) {
    __m128i same = _mm_cmpeq_epi8(
        _mm_load_si128(reinterpret_cast<const __m128i *>(a + at)),
        _mm_load_si128(reinterpret_cast<const __m128i *>(b + at)));
    equal |= static_cast<LineMask>(_mm_movemask_epi8(same)) << at;
  }
  return ~equal;
}

#else

inline LineMask differing_bytewise(const std::byte *a, const std::byte *b) {
  LineMask differ = 0;
  for (unsigned at = 0; at < Line; ++at)
    differ |= LineMask{a[at] != b[at]} << at;
  return differ;
}

#endif

/// Collects runs of differing bytes into pieces.
class RunCollector {
public:
  RunCollector(const std::byte *data, std::uint64_t offset,
               fabric::Piece *pieces)
      : Data(data), Offset(offset), Pieces(pieces) {}

  void add(std::uint32_t at, std::uint32_t bytes) {
    if (Count != 0 && End == at) {
      Pieces[Count - 1].bytes += bytes;
    } else {
      Pieces[Count++] = {Offset + at, Data + at, bytes};
    }
    End = at + bytes;
  }

  void add_line(std::uint32_t at, LineMask mask) {
    if (mask == AllDiffer)
      return add(at, Line);
    while (mask != 0) {
      auto skip = static_cast<unsigned>(std::countr_zero(mask));
      auto run = static_cast<unsigned>(std::countr_one(mask >> skip));
      add(at + skip, run);
      // run < 64: the mask of all ones was handled above.
      mask &= ~(((LineMask{1} << run) - 1) << skip);
    }
  }

  std::size_t count() const { return Count; }

private:
  const std::byte *Data;
  std::uint64_t Offset;
  fabric::Piece *Pieces;
  std::size_t Count = 0;
  std::uint32_t End = 0;
};

#if defined(__x86_64__)

[[gnu::target("avx2")]] std::size_t find_delta_avx2(const std::byte *data,
                                                    const std::byte *twin,
                                                    std::uint64_t offset,
                                                    fabric::Piece *pieces) {
  RunCollector runs(data, offset, pieces);
  for (std::uint32_t at = 0; at < BlockBytes; at += Line)
    if (LineMask mask = differing_avx2(data + at, twin + at))
      runs.add_line(at, mask);
  return runs.count();
}

std::size_t find_delta_sse2(const std::byte *data, const std::byte *twin,
                            std::uint64_t offset, fabric::Piece *pieces) {
  RunCollector runs(data, offset, pieces);
  for (std::uint32_t at = 0; at < BlockBytes; at += Line)
    if (LineMask mask = differing_sse2(data + at, twin + at))
      runs.add_line(at, mask);
  return runs.count();
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2");
}

#else

std::size_t find_delta_bytewise(const std::byte *data, const std::byte *twin,
                                std::uint64_t offset, fabric::Piece *pieces) {
  RunCollector runs(data, offset, pieces);
  for (std::uint32_t at = 0; at < BlockBytes; at += Line)
    if (LineMask mask = differing_bytewise(data + at, twin + at))
      runs.add_line(at, mask);
  return runs.count();
}

#endif

/// A line that others may be storing to, read once.
struct LineCopy {
  explicit LineCopy(const std::byte *line) {
    std::memcpy(Bytes, line, Line);
    asm volatile("" : : "r"(Bytes) : "memory"); // not read again instead
  }
  alignas(Line) std::byte Bytes[Line];
};

/// `mask`: the bytes of the line in which `now` and the twin differ.
inline std::size_t merge_line(const std::byte *now, std::byte *twin, std::byte *copy,
                       LineMask mask) {
  if (mask == 0)
    return 0;
  std::memcpy(twin, now, Line);
  // Whole words where they differ, as numbers mostly do in some of their bytes.
  for (std::uint32_t at = 0; at < Line; at += 8) {
    auto bytes = static_cast<std::uint8_t>(mask >> at);
    if (bytes == 0xff) {
      std::memcpy(copy + at, now + at, 8);
      continue;
    }
    for (; bytes != 0; bytes &= static_cast<std::uint8_t>(bytes - 1)) {
      auto i = at + static_cast<std::uint32_t>(std::countr_zero(bytes));
      static_cast<volatile std::byte *>(copy)[i] = now[i]; // this one alone
    }
  }
  return static_cast<std::size_t>(std::popcount(mask));
}

#if defined(__x86_64__)

[[gnu::target("avx512f,avx512bw,popcnt")]] std::size_t
merge_avx512(const std::byte *now, std::byte *twin, std::byte *copy) {
  std::size_t differing = 0;
  for (std::uint32_t at = 0; at < BlockBytes; at += Line) {
    __m512i line = _mm512_load_si512(now + at);
    asm volatile("" : "+v"(line)); // not read again instead
    const LineMask mask =
        _mm512_cmpneq_epi8_mask(line, _mm512_load_si512(twin + at));
    if (mask == 0)
      continue;
    _mm512_mask_storeu_epi8(copy + at, mask, line);
    _mm512_store_si512(twin + at, line);
    differing += static_cast<std::size_t>(std::popcount(mask));
  }
  return differing;
}

bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bw");
}

std::size_t merge_sse2(const std::byte *now, std::byte *twin,
                       std::byte *copy) {
  std::size_t differing = 0;
  for (std::uint32_t at = 0; at < BlockBytes; at += Line) {
    const LineCopy line(now + at);
    differing += merge_line(line.Bytes, twin + at, copy + at,
                            differing_sse2(line.Bytes, twin + at));
  }
  return differing;
}

#else

std::size_t merge_bytewise(const std::byte *now, std::byte *twin,
                           std::byte *copy) {
  std::size_t differing = 0;
  for (std::uint32_t at = 0; at < BlockBytes; at += Line) {
    const LineCopy line(now + at);
    differing += merge_line(line.Bytes, twin + at, copy + at,
                            differing_bytewise(line.Bytes, twin + at));
  }
  return differing;
}

#endif

} // namespace

bool differ(const std::byte *data, const std::byte *twin) {
  return std::memcmp(data, twin, BlockBytes) != 0;
}

std::vector<MergeChanges *> merge_changes_variants() {
#if defined(__x86_64__)
  std::vector<MergeChanges *> all;
  if (has_avx512())
    all.push_back(merge_avx512);
  all.push_back(merge_sse2);
  return all;
#else
  return {merge_bytewise};
#endif
}

std::size_t merge_changes(const std::byte *now, std::byte *twin,
                          std::byte *copy) {
  static MergeChanges *const Best = merge_changes_variants().front();
  return Best(now, twin, copy);
}

std::vector<FindDelta *> find_delta_variants() {
#if defined(__x86_64__)
  if (has_avx2())
    return {find_delta_avx2, find_delta_sse2};
  return {find_delta_sse2};
#else
  return {find_delta_bytewise};
#endif
}

std::size_t find_delta(const std::byte *data, const std::byte *twin,
                       std::uint64_t offset, fabric::Piece *pieces) {
#if defined(__x86_64__)
  static const bool UseAvx2 = has_avx2();
  return (UseAvx2 ? find_delta_avx2 : find_delta_sse2)(data, twin, offset,
                                                       pieces);
#else
  return find_delta_bytewise(data, twin, offset, pieces);
#endif
}

} // namespace loco::memory
