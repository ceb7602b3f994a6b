// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// migration_nodes.cpp - homes move: memory that node 0 has initialised goes to
// the nodes that write it, with the right bytes, and is at rest after; memory that
// two nodes write does not go to and fro; what holds a lock or a stack stays; and threads outside of the
// barrier, which store, add atomically and lock all the while, lose nothing
// (there LOCO_MIGRATION=always moves extents at every barrier).
#include "spmd.h"

#include <new>
#include <pthread.h>

namespace {

constexpr std::size_t ExtentBytes = 64 << 10;
constexpr int MaxNodes = 8;
constexpr int ExtentsPerNode = 6;

int nodes() { return __loco_num_nodes(); }
bool moves_always() {
  const char *set = std::getenv("LOCO_MIGRATION");
  return set != nullptr && std::strcmp(set, "always") == 0;
}
bool moves_never() {
  const char *set = std::getenv("LOCO_MIGRATION");
  return set != nullptr && std::strcmp(set, "off") == 0;
}

char *allocate(std::size_t bytes) {
  void *p = nullptr;
  CHECK(posix_memalign(&p, ExtentBytes, bytes) == 0);
  std::memset(p, 0, bytes);
  return static_cast<char *>(p);
}

// ------------------------------------------------------------ to its writer

std::uint64_t value_of(std::size_t word, int round) {
  return word * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(round);
}

std::size_t words_per_node() {
  return ExtentsPerNode * ExtentBytes / sizeof(std::uint64_t);
}

void check_at_writers(void *memory) {
  if (moves_always())
    return;
  for (int e = 0; e < ExtentsPerNode * nodes(); ++e) {
    int home = __loco_home(static_cast<char *>(memory) + e * ExtentBytes);
    CHECK(home == (moves_never() ? 0 : e / ExtentsPerNode));
  }
}

/// Each round a node checks and rewrites its part, and in one round of three it
/// reads the neighbour's.
void write_own_part(void *argument) {
  auto *words = static_cast<std::uint64_t *>(argument);
  std::size_t per_node = words_per_node();
  int me = __loco_node();
  std::size_t first = per_node * me;
  constexpr int Rounds = 12;
  for (int round = 1; round <= Rounds; ++round) {
    for (std::size_t i = first; i < first + per_node; ++i) {
      CHECK(words[i] == (round == 1 ? 0 : value_of(i, round - 1)));
      words[i] = value_of(i, round);
    }
    spmd::barrier();
    if (round % 3 == 0) {
      std::size_t other = per_node * ((me + 1) % nodes());
      for (std::size_t i = other; i < other + per_node; ++i)
        CHECK(words[i] == value_of(i, round));
    }
    spmd::barrier();
  }
  check_at_writers(words);
}

// --------------------------------------------------------- written by turns

struct Turns {
  char *memory;
  int moves[MaxNodes];
};

void write_by_turns(void *argument) {
  auto *turns = static_cast<Turns *>(argument);
  auto *byte = reinterpret_cast<volatile unsigned char *>(turns->memory);
  int me = __loco_node();
  int home = __loco_home(turns->memory);
  int moves = 0;
  // In each phase another node writes alone, long enough at first for a move.
  constexpr int Phases = 24, Barriers = 10;
  for (int phase = 0; phase < Phases; ++phase)
    for (int i = 0; i < Barriers; ++i) {
      if (phase % nodes() == me)
        byte[phase * 100 + i] = static_cast<unsigned char>(phase + i);
      spmd::barrier();
      int now = __loco_home(turns->memory);
      moves += now != home;
      home = now;
    }
  turns->moves[me] = moves;
  spmd::barrier();
  for (int phase = 0; phase < Phases; ++phase)
    for (int i = 0; i < Barriers; ++i)
      CHECK(byte[phase * 100 + i] == static_cast<unsigned char>(phase + i));
  for (int node = 0; node < nodes(); ++node)
    CHECK(turns->moves[node] == turns->moves[me]); // all see one home
  if (!moves_always())
    CHECK(moves <= 4); // intervals double: 1, 2, 4 and 8 fit into a phase
}

void write_together(void *argument) {
  auto *memory = static_cast<volatile unsigned char *>(argument);
  int me = __loco_node();
  for (int round = 0; round < 20; ++round) {
    memory[me * 8] = static_cast<unsigned char>(round);
    spmd::barrier();
  }
  for (int node = 0; node < nodes(); ++node)
    CHECK(memory[node * 8] == 19);
  if (!moves_always())
    CHECK(__loco_home(argument) == 0);
}

// -------------------------------------------------------------------- locks

struct Locked {
  std::uint64_t lock;
  std::uint64_t count;
  char pad[ExtentBytes - 16];
};

void use_lock(void *argument) {
  auto *locked = static_cast<Locked *>(argument);
  for (int round = 0; round < 10; ++round) {
    // Held over a barrier, by one node after the other.
    bool mine = round % nodes() == __loco_node();
    if (mine)
      __loco_lock_acquire(&locked->lock);
    spmd::barrier();
    if (mine) {
      ++locked->count;
      __loco_lock_release(&locked->lock);
    }
    spmd::barrier();
  }
  CHECK(locked->count == 10);
  CHECK(!__loco_lock_is_held(&locked->lock));
  spmd::barrier();
  // A lock's state is elsewhere: its memory moves as any other.
  for (int round = 0; round < 20; ++round) {
    if (__loco_node() == 1) {
      __loco_lock_acquire(&locked->lock);
      std::memset(locked->pad, round, sizeof locked->pad);
      __loco_lock_release(&locked->lock);
    }
    spmd::barrier();
  }
  CHECK(locked->pad[sizeof locked->pad - 1] == 19);
  if (!moves_never())
    CHECK(__loco_home(locked) == 1);
}

// ------------------------------------------- threads outside of the barrier

constexpr int Bytes = 300;

struct Crowd {
  struct {
    std::uint64_t atomic;
    std::uint64_t locked;
    unsigned char own[MaxNodes][Bytes];
    char pad[ExtentBytes - 16 - MaxNodes * Bytes];
  } extents[4];
  Locked locks[4];
  int laps[MaxNodes];
};

struct Outsider {
  Crowd *crowd;
  int stop;
  int laps;
};

unsigned char crowd_byte(int node, int lap, int i) {
  return static_cast<unsigned char>(node * 31 + lap * 7 + i);
}

void *run_outside(void *argument) {
  auto *self = static_cast<Outsider *>(argument);
  Crowd *crowd = self->crowd;
  int me = __loco_node();
  while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
    int lap = self->laps++;
    for (int e = 0; e < 4; ++e) {
      auto &extent = crowd->extents[e];
      for (int i = 0; i < Bytes; ++i) {
        volatile unsigned char *p = &extent.own[me][i];
        CHECK(lap == 0 || *p == crowd_byte(me, lap - 1, i));
        *p = crowd_byte(me, lap, i);
      }
      __loco_atomic_rmw_8(&extent.atomic, 1, LOCO_RMW_ADD, __ATOMIC_RELAXED);
      __loco_lock_acquire(&crowd->locks[e].lock);
      ++extent.locked;
      __loco_lock_release(&crowd->locks[e].lock);
    }
  }
  return nullptr;
}

