// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heap_nodes.cpp - the heap over nodes: addresses, homes, contents, and freeing
// and resizing what another node allocated.
#include "spmd.h"

#include <algorithm>
#include <cerrno>
#include <malloc.h>
#include <new>

namespace {

constexpr int Slots = 200;
constexpr std::size_t LargeBytes = 3 << 20;

struct Shared {
  unsigned char *slot[8][Slots];
  unsigned char *large;
};

std::size_t bytes_of(int node, int i) {
  return static_cast<std::size_t>(1 + (node * 131 + i * 977) % 20000);
}

void fill(unsigned char *p, std::size_t n, int seed) {
  for (std::size_t i = 0; i < n; ++i)
    p[i] = static_cast<unsigned char>(seed + static_cast<int>(i % 251));
}

bool is_filled(const unsigned char *p, std::size_t n, int seed) {
  for (std::size_t i = 0; i < n; ++i)
    if (p[i] != static_cast<unsigned char>(seed + static_cast<int>(i % 251)))
      return false;
  return true;
}

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  int node = __loco_node(), nodes = __loco_num_nodes();
  int next = (node + 1) % nodes;

  for (int i = 0; i < Slots; ++i) {
    auto *p = static_cast<unsigned char *>(__loco_malloc(bytes_of(node, i)));
    CHECK(p != nullptr);
    fill(p, bytes_of(node, i), node + i);
    CHECK(nodes == 1 || __loco_home(p) == node); // small: at home here
    shared->slot[node][i] = p;
  }
  // Large ones are at home with who touches them first.
  std::size_t share = LargeBytes / static_cast<std::size_t>(nodes);
  std::size_t from = share * static_cast<std::size_t>(node);
  std::memset(shared->large + from, node + 1, share);
  std::size_t inside = (from + share / 2) & ~std::size_t{0xffff};
  CHECK(nodes == 1 || __loco_home(shared->large + inside) == node);
  CHECK(__loco_is_local(shared->large + inside));
  spmd::barrier();

  for (int i = 0; i < Slots; ++i) {
    unsigned char *p = shared->slot[next][i];
    std::size_t n = bytes_of(next, i);
    CHECK(is_filled(p, n, next + i));
    CHECK(malloc_usable_size(p) >= n);
    if (i % 3 == 0) {
      p = static_cast<unsigned char *>(realloc(p, 2 * n));
      CHECK(p != nullptr && is_filled(p, n, next + i));
      CHECK(nodes == 1 || __loco_home(p) == node);
    }
    free(p);
  }
  for (int n = 0; n < nodes; ++n)
    CHECK(shared->large[share * static_cast<std::size_t>(n)] == n + 1);
  spmd::barrier();

  // What was freed from afar can be had again.
  for (int i = 0; i < Slots; ++i) {
    auto *p = static_cast<unsigned char *>(calloc(3, bytes_of(node, i)));
    CHECK(p != nullptr);
    for (std::size_t k = 0; k < 3 * bytes_of(node, i); ++k)
      CHECK(p[k] == 0);
    free(p);
  }
}

/// Who frees memory of another node has written it just before: nothing of that may
/// come after what its next owner writes, nor be taken for his zeros.
void free_and_allocate(void *argument) {
  constexpr int Count = 64;
  constexpr std::size_t Bytes[] = {5000, 3 << 20};
  auto *shared = static_cast<Shared *>(argument);
  int node = __loco_node(), nodes = __loco_num_nodes();
  int next = (node + 1) % nodes;
  for (int round = 0; round < 6; ++round) {
    const std::size_t bytes = Bytes[round % 2];
    for (int i = 0; i < Count; ++i) {
      auto *p = static_cast<unsigned char *>(calloc(1, bytes));
      // The zeros are in a copy of this node where the home is another.
      CHECK(p != nullptr && p[bytes / 2] == 0);
      shared->slot[node][i] = p;
      if (bytes > 5000 && i == 7)
        break;
    }
    const int count = bytes > 5000 ? 8 : Count;
    spmd::barrier();
    for (int i = 0; i < count; ++i) {
      std::memset(shared->slot[next][i], 0xee, bytes);
      free(shared->slot[next][i]);
    }
    // Some of these come too early for what was freed, most do not.
    unsigned char *again[Count];
    for (int i = 0; i < count; ++i) {
      again[i] = static_cast<unsigned char *>(calloc(1, bytes));
      CHECK(again[i] != nullptr);
      again[i][i] = 1;
    }
    spmd::barrier();
    std::copy(again, again + count, shared->slot[node]);
    spmd::barrier();
    for (int i = 0; i < count; ++i)
      for (std::size_t k = 0; k < bytes; k += 1 + k % 7)
        CHECK(shared->slot[next][i][k] ==
              (k == static_cast<std::size_t>(i) ? 1 : 0));
    spmd::barrier();
    for (int i = 0; i < count; ++i)
      free(again[i]);
    spmd::barrier();
  }
}

/// Large objects share no block with others.
void check_alignment() {
  if (__loco_num_nodes() == 1)
    return;
  void *p = nullptr;
  for (std::size_t bytes = 70000; bytes < 4 << 20; bytes += bytes / 3) {
    p = __loco_realloc(p, bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(p) % LOCO_BLOCK_BYTES == 0);
    void *other = __loco_calloc(1, bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(other) % LOCO_BLOCK_BYTES == 0);
    free(other);
  }
  free(p);
}

void check_errors() {
  errno = 0;
  std::size_t huge = ~std::size_t{0} / 4;
  CHECK(__loco_malloc(huge * 2 + 1) == nullptr && errno == ENOMEM);
  errno = 0;
  CHECK(__loco_calloc(huge, 8) == nullptr && errno == ENOMEM);
  void *p = nullptr;
  CHECK(__loco_posix_memalign(&p, 24, 8) == EINVAL);
  CHECK(__loco_aligned_alloc(3, 8) == nullptr && errno == EINVAL);
  CHECK(posix_memalign(&p, 1 << 20, 8) == 0 &&
        reinterpret_cast<std::uintptr_t>(p) % (1 << 20) == 0);
  free(p);
  free(nullptr);
  bool threw = false;
  try {
    p = __loco_new(huge * 2 + 1);
  } catch (const std::bad_alloc &) {
    threw = true;
  }
  CHECK(threw);
  CHECK(__loco_new_nothrow(huge * 2 + 1) == nullptr);
  CHECK(malloc_usable_size(nullptr) == 0);
}

} // namespace

int main() {
  auto *shared = static_cast<Shared *>(calloc(1, sizeof(Shared)));
  CHECK(shared != nullptr);
  if (__loco_num_nodes() > 1)
    CHECK(reinterpret_cast<std::uintptr_t>(shared) >= 0x200000000000);
  shared->large = static_cast<unsigned char *>(aligned_alloc(65536, LargeBytes));
  CHECK(shared->large != nullptr);
  spmd::run(work, shared);
  spmd::run(free_and_allocate, shared);
  check_alignment();
  check_errors();
  std::puts("right");
}
