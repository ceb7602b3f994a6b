// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// refresh_nodes.cpp - copies that are missed after each acquire are soon
// brought up to date by the acquire itself, with the right bytes, and no longer
// so once nobody reads them (M18).
#include "spmd.h"

namespace {

constexpr int Blocks = 40, Rounds = 60;

struct Shared {
  struct alignas(LOCO_BLOCK_BYTES) {
    volatile std::uint32_t words[LOCO_BLOCK_BYTES / 4];
  } block[Blocks];
};

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  const int node = __loco_node();
  auto write = [&](std::uint32_t round) {
    for (int b = 0; b < Blocks && node == 0; ++b)
      for (std::uint32_t i = 0; i < 8; ++i)
        shared->block[b].words[i * 128] = round * 8 + i;
    spmd::barrier();
  };
  const std::int64_t before = __loco_counter("refreshed_blocks");
  for (std::uint32_t round = 0; round < Rounds; ++round) {
    write(round);
    for (const auto &block : shared->block)
      for (std::uint32_t i = 0; i < 8; ++i)
        CHECK(block.words[i * 128] == round * 8 + i);
    spmd::barrier();
  }
  const std::int64_t refreshed = __loco_counter("refreshed_blocks") - before;
  CHECK((refreshed > Blocks * Rounds / 2) == (node != 0));
  // Node 0's block is nobody's copy; the last node reads on, and stores.
  const bool reads = node == __loco_num_nodes() - 1;
  std::int64_t late = 0;
  for (std::uint32_t round = 0; round < Rounds; ++round) {
    if (round == Rounds / 2 + 8)
      late = __loco_counter("refreshed_blocks");
    write(round);
    if (reads)
      for (auto &block : shared->block) {
        CHECK(block.words[1024 - 128] == round * 8 + 7);
        block.words[1] = round;
      }
    spmd::barrier();
    if (reads)
      for (auto &block : shared->block)
        CHECK(block.words[1] == round && block.words[0] == round * 8);
    spmd::barrier();
  }
  if (!reads && node != 0)
    CHECK(__loco_counter("refreshed_blocks") - late < Blocks);
  for (const auto &block : shared->block)
    CHECK(block.words[1] == Rounds - 1);
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, 64 << 10, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(work, memory);
  std::puts("right");
}