void work_in_a_crowd(void *argument) {
  auto *crowd = static_cast<Crowd *>(argument);
  // On this node's stack: the atomics act at home, which is here.
  Outsider outsider{crowd, 0, 0};
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, run_outside, &outsider) == 0);
  for (int round = 0; round < 150; ++round) {
    // Written here, so it moves here, whatever the others are doing.
    auto &extent = crowd->extents[(round + __loco_node()) % 4];
    extent.pad[__loco_node()] = static_cast<char>(round);
    spmd::barrier();
  }
  __atomic_store_n(&outsider.stop, 1, __ATOMIC_RELAXED);
  CHECK(pthread_join(thread, nullptr) == 0);
  CHECK(outsider.laps > 0);
  crowd->laps[__loco_node()] = outsider.laps;
  spmd::barrier();
  std::uint64_t all = 0;
  for (int node = 0; node < nodes(); ++node)
    all += static_cast<std::uint64_t>(crowd->laps[node]);
  for (auto &extent : crowd->extents) {
    CHECK(__loco_atomic_load_8(&extent.atomic, __ATOMIC_RELAXED) == all);
    CHECK(extent.locked == all);
    for (int node = 0; node < nodes(); ++node)
      for (int i = 0; i < Bytes; ++i)
        CHECK(extent.own[node][i] ==
              crowd_byte(node, crowd->laps[node] - 1, i));
  }
}

} // namespace

int main() {
  std::size_t part = ExtentsPerNode * ExtentBytes;
  spmd::run(write_own_part, allocate(part * static_cast<std::size_t>(nodes())));
  spmd::run(write_together, allocate(ExtentBytes));
  auto *turns = new (allocate(2 * ExtentBytes)) Turns{};
  turns->memory = allocate(ExtentBytes);
  spmd::run(write_by_turns, turns);
  spmd::run(use_lock, allocate(sizeof(Locked)));
  spmd::run(work_in_a_crowd, allocate(sizeof(Crowd)));
  std::puts("right");
}
