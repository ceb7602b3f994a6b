// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// shared_cache.cpp - M3: threads of a node share its cache, and a store is never
// lost. On every node a writer stores to its own bytes of blocks that all nodes
// write, without any synchronisation, while another thread of the node takes and
// gives back a lock around stores to other bytes of the same blocks: each
// release compares, and each acquire drops, blocks under the writer's hands.
#include "spmd.h"

#include <pthread.h>

namespace {

constexpr int Blocks = 3;
constexpr int Laps = 400;
constexpr int MaxNodes = 8;

struct Shared {
  std::uint64_t lock;
  char pad[LOCO_BLOCK_BYTES - sizeof lock];
  // In each block, by node: bytes of the writer, and of who holds the lock.
  struct {
    unsigned char writer[MaxNodes][200];
    std::uint32_t locked[MaxNodes];
    std::uint32_t common;
  } blocks[Blocks];
};

struct Writer {
  Shared *shared;
  int node;
};

unsigned char byte_of(int node, int lap, int i) {
  return static_cast<unsigned char>(node * 31 + lap * 7 + i);
}

void *write_bytes(void *argument) {
  auto *w = static_cast<Writer *>(argument);
  for (int lap = 0; lap < Laps; ++lap)
    for (auto &block : w->shared->blocks)
      for (int i = 0; i < 200; ++i) {
        volatile unsigned char *p = &block.writer[w->node][i];
        *p = byte_of(w->node, lap, i);
        CHECK(*p == byte_of(w->node, lap, i));
      }
  return nullptr;
}

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  int node = __loco_node();
  Writer w{shared, node};
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, write_bytes, &w) == 0);
  for (int lap = 0; lap < Laps; ++lap) {
    __loco_lock_acquire(&shared->lock);
    for (auto &block : shared->blocks) {
      ++block.locked[node];
      ++block.common;
    }
    __loco_lock_release(&shared->lock);
  }
  CHECK(pthread_join(thread, nullptr) == 0);
  spmd::barrier();
  int nodes = __loco_num_nodes();
  for (auto &block : shared->blocks) {
    CHECK(block.common == static_cast<std::uint32_t>(nodes * Laps));
    for (int n = 0; n < nodes; ++n) {
      CHECK(block.locked[n] == Laps);
      for (int i = 0; i < 200; ++i)
        CHECK(block.writer[n][i] == byte_of(n, Laps - 1, i));
    }
  }
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, LOCO_BLOCK_BYTES, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(work, memory);
  std::puts("right");
}
