// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Accesses that straddle the border of a 4 KiB block, packed structs, unaligned
// words, memcpy, memset and memmove over borders, bytes of one word written by
// different nodes.

#include "Inputs/check.h"
#include <cstdint>
#include <cstring>
#include <omp.h>
#include <vector>

constexpr size_t Block = 4096;
constexpr size_t Blocks = 24;

struct __attribute__((packed)) Packed {
  char tag;
  uint64_t word;
  double number;
  uint16_t half;
};

alignas(4096) static unsigned char global_area[Blocks * Block];

static void straddle(unsigned char *area) {
  memset(area, 0, Blocks * Block);
#pragma omp parallel for schedule(static, 1)
  for (size_t b = 1; b < Blocks; ++b) {
    auto *packed = reinterpret_cast<Packed *>(area + b * Block - 5);
    packed->tag = static_cast<char>(b);
    packed->word = 0x0102030405060708u * b;
    packed->number = b + 0.25;
    packed->half = static_cast<uint16_t>(b * 3);
    Packed copy = *packed;
    copy.half += 1;
    *packed = copy;
  }
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t b = 1; b < Blocks; ++b) {
    const auto *packed = reinterpret_cast<const Packed *>(area + b * Block - 5);
    CHECK(packed->tag == static_cast<char>(b));
    CHECK(packed->word == 0x0102030405060708u * b);
    CHECK(packed->number == b + 0.25);
    CHECK(packed->half == b * 3 + 1);
  }
}

static void bytes_of_a_word(unsigned char *area) {
  memset(area, 0, Blocks * Block);
#pragma omp parallel for schedule(static, 1)
  for (size_t i = 0; i < Blocks * Block; ++i)
    if (i % 3 != 2)
      area[i] = static_cast<unsigned char>(i * 7);
#pragma omp parallel for schedule(static, 1)
  for (size_t i = 0; i < Blocks * Block; ++i)
    if (i % 3 == 2)
      area[i] = static_cast<unsigned char>(area[i - 1] + 1);
  for (size_t i = 0; i < Blocks * Block; ++i)
    CHECK(area[i] ==
          static_cast<unsigned char>(i % 3 == 2 ? (i - 1) * 7 + 1 : i * 7));
}

static void ranges(unsigned char *area) {
  const size_t pieces = 11;
  const size_t piece = Blocks * Block / pieces; // not a multiple of a block
  std::vector<unsigned char> source(piece);
  for (size_t i = 0; i < piece; ++i)
    source[i] = static_cast<unsigned char>(i * 13);
#pragma omp parallel for schedule(static, 1)
  for (size_t p = 0; p < pieces; ++p) {
    memcpy(area + p * piece, source.data(), piece);
    memset(area + p * piece + 100, static_cast<int>(p), piece / 2);
    memmove(area + p * piece + 50, area + p * piece + 90, piece / 2);
  }
  std::vector<unsigned char> expected(piece);
  for (size_t p = 0; p < pieces; ++p) {
    memcpy(expected.data(), source.data(), piece);
    memset(expected.data() + 100, static_cast<int>(p), piece / 2);
    memmove(expected.data() + 50, expected.data() + 90, piece / 2);
    CHECK(memcmp(expected.data(), area + p * piece, piece) == 0);
  }
#pragma omp parallel for schedule(static, 1)
  for (size_t p = 0; p < pieces; ++p) {
    const size_t other = (p + 5) % pieces;
    CHECK(area[other * piece + 100 + piece / 2 - 1] ==
          static_cast<unsigned char>(other));
    CHECK(memchr(area + other * piece, 0xff, 60) ==
              memchr(area + p * piece, 0xff, 60) ||
          memcmp(area + other * piece, area + p * piece, 50) == 0);
  }
}

int main() {
  straddle(global_area);
  bytes_of_a_word(global_area);
  ranges(global_area);
  auto *heap = static_cast<unsigned char *>(malloc(Blocks * Block + 1));
  straddle(heap + 1);
  bytes_of_a_word(heap + 1);
  ranges(heap + 1);
  free(heap);
  unsigned char stack[Blocks * Block];
  straddle(stack);
  bytes_of_a_word(stack);
  ranges(stack);
  puts("ok");
}
