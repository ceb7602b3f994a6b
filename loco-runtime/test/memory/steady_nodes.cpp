// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// steady_nodes.cpp - programs that do the same in each round change no page tables
// once they have begun: blocks that all nodes write and read (M24, M25), and a home's
// blocks that it writes and others read (M26). All have the right bytes all the same,
// and what nobody writes any more is neither compared nor fetched for ever.
#include "spmd.h"

#include <initializer_list>

namespace {

constexpr int Blocks = 40, Rounds = 80, Late = 40;
constexpr int WordsPerBlock = LOCO_BLOCK_BYTES / 4;

struct Shared {
  struct alignas(LOCO_BLOCK_BYTES) {
    volatile std::uint32_t words[WordsPerBlock];
  } block[Blocks];
};

std::int64_t page_table_changes() {
  std::int64_t sum = 0;
  for (const char *what : {"protects", "unprotects", "installs", "drops",
                           "punches", "page_faults"})
    sum += __loco_counter(what);
  return sum;
}

/// What a node counts in the rounds from `Late` on, where things have settled.
class LateRounds {
public:
  explicit LateRounds(const char *key) : Key(key) {}
  void begin(int round) {
    if (round == Late)
      Before = now();
  }
  std::int64_t count() const { return now() - Before; }

private:
  std::int64_t now() const {
    return Key ? __loco_counter(Key) : page_table_changes();
  }
  const char *Key; ///< null: page-table changes
  std::int64_t Before = 0;
};

/// Each node stores to its own words of all blocks, and reads all words.
void write_all(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  const int node = __loco_node(), nodes = __loco_num_nodes();
  LateRounds changes(nullptr);
  for (int round = 0; round < Rounds; ++round) {
    changes.begin(round);
    for (auto &block : shared->block)
      for (int i = node; i < WordsPerBlock; i += 16 * nodes)
        block.words[i] = static_cast<std::uint32_t>(round * nodes + node);
    spmd::barrier();
    for (const auto &block : shared->block)
      for (int writer = 0; writer < nodes; ++writer)
        for (int i = writer; i < WordsPerBlock; i += 16 * nodes)
          CHECK(block.words[i] ==
                static_cast<std::uint32_t>(round * nodes + writer));
    spmd::barrier();
  }
  // The stacks' blocks, and one that is tried again, are some.
  CHECK(changes.count() < Blocks * (Rounds - Late) / 20);
}

/// Node 0 stores in several intervals, then all others read.
void write_at_home(void *argument) {
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
  LateRounds changes(nullptr), bytes("bytes_in");
  for (int round = 0; round < Rounds; ++round) {
    changes.begin(round);
    bytes.begin(round);
    const auto value = static_cast<std::uint32_t>(round);
    write(0, value);
    write(600, value + 1);
    write(1023, value + 2);
    read(value);
  }
  if (node == 0)
    CHECK(changes.count() < Blocks * (Rounds - Late) / 20);
  // At most what is noticed, which is three times a round.
  if (node != 0 && __loco_num_nodes() == 2)
    CHECK(bytes.count() < (Rounds - Late) * Blocks * LOCO_BLOCK_BYTES * 7 / 2);
  LateRounds still_read("bytes_in");
  for (int round = 0; round < Rounds; ++round) {
    still_read.begin(round);
    spmd::barrier();
    read(Rounds - 1);
  }
  if (node != 0)
    CHECK(still_read.count() < Blocks * LOCO_BLOCK_BYTES / 2);
}

/// Nobody touches what was written: comparing it comes to an end.
void do_nothing(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  for (auto &block : shared->block)
    block.words[__loco_node()] = 1;
  spmd::barrier();
  std::int64_t compared = 0;
  constexpr int Barriers = 6000;
  for (int i = 0; i < Barriers; ++i) {
    if (i == Barriers - 100)
      compared = __loco_counter("compared_blocks");
    spmd::barrier();
  }
  CHECK(__loco_counter("compared_blocks") - compared < 100 * 4);
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, 64 << 10, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(write_all, memory);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(write_at_home, memory);
  spmd::run(do_nothing, memory);
  std::puts("right");
}
