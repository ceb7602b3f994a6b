// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// overwrites_nodes.cpp - home blocks that are written in several intervals for
// one in which another reads them: soon releases name them without protecting
// them (M13); all readers have the right bytes all the same, and once nobody
// writes any more the copies stay.
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
  auto write = [&](int word, std::uint32_t value) {
    for (int b = 0; b < Blocks && node == 0; ++b)
      shared->block[b].words[word] = value;
    spmd::barrier();
  };
  auto read = [&](std::uint32_t round) {
    for (int b = 0; b < Blocks && node != 0; ++b) {
      CHECK(shared->block[b].words[0] == round);
      CHECK(shared->block[b].words[600] == round + 1);
      CHECK(shared->block[b].words[1023] == round + 2);
    }
    spmd::barrier();
  };
  std::int64_t fetched = 0, kept = 0;
  auto count = [&] {
    fetched = __loco_counter("bytes_in") - fetched;
    kept = __loco_counter("kept_blocks") - kept;
  };
  for (std::uint32_t round = 0; round < Rounds; ++round) {
    if (round == 10)
      count();
    write(0, round);
    write(600, round + 1);
    write(1023, round + 2);
    read(round);
  }
  count();
  // Once a round, and seldom verified by fingerprints. Of several readers one
  // may come a release later, which looks as if it read twice.
  if (node != 0 && __loco_num_nodes() == 2) {
    CHECK(fetched < (Rounds - 10) * Blocks * LOCO_BLOCK_BYTES * 5 / 4);
    CHECK(kept < Rounds * Blocks / 4);
  }
  for (int round = 0; round < Rounds; ++round) {
    if (round == Rounds - 10)
      fetched = __loco_counter("bytes_in");
    spmd::barrier();
    read(Rounds - 1);
  }
  if (node != 0)
    CHECK(__loco_counter("bytes_in") - fetched < Blocks * LOCO_BLOCK_BYTES / 2);
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, 64 << 10, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(work, memory);
  std::puts("right");
}
