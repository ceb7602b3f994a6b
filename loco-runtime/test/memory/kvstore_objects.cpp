// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kvstore_objects.cpp - the heap of kvstore mode: objects are found from any
// pointer into them, on every node; accesses of libloco's __loco_kv_ family, in
// place and by it; and what the program does wrong is said. With an argument it
// does that wrong, and must not come to its end.
#include "spmd.h"

#include <cstddef>
#include <malloc.h>
#include <thread>
#include <vector>

namespace {

constexpr int Count = 300;

struct Shared {
  unsigned char *object[8][Count];
  std::uint64_t sum[8];
  unsigned char line[20000];
};

std::size_t bytes_of(int node, int i) {
  return static_cast<std::size_t>((node * 977 + i * i * 7) % 30000);
}

template <typename T> T get(const void *p) {
  T value;
  __loco_kv_get(p, &value, sizeof value);
  return value;
}
template <typename T> void put(void *p, T value) {
  __loco_kv_put(p, &value, sizeof value);
}

unsigned char byte_at(int node, int i, std::size_t at) {
  return static_cast<unsigned char>(node + i * 3 + at % 241);
}

/// Bytes at both ends and some between, read one by one.
void check_object(int node, int i, const unsigned char *p) {
  const std::size_t bytes = bytes_of(node, i);
  for (std::size_t at = 0; at < bytes; at += 1 + (bytes - at) / 3)
    CHECK(get<unsigned char>(p + at) == byte_at(node, i, at));
}

void fill(unsigned char *p, int node, int i) {
  for (std::size_t at = 0; at < bytes_of(node, i); ++at)
    put(p + at, byte_at(node, i, at));
}

void use_objects(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  const int node = __loco_node(), nodes = __loco_num_nodes();
  const int next = (node + 1) % nodes;
  for (int i = 0; i < Count; ++i) {
    auto *p = static_cast<unsigned char *>(
        i % 4 ? malloc(bytes_of(node, i))
              : aligned_alloc(512, bytes_of(node, i)));
    CHECK(p != nullptr);
    CHECK(malloc_usable_size(p) == bytes_of(node, i));
    fill(p, node, i);
    put(&shared->object[node][i], p);
  }
  spmd::barrier();
  for (int i = 0; i < Count; ++i) {
    auto *p = get<unsigned char *>(&shared->object[next][i]);
    const std::size_t bytes = bytes_of(next, i);
    check_object(next, i, p);
    CHECK(malloc_usable_size(p) == bytes); // of another node's, too
    if (i % 3 == 0) {
      p = static_cast<unsigned char *>(realloc(p, bytes + bytes / 4));
      CHECK(p != nullptr && malloc_usable_size(p) == bytes + bytes / 4);
      check_object(next, i, p);
      if (bytes / 4 != 0)
        put(p + bytes + bytes / 4 - 1, static_cast<unsigned char>(1));
    }
    free(p);
  }
  spmd::barrier();
}

/// Uncached accesses and those in place, by turns, on the same bytes.
void mix_with_cache(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  const int node = __loco_node(), nodes = __loco_num_nodes();
  for (int round = 0; round < 40; ++round) {
    if (round % nodes == node) {
      // An unreleased store in place is part of what an uncached load sees.
      shared->sum[node] = static_cast<std::uint64_t>(round);
      CHECK(get<std::uint64_t>(&shared->sum[node]) ==
            static_cast<std::uint64_t>(round));
      put(&shared->sum[(node + 1) % nodes], std::uint64_t{7000} + round);
      CHECK(shared->sum[(node + 1) % nodes] == std::uint64_t{7000} + round);
    }
    spmd::barrier();
    const int writer = round % nodes;
    if (nodes > 1)
      CHECK(shared->sum[writer] == static_cast<std::uint64_t>(round));
    CHECK(shared->sum[(writer + 1) % nodes] == std::uint64_t{7000} + round);
    spmd::barrier();
  }
}

/// move and fill against memmove and memset on private memory.
void move_and_fill(Shared *shared) {
  constexpr std::size_t Bytes = sizeof shared->line;
  std::vector<unsigned char> model(Bytes);
  __loco_kv_fill(shared->line, 0x1ff, Bytes);
  std::memset(model.data(), 0xff, Bytes);
  std::uint64_t seed = 1;
  auto below = [&](std::size_t n) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::size_t>(seed >> 33) % n;
  };
  for (int i = 0; i < 300; ++i) {
    const std::size_t n = below(i % 2 ? Bytes / 2 : 100);
    const std::size_t to = below(Bytes - n), from = below(Bytes - n);
    if (i % 3 == 0) {
      __loco_kv_fill(shared->line + to, i, n);
      std::memset(model.data() + to, i, n);
    } else {
      __loco_kv_move(shared->line + to, shared->line + from, n);
      std::memmove(model.data() + to, model.data() + from, n);
    }
  }
  CHECK(std::memcmp(shared->line, model.data(), Bytes) == 0);
  // Memory that is not LOCO's: a string constant.
  __loco_kv_move(shared->line, "constant", 9);
  char out[9];
  __loco_kv_get(shared->line, out, sizeof out);
  CHECK(std::strcmp(out, "constant") == 0);
}

/// A thread's stack is no object, and may be accessed from everywhere.
void visit_stack(void *argument) {
  if (__loco_node() == __loco_num_nodes() - 1)
    put(argument, get<int>(argument) + 1);
}

[[noreturn]] void do_wrong(const std::string &what) {
  auto *p = static_cast<char *>(malloc(100));
  if (what == "overflow") {
    put(p + 92, std::uint64_t{0}); // fits
    put(p + 96, std::uint64_t{0});
  } else if (what == "underflow") {
    get<char>(p - 1);
  } else if (what == "freed") {
    free(p);
    get<int>(p + 20);
  } else if (what == "fill") {
    __loco_kv_fill(p, 0, 101);
  } else if (what == "double-free") {
    free(p);
    free(p);
  } else if (what == "inner-free") {
    free(p + 16);
  } else if (what == "realloc") {
    free(p);
    p = static_cast<char *>(realloc(p, 200));
  } else if (what == "many") {
    for (;;)
      p = static_cast<char *>(malloc(1));
  }
  std::printf("%s was not noticed\n", what.c_str());
  std::exit(3);
}

} // namespace

int main(int argc, char **argv) {
  if (argc > 1)
    do_wrong(argv[1]);
  auto *shared = static_cast<Shared *>(calloc(1, sizeof(Shared)));
  CHECK(shared != nullptr);
  spmd::run(use_objects, shared);
  spmd::run(mix_with_cache, shared);
  move_and_fill(shared);
  std::thread([] {
    int on_stack = 41;
    spmd::run(visit_stack, &on_stack);
    CHECK(get<int>(&on_stack) == 42 && on_stack == 42);
  }).join();
  free(shared);
  std::puts("right");
}
