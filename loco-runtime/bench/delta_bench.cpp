// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// delta_bench.cpp - how fast a release compares written blocks with their
// twins: bytes of blocks compared in a second.
#include "memory/coherence/twins.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace loco::memory;

struct Blocks {
  explicit Blocks(std::size_t count)
      : Data(static_cast<std::byte *>(
            std::aligned_alloc(BlockBytes, count * BlockBytes))),
        Twins(static_cast<std::byte *>(
            std::aligned_alloc(BlockBytes, count * BlockBytes))) {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < count * BlockBytes; ++i)
      Data[i] = static_cast<std::byte>(random());
    std::memcpy(Twins, Data, count * BlockBytes);
  }
  ~Blocks() {
    std::free(Data);
    std::free(Twins);
  }
  std::byte *Data, *Twins;
};

/// Of every `every` bytes the first `run` have changed; none where run is 0.
void FindDelta(benchmark::State &state) {
  auto count = static_cast<std::size_t>(state.range(0)) / BlockBytes;
  auto run = static_cast<std::size_t>(state.range(1));
  auto every = static_cast<std::size_t>(state.range(2));
  Blocks blocks(count);
  if (run != 0)
    for (std::size_t at = 0; at < count * BlockBytes; at += every)
      for (std::size_t i = 0; i < run; ++i)
        blocks.Data[at + i] ^= std::byte{1};
  std::vector<loco::fabric::Piece> pieces(MaxPiecesPerBlock);
  std::size_t found = 0;
  for (auto _ : state)
    for (std::size_t b = 0; b < count; ++b)
      found += find_delta(blocks.Data + offset_of(static_cast<Block>(b)),
                          blocks.Twins + offset_of(static_cast<Block>(b)), 0,
                          pieces.data());
  benchmark::DoNotOptimize(found);
  state.SetBytesProcessed(
      static_cast<std::int64_t>(count * BlockBytes * state.iterations()));
}

constexpr std::int64_t InCache = 256 << 10, InMemory = 64 << 20;

BENCHMARK(FindDelta)
    ->ArgNames({"bytes", "run", "every"})
    ->ArgsProduct({{InCache, InMemory}, {0, 8}, {4096}}) // nothing, a word
    ->ArgsProduct({{InCache, InMemory}, {4096}, {4096}}) // everything
    ->ArgsProduct({{InCache, InMemory}, {64}, {128}})    // every other line
    ->ArgsProduct({{InCache, InMemory}, {8}, {64}})      // a word a line
    ->ArgsProduct({{InCache, InMemory}, {3}, {8}});      // the low bytes

} // namespace

BENCHMARK_MAIN();
