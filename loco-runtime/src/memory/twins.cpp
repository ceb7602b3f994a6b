// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// twins.cpp - twins and byte deltas.

#include "memory/twins.h"

#include "memory/reserve.h"

#include <bit>
#include <cstring>

namespace loco::memory {

TwinPool::TwinPool(Block num_blocks)
    : Buffers(static_cast<std::byte *>(
          reserve_zeroed(offset_of(num_blocks), "twins"))),
      Next(reserve_array<Twin>(num_blocks, "the list of free twins")) {}

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

using Word = std::uint64_t;

Word load_word(const std::byte *p) {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// One bit for each of the 8 bytes in which two words differ.
unsigned differing_bytes(Word a, Word b) {
  Word x = a ^ b;
  // Fold each byte onto its lowest bit, then gather those bits.
  x |= x >> 4;
  x |= x >> 2;
  x |= x >> 1;
  x &= 0x0101010101010101;
  return static_cast<unsigned>((x * 0x0102040810204080) >> 56);
}

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

  void add_mask(std::uint32_t at, unsigned mask) {
    while (mask != 0) {
      auto skip = static_cast<unsigned>(std::countr_zero(mask));
      auto run = static_cast<unsigned>(std::countr_one(mask >> skip));
      add(at + skip, run);
      mask &= ~(((1u << run) - 1) << skip);
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

} // namespace

std::size_t find_delta(const std::byte *data, const std::byte *twin,
                       std::uint64_t offset, fabric::Piece *pieces) {
  static constexpr std::uint32_t Line = 64;
  RunCollector runs(data, offset, pieces);
  for (std::uint32_t line = 0; line < BlockBytes; line += Line) {
    if (std::memcmp(data + line, twin + line, Line) == 0)
      continue;
    for (std::uint32_t at = line; at < line + Line; at += sizeof(Word)) {
      Word now = load_word(data + at);
      Word before = load_word(twin + at);
      if (now != before)
        runs.add_mask(at, differing_bytes(now, before));
    }
  }
  return runs.count();
}

} // namespace loco::memory
