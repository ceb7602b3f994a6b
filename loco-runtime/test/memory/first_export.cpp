// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// first_export.cpp - a copy of a block that its home has not changed stays,
// also at the home's first release after it was fetched; one that home has
// changed since the fetch is brought up to date, however the change was made (M17).
#include "spmd.h"

namespace {

constexpr int Blocks = 64;

struct Shared {
  struct alignas(LOCO_BLOCK_BYTES) {
    volatile unsigned char bytes[LOCO_BLOCK_BYTES];
  } block[Blocks];
  alignas(LOCO_BLOCK_BYTES) std::uint64_t readers; ///< have fetched
};

// The blocks that node 0 changes between the others' fetch and its own release.
constexpr int Changed = 7, WrittenSame = 8, ChangedByAtomic = 9;

std::uint64_t look(std::uint64_t *word) {
  return __loco_atomic_load_8(word, __ATOMIC_RELAXED);
}

void wait_for(std::uint64_t *word, std::uint64_t value) {
  unsigned spins = 0;
  while (look(word) != value)
    __loco_omp_wait_step(&spins);
}

/// What acquires have done to copies since it was made.
class Counts {
public:
  std::int64_t refreshed() const {
    return __loco_counter("refreshed_blocks") - Refreshed;
  }
  std::int64_t kept() const { return __loco_counter("kept_blocks") - Kept; }

private:
  std::int64_t Refreshed = __loco_counter("refreshed_blocks"),
               Kept = __loco_counter("kept_blocks");
};
constexpr int Few = 8;

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  int node = __loco_node(), others = __loco_num_nodes() - 1;
  if (node == 0) {
    wait_for(&shared->readers, static_cast<std::uint64_t>(others));
    // No release since the copies were made, and nothing is protected yet.
    shared->block[Changed].bytes[100] = 200;
    shared->block[WrittenSame].bytes[100] = WrittenSame;
    __loco_atomic_rmw_4(
        const_cast<unsigned char *>(shared->block[ChangedByAtomic].bytes + 96),
        0x01000000, LOCO_RMW_ADD, __ATOMIC_RELAXED);
  } else {
    for (int b = 0; b < Blocks; ++b)
      CHECK(shared->block[b].bytes[99] == b);
    __loco_atomic_rmw_8(&shared->readers, 1, LOCO_RMW_ADD, __ATOMIC_RELAXED);
  }
  Counts first;
  spmd::barrier();
  if (node != 0) {
    // Those of stacks are some more.
    CHECK(first.refreshed() >= 2 && first.refreshed() < 2 + Few);
    CHECK(first.kept() >= Blocks - 2);
    CHECK(shared->block[Changed].bytes[100] == 200);
    CHECK(shared->block[ChangedByAtomic].bytes[99] == ChangedByAtomic + 1);
    CHECK(shared->block[WrittenSame].bytes[100] == WrittenSame);
  }
  Counts second; // who is late here may see it in this acquire
  spmd::barrier();
  // From here on they are protected at home, and a store is seen as such.
  if (node == 0)
    shared->block[3].bytes[0] = 77;
  spmd::barrier();
  if (node != 0) {
    CHECK(second.refreshed() >= 1 && second.refreshed() < 1 + Few);
    CHECK(shared->block[3].bytes[0] == 77);
  }
  spmd::barrier();
  // An atomic on a protected block leaves it protected, and is noticed too.
  if (node == 0)
    __loco_atomic_rmw_4(
        const_cast<unsigned char *>(shared->block[4].bytes + 96), 0x01000000,
        LOCO_RMW_ADD, __ATOMIC_RELAXED);
  spmd::barrier();
  CHECK(shared->block[4].bytes[99] == 5);
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, 64 << 10, sizeof(Shared)) == 0);
  auto *shared = static_cast<Shared *>(memory);
  for (int b = 0; b < Blocks; ++b)
    for (auto &byte : shared->block[b].bytes)
      byte = static_cast<unsigned char>(b);
  shared->readers = 0;
  spmd::run(work, shared);
  std::puts("right");
}
