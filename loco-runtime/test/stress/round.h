// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// round.h - what a round is: the program that all nodes make of one seed, and
// where its things lie in the arena.
#pragma once

#include "loco/abi.h"

#include <cstdint>

namespace stress {

constexpr uint32_t MaxArenaBytes = 1 << 19;
constexpr uint32_t UnitBytes = 64; // special objects take whole units
constexpr int MaxThreads = 64;     // of all nodes
constexpr int MaxNodes = 16;
constexpr int CounterCount = 13;
constexpr int LockCount = 4;
constexpr int GuardCount = 3;
constexpr int HeapSlotCount = 8;

// Kinds of operations, which --without can leave out to narrow a failure down.
enum Feature : uint32_t {
  Plain = 1 << 0,
  Unchecked = 1 << 1,
  Touch = 1 << 2,
  Atomics = 1 << 3,
  Locks = 1 << 4,
  Mailboxes = 1 << 5,
  Guards = 1 << 6,
  Heap = 1 << 7,
  Stacks = 1 << 8,
  Volatile = 1 << 9,
  Sync = 1 << 10, // release and acquire at any time
  Uncached = 1 << 11, // as compiled with -floco-mode=kvstore
};
struct FeatureName {
  const char *name;
  uint32_t bit;
};
constexpr FeatureName Features[] = {
    {"plain", Plain},       {"unchecked", Unchecked}, {"touch", Touch},
    {"atomics", Atomics},   {"locks", Locks},         {"mailboxes", Mailboxes},
    {"guards", Guards},     {"heap", Heap},           {"stacks", Stacks},
    {"volatile", Volatile}, {"sync", Sync},
    {"uncached", Uncached},
};

// What node 0 sends to all at the start of a round.
struct Round {
  uint64_t seed;
  uint64_t user_seed;
  uint32_t number;
  uint32_t features;
  uint32_t arena_bytes;
  uint32_t phases;
  uint32_t ops;           // of a thread in a phase
  uint32_t sticky_phases; // an owner keeps its bytes that long
  uint32_t hot_blocks;
  int nodes;
  int threads; // of one node
  bool uncached_only;
  char *arena;
};

struct Layout {
  bool reserved[MaxArenaBytes / UnitBytes];
  uint32_t counter[CounterCount];
  uint32_t lock[LockCount];
  uint32_t record[LockCount];
  uint32_t mailbox[MaxThreads];
  uint32_t mailbox_flag[MaxThreads];
  uint32_t guard[GuardCount];
  uint32_t guarded[GuardCount];
  uint32_t heap_pointer[HeapSlotCount];
  uint32_t stack_pointer[MaxThreads];
};

// The running round. Globals of a program that was not compiled with -floco are
// private to a node.
inline Round round_;
inline Layout layout;

/// Places everything for round_.
void make_layout();

inline bool multi() { return *LOCO_FLAG_MULTI != 0; }
inline int all_threads() { return round_.nodes * round_.threads; }
inline int node_of(int thread) { return thread / round_.threads; }

struct Context {
  int thread = 0; // over all nodes
  uint32_t phase = 0;
  char *stack_box = nullptr;
};

} // namespace stress
