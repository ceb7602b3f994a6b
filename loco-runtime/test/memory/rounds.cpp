// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rounds.cpp - blocks that are stored to again after each release, in no order,
// become writable together; their bytes are right, and blocks that nobody uses
// do not come along.
#include "spmd.h"

namespace {

constexpr int Extents = 8, BlocksPerExtent = 16;
constexpr int Blocks = Extents * BlocksPerExtent;
constexpr int Rounds = 30, Counted = 10;
constexpr int Used = Blocks / 2;

struct Block {
  volatile std::uint64_t words[LOCO_BLOCK_BYTES / 8];
};

/// The i-th block that is used, in a random order: all odd ones.
int used_block(int i) { return i * 37 % Used * 2 + 1; }

std::uint64_t value(int block, int round) {
  return static_cast<std::uint64_t>(block) << 32 | static_cast<unsigned>(round);
}

bool is_here(const Block &block) {
  return __loco_is_local(const_cast<std::uint64_t *>(block.words));
}

/// Node 0 writes all of it, and so stays its home; the others read the used
/// blocks, and store to them.
void work(void *argument) {
  auto *memory = static_cast<Block *>(argument);
  int me = __loco_node();
  std::int64_t faults = 0;
  for (int round = 0; round < Rounds; ++round) {
    if (me == 0)
      for (int b = 0; b < Blocks; ++b)
        memory[b].words[0] = value(b, round);
    spmd::barrier();
    if (round == Rounds - Counted)
      faults = __loco_counter("page_faults");
    for (int i = 0; me > 0 && i < Used; ++i) {
      int b = used_block(i);
      CHECK(memory[b].words[0] == value(b, round));
      CHECK(round == 0 || memory[b].words[me] == value(b, round - 1));
      memory[b].words[me] = value(b, round);
    }
    spmd::barrier();
  }
  if (me == 0)
    return;
  // Without expectations each first store would be a fault.
  CHECK(__loco_counter("page_faults") - faults < Counted * Used / 2);
  for (int b = 0; b < Blocks; b += 2)
    CHECK(!is_here(memory[b]));
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, BlocksPerExtent * LOCO_BLOCK_BYTES,
                       Blocks * sizeof(Block)) == 0);
  std::memset(memory, 0, Blocks * sizeof(Block));
  spmd::run(work, memory);
  for (int node = 1; node < __loco_num_nodes(); ++node)
    for (int i = 0; i < Used; ++i)
      CHECK(static_cast<Block *>(memory)[used_block(i)].words[node] ==
            value(used_block(i), Rounds - 1));
}
