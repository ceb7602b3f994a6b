// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coherence-stress - random data-race-free programs on the coherence protocol.
//
// A round is a program made from a seed. It consists of phases between
// barriers. In a phase every byte of a shared arena has one thread that may
// read and write it, or all may read it; who is a function of (seed, phase,
// offset). Beside these bytes, in the same blocks, lie atomics, locks with the
// records they protect, mailboxes, guards and pointers to heap objects.
//
// What a thread does is a function of (seed, phase, thread) and never of what
// it reads. So every node keeps a model of the arena in private memory: a
// thread applies its own stores to it at once, and after the phase each node
// replays the threads of the other nodes. Every load is checked against it.
//
//   loco-run -n 3 coherence-stress --seed 7 --rounds 1000 --threads 2

#include "loco/abi.h"
#include "loco/omp_abi.h"

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <getopt.h>
#include <iterator>
#include <pthread.h>
#include <unistd.h>

namespace {

// ------------------------------------------------------------------ sizes

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
  char *arena;
};

// ---------------------------------------------------------- random numbers

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
uint64_t mix(uint64_t a, uint64_t b) { return mix(mix(a) ^ b); }
uint64_t mix(uint64_t a, uint64_t b, uint64_t c) { return mix(mix(a, b), c); }

class Random {
public:
  explicit Random(uint64_t seed) : state(mix(seed)) {}
  uint64_t next() { return mix(state += 0x632be59bd9b4e019); }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
  bool chance(uint32_t percent) { return below(100) < percent; }

private:
  uint64_t state;
};

// ------------------------------------------------- this node's private state
//
// Globals of a program that was not compiled with -floco are private to a node.

using Wide = unsigned __int128;

struct LastWrite {
  uint16_t thread;
  uint16_t phase;
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

Round round_; // the running one
Layout layout;
unsigned char model[MaxArenaBytes];
LastWrite last_write[MaxArenaBytes];
Wide counter_model[CounterCount];
uint64_t record_count_model[LockCount];
uint64_t record_sum_model[LockCount];
pthread_mutex_t model_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t one_node_locks[LockCount];
pthread_barrier_t local_barrier;
bool verbose = false;

bool multi() { return *LOCO_FLAG_MULTI != 0; }
int all_threads() { return round_.nodes * round_.threads; }
int node_of(int thread) { return thread / round_.threads; }

struct Context {
  int thread = 0; // over all nodes
  uint32_t phase = 0;
  char *stack_box = nullptr;
};

// ---------------------------------------------------------------- failures

unsigned shadow_of(const void *p) {
  return *reinterpret_cast<volatile unsigned char *>(
      LOCO_SHADOW_BASE + (reinterpret_cast<uintptr_t>(p) >> LOCO_BLOCK_SHIFT));
}

[[noreturn, gnu::format(printf, 3, 4)]] void
fail(const Context &context, const void *address, const char *format, ...) {
  char what[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  dprintf(STDERR_FILENO,
          "coherence-stress: FAILED: seed %llu, round %u, phase %u, node %d, "
          "thread %d: address %p (arena%+ld, home %d, shadow %u): %s\n"
          "coherence-stress: repeat with --seed %llu --first-round %u "
          "--rounds 1 --threads %d on %d nodes\n",
          static_cast<unsigned long long>(round_.user_seed), round_.number,
          context.phase, __loco_omp_node(), context.thread, address,
          static_cast<long>(static_cast<const char *>(address) - round_.arena),
          __loco_home(address), shadow_of(address), what,
          static_cast<unsigned long long>(round_.user_seed), round_.number,
          round_.threads, round_.nodes);
  exit(1);
}

// ------------------------------------------------------------------ access

enum class How { Checked, Called, Unchecked };

How pick_how(Random &random) {
  const uint32_t dice = random.below(8);
  if (dice == 0 && (round_.features & Unchecked))
    return How::Unchecked;
  return dice == 1 ? How::Called : How::Checked;
}

// What compiled code does: look at the shadow, call the slow path if need be.
void before_load(const void *p, size_t n, How how) {
  if (how == How::Called ||
      (how == How::Checked &&
       (shadow_of(p) > LOCO_SHADOW_CLEAN ||
        shadow_of(static_cast<const char *>(p) + n - 1) > LOCO_SHADOW_CLEAN)))
    __loco_load(p, n);
}

void before_store(void *p, size_t n, How how) {
  if (how == How::Called ||
      (how == How::Checked &&
       (shadow_of(p) > LOCO_SHADOW_READY ||
        shadow_of(static_cast<char *>(p) + n - 1) > LOCO_SHADOW_READY)))
    __loco_store(p, n);
}

void compiler_barrier() { asm volatile("" ::: "memory"); }

// One access of n bytes, as one instruction where n is 1, 2, 4 or 8.
void copy(void *to, const void *from, size_t n) {
  compiler_barrier();
  switch (n) {
  case 1:
    __builtin_memcpy(to, from, 1);
    break;
  case 2:
    __builtin_memcpy(to, from, 2);
    break;
  case 4:
    __builtin_memcpy(to, from, 4);
    break;
  case 8:
    __builtin_memcpy(to, from, 8);
    break;
  default:
    memcpy(to, from, n);
  }
  compiler_barrier();
}

void load(const void *p, void *out, size_t n, How how) {
  before_load(p, n, how);
  copy(out, p, n);
}

void store(void *p, const void *in, size_t n, How how) {
  before_store(p, n, how);
  copy(p, in, n);
}

template <typename T> T load(const void *p, How how) {
  T value;
  load(p, &value, sizeof value, how);
  return value;
}

template <typename T> void store(void *p, T value, How how) {
  store(p, &value, sizeof value, how);
}

// ----------------------------------------------------------------- atomics
//
// With one node compiled code uses the plain instruction, and so do these.

constexpr int Orders[] = {__ATOMIC_RELAXED, __ATOMIC_ACQ_REL, __ATOMIC_SEQ_CST};

#define DEFINE_ATOMICS(bytes, type)                                            \
  type atomic_load(const type *p, int order) {                                 \
    return multi() ? __loco_atomic_load_##bytes(p, order)                      \
                   : __atomic_load_n(p, __ATOMIC_SEQ_CST);                     \
  }                                                                            \
  [[maybe_unused]] void atomic_store(type *p, type value, int order) {         \
    if (multi())                                                               \
      __loco_atomic_store_##bytes(p, value, order);                            \
    else                                                                       \
      __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                            \
  }                                                                            \
  [[maybe_unused]] type atomic_cas(type *p, type expected, type desired,       \
                                   int order) {                                \
    if (multi())                                                               \
      return __loco_atomic_cas_##bytes(p, expected, desired, order,            \
                                       __ATOMIC_RELAXED);                      \
    __atomic_compare_exchange_n(p, &expected, desired, false,                  \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
    return expected;                                                           \
  }                                                                            \
  [[maybe_unused]] type atomic_rmw(type *p, type value, int op, int order) {   \
    if (multi())                                                               \
      return __loco_atomic_rmw_##bytes(p, value, op, order);                   \
    switch (op) {                                                              \
    case LOCO_RMW_ADD:                                                         \
      return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);                   \
    case LOCO_RMW_SUB:                                                         \
      return __atomic_fetch_sub(p, value, __ATOMIC_SEQ_CST);                   \
    case LOCO_RMW_OR:                                                          \
      return __atomic_fetch_or(p, value, __ATOMIC_SEQ_CST);                    \
    case LOCO_RMW_XOR:                                                         \
      return __atomic_fetch_xor(p, value, __ATOMIC_SEQ_CST);                   \
    default:                                                                   \
      abort();                                                                 \
    }                                                                          \
  }
DEFINE_ATOMICS(1, uint8_t)
DEFINE_ATOMICS(2, uint16_t)
DEFINE_ATOMICS(4, uint32_t)
DEFINE_ATOMICS(8, uint64_t)
DEFINE_ATOMICS(16, Wide)
#undef DEFINE_ATOMICS

template <typename T> void cas_add(T *p, T value, int order) {
  T seen = atomic_load(p, __ATOMIC_RELAXED);
  for (;;) {
    const T before = atomic_cas(p, seen, static_cast<T>(seen + value), order);
    if (before == seen)
      return;
    seen = before;
  }
}

template <typename T, typename Bits>
void float_add(void *p, T value, int order) {
  Bits bits;
  if (multi()) {
    memcpy(&bits, &value, sizeof bits);
    atomic_rmw(static_cast<Bits *>(p), bits, LOCO_RMW_FADD, order);
    return;
  }
  Bits seen = atomic_load(static_cast<Bits *>(p), order);
  for (;;) {
    T sum;
    memcpy(&sum, &seen, sizeof sum);
    sum += value;
    memcpy(&bits, &sum, sizeof bits);
    const Bits before = atomic_cas(static_cast<Bits *>(p), seen, bits, order);
    if (before == seen)
      return;
    seen = before;
  }
}

template <typename T, typename Op>
void cas_apply(T *p, T value, int order, Op better) {
  T seen = atomic_load(p, order);
  while (better(value, seen)) {
    const T before = atomic_cas(p, seen, value, order);
    if (before == seen)
      return;
    seen = before;
  }
}

// Each counter has one width and one kind of operation, all commutative.
enum CounterKind {
  Add1,
  Add2,
  Add4,
  Add8,
  Add16,
  Sub8,
  Or8,
  Xor2,
  UMax4,
  Cas4,
  Cas16,
  Float4,
  Float8,
};
constexpr int CounterBytes[CounterCount] = {1, 2, 4, 8,  16, 8, 8,
                                            2, 4, 4, 16, 4,  8};

void count(int which, uint64_t value, int order) {
  char *p = round_.arena + layout.counter[which];
  auto *p4 = reinterpret_cast<uint32_t *>(p);
  auto *p8 = reinterpret_cast<uint64_t *>(p);
  auto *p16 = reinterpret_cast<Wide *>(p);
  switch (which) {
  case Add1:
    atomic_rmw(reinterpret_cast<uint8_t *>(p), static_cast<uint8_t>(value),
               LOCO_RMW_ADD, order);
    break;
  case Add2:
    atomic_rmw(reinterpret_cast<uint16_t *>(p), static_cast<uint16_t>(value),
               LOCO_RMW_ADD, order);
    break;
  case Add4:
    atomic_rmw(p4, static_cast<uint32_t>(value), LOCO_RMW_ADD, order);
    break;
  case Add8:
    atomic_rmw(p8, value, LOCO_RMW_ADD, order);
    break;
  case Add16:
    if (multi())
      atomic_rmw(p16, static_cast<Wide>(value) << 32, LOCO_RMW_ADD, order);
    else
      cas_add(p16, static_cast<Wide>(value) << 32, order);
    break;
  case Sub8:
    atomic_rmw(p8, value, LOCO_RMW_SUB, order);
    break;
  case Or8:
    atomic_rmw(p8, uint64_t(1) << (value % 64), LOCO_RMW_OR, order);
    break;
  case Xor2:
    atomic_rmw(reinterpret_cast<uint16_t *>(p), static_cast<uint16_t>(value),
               LOCO_RMW_XOR, order);
    break;
  case UMax4:
    if (multi())
      atomic_rmw(p4, static_cast<uint32_t>(value), LOCO_RMW_UMAX, order);
    else
      cas_apply(p4, static_cast<uint32_t>(value), order,
                [](uint32_t a, uint32_t b) { return a > b; });
    break;
  case Cas4:
    cas_add(p4, static_cast<uint32_t>(value), order);
    break;
  case Cas16:
    cas_add(p16, static_cast<Wide>(value) << 40, order);
    break;
  case Float4: // small whole numbers: the sum is exact
    float_add<float, uint32_t>(p, static_cast<float>(value % 16), order);
    break;
  case Float8:
    float_add<double, uint64_t>(p, static_cast<double>(value % 1024), order);
    break;
  }
}

// The same on the model. Floats are kept as whole numbers there.
Wide model_count(int which, Wide old_value, uint64_t value) {
  switch (which) {
  case Add16:
    return old_value + (static_cast<Wide>(value) << 32);
  case Cas16:
    return old_value + (static_cast<Wide>(value) << 40);
  case Sub8:
    return static_cast<uint64_t>(old_value) - value;
  case Or8:
    return old_value | uint64_t(1) << (value % 64);
  case Xor2:
    return old_value ^ static_cast<uint16_t>(value);
  case UMax4:
    return std::max<Wide>(old_value, static_cast<uint32_t>(value));
  case Float4:
    return old_value + value % 16;
  case Float8:
    return old_value + value % 1024;
  default: {
    const Wide sum = old_value + value;
    const int bits = CounterBytes[which] * 8;
    return sum & ((Wide(1) << bits) - 1);
  }
  }
}

// The bytes that a counter should have.
Wide counter_bits(int which) {
  const Wide value = counter_model[which];
  if (which == Float4) {
    const float number = static_cast<float>(static_cast<uint64_t>(value));
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
  }
  if (which == Float8) {
    const double number = static_cast<double>(static_cast<uint64_t>(value));
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
  }
  return value;
}

// -------------------------------------------------- who may do what, and when

constexpr int ReadOnly = -1;

// The thread to which a byte belongs in a phase, or ReadOnly.
int owner(uint32_t phase, uint32_t offset) {
  const uint32_t key = phase / round_.sticky_phases;
  const uint64_t phase_dice = mix(round_.seed, 11, key);
  static constexpr uint32_t Grains[] = {1, 2, 4, 8, 16, 64, 512, 4096};
  uint32_t grain = 16384;
  if (phase_dice % 8 != 0)
    grain = Grains[mix(round_.seed, key, 1000 + offset / LOCO_BLOCK_BYTES) %
                   std::size(Grains)];
  const uint64_t dice = mix(phase_dice, grain, offset / grain);
  static constexpr uint32_t ReadOnlyPercents[] = {0, 20, 50, 80};
  if (dice % 100 < ReadOnlyPercents[(phase_dice >> 8) % 4])
    return ReadOnly;
  return static_cast<int>((dice >> 16) % all_threads());
}

bool reserved(uint32_t offset, uint32_t n) {
  for (uint32_t unit = offset / UnitBytes; unit <= (offset + n - 1) / UnitBytes;
       ++unit)
    if (layout.reserved[unit])
      return true;
  return false;
}

bool may_write(int thread, uint32_t phase, uint32_t offset, uint32_t n) {
  if (reserved(offset, n))
    return false;
  for (uint32_t i = 0; i < n; ++i)
    if (owner(phase, offset + i) != thread)
      return false;
  return true;
}

bool may_read_byte(int thread, uint32_t phase, uint32_t offset) {
  if (layout.reserved[offset / UnitBytes])
    return false;
  const int who = owner(phase, offset);
  return who == ReadOnly || who == thread;
}

bool may_read(int thread, uint32_t phase, uint32_t offset, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    if (!may_read_byte(thread, phase, offset + i))
      return false;
  return true;
}

// Mostly in a few blocks that all use, often at a border of two of them.
uint32_t pick_offset(Random &random, uint32_t n) {
  const uint32_t blocks = round_.arena_bytes / LOCO_BLOCK_BYTES;
  uint32_t block = random.below(blocks);
  if (random.chance(70))
    block = static_cast<uint32_t>(
        mix(round_.seed, 21, random.below(round_.hot_blocks)) % blocks);
  uint32_t offset = block * LOCO_BLOCK_BYTES + random.below(LOCO_BLOCK_BYTES);
  if (random.chance(12))
    offset = block * LOCO_BLOCK_BYTES + LOCO_BLOCK_BYTES - random.below(n + 1);
  else if (random.chance(60))
    offset -= offset % n;
  return std::min(offset, round_.arena_bytes - n);
}

enum class CounterPhase { Active, Read, Reset };

CounterPhase counter_phase(uint32_t phase, int which) {
  switch (mix(round_.seed, 31 + which, phase) % 5) {
  case 0:
  case 1:
    return CounterPhase::Read;
  case 2:
    return CounterPhase::Reset;
  default:
    return CounterPhase::Active;
  }
}

int counter_resetter(uint32_t phase, int which) {
  return static_cast<int>(mix(round_.seed, 61 + which, phase) % all_threads());
}

bool lock_active(uint32_t phase, int which) {
  return mix(round_.seed, 91 + which, phase) % 3 != 0;
}

// ------------------------------------------------------ data: plain accesses

void note_write(const Context &context, uint32_t offset, const void *data,
                uint32_t n) {
  memcpy(model + offset, data, n);
  for (uint32_t i = 0; i < n; ++i)
    last_write[offset + i] = {static_cast<uint16_t>(context.thread),
                              static_cast<uint16_t>(context.phase)};
}

void check_bytes(const Context &context, uint32_t offset,
                 const unsigned char *got, uint32_t n, const char *how) {
  for (uint32_t i = 0; i < n; ++i)
    if (got[i] != model[offset + i])
      fail(context, round_.arena + offset + i,
           "expected 0x%02x, got 0x%02x (byte %u of %u, %s; last written by "
           "thread %u of node %d in phase %u)",
           model[offset + i], got[i], i, n, how, last_write[offset + i].thread,
           node_of(last_write[offset + i].thread),
           last_write[offset + i].phase);
}

const char *name_of(How how) {
  return how == How::Checked  ? "checked load"
         : how == How::Called ? "called load"
                              : "unchecked load";
}

// `execute` false: only the model is to follow. Both ways the same random
// numbers are taken.
void plain_access(Random &random, const Context &context, bool execute) {
  uint32_t n = 1u << random.below(4);
  const uint32_t offset = pick_offset(random, n);
  const bool write = random.chance(55);
  const bool update = random.chance(20);
  const bool is_volatile =
      random.chance(8) && (round_.features & Volatile) && multi();
  const How how = pick_how(random);
  uint64_t value = random.next();
  char *p = round_.arena + offset;

  if (write) {
    if (!may_write(context.thread, context.phase, offset, n))
      n = 1;
    if (!may_write(context.thread, context.phase, offset, n))
      return;
    if (update) {
      uint64_t old = 0;
      if (execute) {
        load(p, &old, n, how);
        check_bytes(context, offset, reinterpret_cast<unsigned char *>(&old), n,
                    name_of(how));
      }
      memcpy(&old, model + offset, n);
      value += old;
    }
    if (execute) {
      if (is_volatile)
        __loco_volatile_store(p, &value, n);
      else
        store(p, &value, n, how);
    }
    note_write(context, offset, &value, n);
    return;
  }
  if (!execute)
    return;
  if (!may_read(context.thread, context.phase, offset, n))
    n = 1;
  if (!may_read(context.thread, context.phase, offset, n))
    return;
  if (is_volatile)
    __loco_volatile_load(p, &value, n);
  else
    load(p, &value, n, how);
  check_bytes(context, offset, reinterpret_cast<unsigned char *>(&value), n,
              is_volatile ? "volatile load" : name_of(how));
}

void range_access(Random &random, const Context &context, bool execute) {
  const bool write = random.chance(50);
  const uint32_t most = std::min<uint32_t>(
      round_.arena_bytes, random.chance(20) ? 5 * LOCO_BLOCK_BYTES : 600);
  uint32_t n = 1 + random.below(most);
  const uint32_t offset = pick_offset(random, n);
  const uint32_t dice = random.below(8);
  const uint64_t pattern = random.next();
  char *p = round_.arena + offset;
  static thread_local unsigned char buffer[5 * LOCO_BLOCK_BYTES];

  if (write) {
    // As much of it as belongs to this thread.
    uint32_t mine = 0;
    while (mine < n &&
           may_write(context.thread, context.phase, offset + mine, 1))
      ++mine;
    if (mine == 0)
      return;
    n = mine;
    for (uint32_t i = 0; i < n; ++i)
      buffer[i] =
          static_cast<unsigned char>(mix(pattern, i / 8) >> (i % 8 * 8));
    if (execute) {
      if (dice != 0 || !(round_.features & Unchecked))
        __loco_touch(p, n, LOCO_TOUCH_STORE);
      copy(p, buffer, n);
    }
    note_write(context, offset, buffer, n);
    return;
  }
  if (!execute)
    return;
  if (dice == 1)
    __loco_prefetch(p, n);
  if (dice != 0 || !(round_.features & Unchecked))
    __loco_touch(p, n, LOCO_TOUCH_LOAD);
  copy(buffer, p, n);
  for (uint32_t i = 0; i < n; ++i)
    if (may_read_byte(context.thread, context.phase, offset + i))
      check_bytes(context, offset + i, buffer + i, 1,
                  dice ? "touched range" : "unchecked range");
}

// ---------------------------------------------------------------- counters

void check_counter(Random &random, const Context &context, int which) {
  char *p = round_.arena + layout.counter[which];
  const int n = CounterBytes[which];
  const Wide expected = counter_bits(which);
  Wide got = 0;
  const char *how = "plain load";
  if (random.chance(50)) {
    how = "atomic load";
    const int order = random.chance(50) ? __ATOMIC_RELAXED : __ATOMIC_ACQUIRE;
    switch (n) {
    case 1:
      got = atomic_load(reinterpret_cast<uint8_t *>(p), order);
      break;
    case 2:
      got = atomic_load(reinterpret_cast<uint16_t *>(p), order);
      break;
    case 4:
      got = atomic_load(reinterpret_cast<uint32_t *>(p), order);
      break;
    case 8:
      got = atomic_load(reinterpret_cast<uint64_t *>(p), order);
      break;
    default:
      got = atomic_load(reinterpret_cast<Wide *>(p), order);
    }
  } else {
    load(p, &got, n, pick_how(random));
  }
  if (got != expected)
    fail(context, p,
         "atomic %d of %d bytes: expected 0x%llx%016llx, got 0x%llx%016llx "
         "(%s)",
         which, n, static_cast<unsigned long long>(expected >> 64),
         static_cast<unsigned long long>(expected),
         static_cast<unsigned long long>(got >> 64),
         static_cast<unsigned long long>(got), how);
}

struct CounterDelta {
  int which;
  uint64_t value;
};

// Taken from the random numbers alike when executed and when replayed.
bool pick_counter(Random &random, const Context &context, CounterDelta &delta,
                  int &order) {
  delta.which = static_cast<int>(random.below(CounterCount));
  delta.value = random.next() & 0xffffff;
  order = Orders[random.below(3)];
  return counter_phase(context.phase, delta.which) == CounterPhase::Active;
}

// A plain store to an atomic while nobody else uses it. The other nodes follow
// in their models after the phase.
void reset_counters(const Context &context) {
  for (int which = 0; which < CounterCount; ++which) {
    if (counter_phase(context.phase, which) != CounterPhase::Reset ||
        counter_resetter(context.phase, which) != context.thread)
      continue;
    const Wide zero = 0;
    store(round_.arena + layout.counter[which], &zero, CounterBytes[which],
          How::Checked);
  }
}

void check_counters(Random &random, const Context &context) {
  for (int which = 0; which < CounterCount; ++which)
    if (counter_phase(context.phase, which) == CounterPhase::Read)
      check_counter(random, context, which);
}

// ------------------------------------------------------------------- locks

struct Record {
  uint64_t count;
  uint64_t sum;
  unsigned char tail[80]; // a function of count
  uint64_t check;         // of all before
};
static_assert(sizeof(Record) <= 2 * UnitBytes);

unsigned char tail_byte(uint64_t count, size_t i) {
  return static_cast<unsigned char>(mix(count, i));
}

void check_record(const Context &context, int which, const Record &record,
                  const char *when) {
  const void *p = round_.arena + layout.record[which];
  if (record.check != mix(record.count, record.sum))
    fail(context, p,
         "record %d %s: count %llu and sum %llu do not fit each other", which,
         when, static_cast<unsigned long long>(record.count),
         static_cast<unsigned long long>(record.sum));
  for (size_t i = 0; i < sizeof record.tail; ++i)
    if (record.tail[i] != tail_byte(record.count, i))
      fail(context, p, "record %d %s: byte %zu: expected 0x%02x, got 0x%02x",
           which, when, i, tail_byte(record.count, i), record.tail[i]);
}

void lock(int which, bool by_trying) {
  void *p = round_.arena + layout.lock[which];
  if (!multi()) {
    pthread_mutex_lock(&one_node_locks[which]);
  } else if (by_trying) {
    for (unsigned spins = 0; !__loco_lock_try(p);)
      __loco_omp_wait_step(&spins);
  } else {
    __loco_lock_acquire(p);
  }
}

void unlock(int which) {
  if (multi())
    __loco_lock_release(round_.arena + layout.lock[which]);
  else
    pthread_mutex_unlock(&one_node_locks[which]);
}

struct LockUse {
  int which;
  uint64_t value;
};

bool pick_lock(Random &random, const Context &context, LockUse &use, How &how,
               bool &by_trying) {
  use.which = static_cast<int>(random.below(LockCount));
  use.value = random.next();
  how = pick_how(random);
  by_trying = random.chance(15);
  return lock_active(context.phase, use.which);
}

void use_lock(const Context &context, const LockUse &use, How how,
              bool by_trying) {
  char *p = round_.arena + layout.record[use.which];
  lock(use.which, by_trying);
  if (multi() && !__loco_lock_is_held(round_.arena + layout.lock[use.which]))
    fail(context, round_.arena + layout.lock[use.which],
         "lock %d is not held by its holder", use.which);
  Record record;
  load(p, &record, sizeof record, how);
  check_record(context, use.which, record, "in its lock");
  ++record.count;
  record.sum += use.value;
  record.check = mix(record.count, record.sum);
  for (size_t i = 0; i < sizeof record.tail; ++i)
    record.tail[i] = tail_byte(record.count, i);
  store(p, &record, sizeof record, how);
  unlock(use.which);
}

void check_records(Random &random, const Context &context) {
  for (int which = 0; which < LockCount; ++which) {
    if (lock_active(context.phase, which))
      continue;
    Record record;
    const char *p = round_.arena + layout.record[which];
    load(p, &record, sizeof record, pick_how(random));
    check_record(context, which, record, "at rest");
    if (record.count != record_count_model[which] ||
        record.sum != record_sum_model[which])
      fail(context, p,
           "record %d at rest: expected count %llu, sum %llu; got %llu, %llu",
           which, static_cast<unsigned long long>(record_count_model[which]),
           static_cast<unsigned long long>(record_sum_model[which]),
           static_cast<unsigned long long>(record.count),
           static_cast<unsigned long long>(record.sum));
  }
}

// --------------------------------------------------------------- mailboxes
//
// A thread writes its box by plain stores, then releases its flag; its
// neighbours wait for the flag, then read the box.

uint64_t letter_word(int thread, uint32_t phase, int i) {
  return mix(round_.seed ^ 0x6d61696c, thread * 1000 + phase, i);
}

void send_letter(Random &random, const Context &context) {
  char *box = round_.arena + layout.mailbox[context.thread];
  for (int i = 0; i < 8; ++i)
    store(box + i * 8, letter_word(context.thread, context.phase, i),
          pick_how(random));
  atomic_store(reinterpret_cast<uint32_t *>(
                   round_.arena + layout.mailbox_flag[context.thread]),
               context.phase + 1, __ATOMIC_RELEASE);
}

void receive_letter(Random &random, const Context &context) {
  const int sender = static_cast<int>(
      (context.thread + 1 + random.below(all_threads())) % all_threads());
  const auto *flag = reinterpret_cast<const uint32_t *>(
      round_.arena + layout.mailbox_flag[sender]);
  for (unsigned spins = 0;
       atomic_load(flag, __ATOMIC_ACQUIRE) != context.phase + 1;) {
    if (multi())
      __loco_omp_wait_step(&spins);
    else
      sched_yield();
  }
  const char *box = round_.arena + layout.mailbox[sender];
  for (int i = 0; i < 8; ++i) {
    const uint64_t got = load<uint64_t>(box + i * 8, pick_how(random));
    const uint64_t expected = letter_word(sender, context.phase, i);
    if (got != expected)
      fail(context, box + i * 8,
           "letter from thread %d of node %d: word %d: expected 0x%llx, got "
           "0x%llx",
           sender, node_of(sender), i,
           static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

// ------------------------------------------------------------------ guards

void use_guards(Random &random, const Context &context) {
  for (int which = 0; which < GuardCount; ++which) {
    // All threads together, in one phase.
    if (mix(round_.seed, 121, which) % round_.phases != context.phase)
      continue;
    auto *guard =
        reinterpret_cast<uint64_t *>(round_.arena + layout.guard[which]);
    char *p = round_.arena + layout.guarded[which];
    const uint64_t expected = mix(round_.seed, 122, which);
    if (__loco_guard_acquire(guard)) {
      const uint64_t before = load<uint64_t>(p, How::Checked);
      if (before != 0)
        fail(context, p, "guard %d was entered twice", which);
      store(p, expected, pick_how(random));
      __loco_guard_release(guard);
    }
    const uint64_t got = load<uint64_t>(p, pick_how(random));
    if (got != expected)
      fail(context, p, "guarded value %d: expected 0x%llx, got 0x%llx", which,
           static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

// -------------------------------------------------------------------- heap
//
// An object is made in one phase, changed in the next, freed in the third, by
// threads chosen at random.

struct HeapPlan {
  uint32_t bytes;
  uint32_t kind;
  uint64_t pattern;
  int worker; // of this phase
};

HeapPlan heap_plan(uint32_t phase, int slot) {
  const uint64_t life = mix(round_.seed, 131 + slot, phase / 3);
  HeapPlan plan;
  static constexpr uint32_t Sizes[] = {8, 100, 4096, 9000, 70000, 300000};
  plan.bytes =
      1 + static_cast<uint32_t>((life >> 8) % Sizes[life % std::size(Sizes)]);
  plan.kind = static_cast<uint32_t>((life >> 40) % 4);
  plan.pattern = life;
  plan.worker = static_cast<int>(mix(life, phase) % all_threads());
  return plan;
}

// The pattern of bytes i to i + 7 of an object; pattern 0 is all zeros.
uint64_t heap_word(uint64_t pattern, uint32_t i) {
  return pattern ? mix(pattern, i) : 0;
}

void fill_object(char *p, uint32_t bytes, uint64_t pattern) {
  __loco_touch(p, bytes, LOCO_TOUCH_STORE);
  for (uint32_t i = 0; i < bytes; i += 8) {
    const uint64_t word = heap_word(pattern, i);
    copy(p + i, &word, std::min<uint32_t>(8, bytes - i));
  }
}

void check_object(const Context &context, const char *p, uint32_t bytes,
                  uint64_t pattern, const char *what) {
  __loco_touch(p, bytes, LOCO_TOUCH_LOAD);
  for (uint32_t i = 0; i < bytes; i += 8) {
    const uint32_t n = std::min<uint32_t>(8, bytes - i);
    const uint64_t expected = heap_word(pattern, i);
    uint64_t got = expected;
    copy(&got, p + i, n);
    if (got != expected)
      fail(context, p + i,
           "%s of %u bytes: bytes %u to %u: expected 0x%llx, got 0x%llx", what,
           bytes, i, i + n - 1, static_cast<unsigned long long>(expected),
           static_cast<unsigned long long>(got));
  }
}

void use_heap(const Context &context) {
  // The life of an object must fit into the round.
  if (context.phase / 3 * 3 + 3 > round_.phases)
    return;
  for (int slot = 0; slot < HeapSlotCount; ++slot) {
    const HeapPlan plan = heap_plan(context.phase, slot);
    if (plan.worker != context.thread)
      continue;
    char *where = round_.arena + layout.heap_pointer[slot];
    if (context.phase % 3 == 0) {
      void *p = nullptr;
      switch (plan.kind) {
      case 0:
        p = __loco_malloc(plan.bytes);
        break;
      case 1:
        p = __loco_calloc(1, plan.bytes);
        if (p)
          check_object(context, static_cast<char *>(p), plan.bytes, 0,
                       "zeroed object");
        break;
      case 2:
        if (__loco_posix_memalign(&p, 256, plan.bytes) != 0)
          p = nullptr;
        break;
      default:
        p = __loco_new(plan.bytes);
      }
      if (!p)
        fail(context, nullptr, "no memory for %u bytes", plan.bytes);
      if (plan.kind == 2 && reinterpret_cast<uintptr_t>(p) % 256 != 0)
        fail(context, p, "not aligned to 256");
      fill_object(static_cast<char *>(p), plan.bytes, plan.pattern);
      store(where, p, How::Checked);
      continue;
    }
    char *p = load<char *>(where, How::Checked);
    if (context.phase % 3 == 1) {
      check_object(context, p, plan.bytes, plan.pattern, "new object");
      if (plan.kind == 0) { // grows by half, keeping what it has
        p = static_cast<char *>(__loco_realloc(p, plan.bytes + plan.bytes / 2));
        if (!p)
          fail(context, nullptr, "no memory for %u bytes", plan.bytes);
        check_object(context, p, plan.bytes, plan.pattern, "regrown object");
        store(where, p, How::Checked);
      }
      fill_object(p, plan.bytes, ~plan.pattern);
    } else {
      check_object(context, p, plan.bytes, ~plan.pattern, "changed object");
      if (plan.kind == 3)
        __loco_delete(p);
      else
        __loco_free(p);
    }
  }
}

// ------------------------------------------------------------------ stacks
//
// In even phases a thread fills a box on its own stack, by stores that nobody
// checks; in odd ones another thread reads and changes it; then the owner
// looks.

constexpr int StackBoxBytes = 256;

int stack_visitor(uint32_t phase, int thread) {
  return static_cast<int>(
      (thread + 1 + mix(round_.seed, 141, phase) % all_threads()) %
      all_threads());
}

unsigned char stack_byte(uint32_t phase, int thread, int i) {
  return static_cast<unsigned char>(
      mix(round_.seed ^ phase, static_cast<uint64_t>(thread), i));
}

void check_stack(const Context &context, const char *box, int thread,
                 uint32_t phase, const char *whose) {
  for (int i = 0; i < StackBoxBytes; ++i)
    if (static_cast<unsigned char>(box[i]) != stack_byte(phase, thread, i))
      fail(context, box + i,
           "stack of thread %d of node %d, %s: byte %d: expected 0x%02x, got "
           "0x%02x",
           thread, node_of(thread), whose, i, stack_byte(phase, thread, i),
           static_cast<unsigned char>(box[i]));
}

void use_stacks(Random &random, const Context &context) {
  if (context.phase % 2 == 0) {
    if (context.phase > 0)
      check_stack(context, context.stack_box, context.thread, context.phase - 1,
                  "read by itself");
    for (int i = 0; i < StackBoxBytes; ++i)
      context.stack_box[i] =
          static_cast<char>(stack_byte(context.phase, context.thread, i));
    compiler_barrier();
    store(round_.arena + layout.stack_pointer[context.thread],
          context.stack_box, How::Checked);
    return;
  }
  for (int thread = 0; thread < all_threads(); ++thread) {
    if (stack_visitor(context.phase, thread) != context.thread)
      continue;
    char *box =
        load<char *>(round_.arena + layout.stack_pointer[thread], How::Checked);
    char seen[StackBoxBytes];
    load(box, seen, sizeof seen, pick_how(random));
    check_stack(context, seen, thread, context.phase - 1, "read by a visitor");
    for (int i = 0; i < StackBoxBytes; ++i)
      seen[i] = static_cast<char>(stack_byte(context.phase, thread, i));
    store(box, seen, sizeof seen, pick_how(random));
  }
}

// ------------------------------------------------------------------ phases

// A thread's part of a phase that both execution and replay go through: all
// that changes the model.
void run_operations(Random &random, const Context &context, bool execute,
                    bool follow_data) {
  Wide counters[CounterCount] = {};
  uint64_t record_counts[LockCount] = {};
  uint64_t record_sums[LockCount] = {};
  bool counted = false;
  for (uint32_t i = 0; i < round_.ops; ++i) {
    const uint32_t dice = random.below(100);
    Random op(random.next());
    if (dice < 74) {
      if ((round_.features & Plain) && (execute || follow_data))
        plain_access(op, context, execute);
    } else if (dice < 82) {
      if ((round_.features & Touch) && (execute || follow_data))
        range_access(op, context, execute);
    } else if (dice < 90) {
      CounterDelta delta;
      int order;
      if (!(round_.features & Atomics) ||
          !pick_counter(op, context, delta, order))
        continue;
      if (execute) {
        count(delta.which, delta.value, order);
      } else {
        counters[delta.which] =
            model_count(delta.which, counters[delta.which], delta.value);
        counted = true;
      }
    } else if (dice < 94) {
      LockUse use;
      How how;
      bool by_trying;
      if (!(round_.features & Locks) ||
          !pick_lock(op, context, use, how, by_trying))
        continue;
      if (execute) {
        use_lock(context, use, how, by_trying);
      } else {
        ++record_counts[use.which];
        record_sums[use.which] += use.value;
        counted = true;
      }
    } else if (execute) {
      if (dice < 96 && (round_.features & Atomics))
        check_counters(op, context);
      else if (dice < 98 && (round_.features & Locks))
        check_records(op, context);
      else if (dice < 99 && (round_.features & Sync))
        __loco_release();
      else if (round_.features & Sync)
        __loco_acquire();
    }
  }
  if (!counted)
    return;
  pthread_mutex_lock(&model_mutex);
  for (int which = 0; which < CounterCount; ++which) {
    const int bits = CounterBytes[which] * 8;
    Wide &value = counter_model[which];
    if (which == Or8)
      value |= counters[which];
    else if (which == Xor2)
      value ^= counters[which];
    else if (which == UMax4)
      value = std::max(value, counters[which]);
    else
      value += counters[which];
    if (bits < 128)
      value &= (Wide(1) << bits) - 1;
  }
  for (int which = 0; which < LockCount; ++which) {
    record_count_model[which] += record_counts[which];
    record_sum_model[which] += record_sums[which];
  }
  pthread_mutex_unlock(&model_mutex);
}

uint64_t thread_seed(const Context &context) {
  return mix(round_.seed, 151 + context.thread, context.phase);
}

void execute_phase(const Context &context) {
  Random random(thread_seed(context));
  Random extra(thread_seed(context) ^ 0x5eed);
  if (round_.features & Mailboxes)
    send_letter(extra, context);
  if (round_.features & Atomics)
    reset_counters(context);
  if (round_.features & Stacks)
    use_stacks(extra, context);
  if (round_.features & Guards)
    use_guards(extra, context);
  if (round_.features & Heap)
    use_heap(context);
  run_operations(random, context, true, true);
  if (round_.features & Mailboxes)
    receive_letter(extra, context);
}

// After the phase: what the threads of the other nodes did to the data, and all
// threads to counters and records. The node's threads divide it among them.
void replay_phase(const Context &context) {
  for (int thread = 0; thread < all_threads(); ++thread) {
    if (thread % round_.threads != context.thread % round_.threads)
      continue;
    Context other = context;
    other.thread = thread;
    Random random(thread_seed(other));
    run_operations(random, other, false,
                   node_of(thread) != node_of(context.thread));
  }
  if (context.thread % round_.threads == 0 && (round_.features & Atomics)) {
    pthread_mutex_lock(&model_mutex);
    for (int which = 0; which < CounterCount; ++which)
      if (counter_phase(context.phase, which) == CounterPhase::Reset)
        counter_model[which] = 0;
    pthread_mutex_unlock(&model_mutex);
  }
}

void local_wait() { pthread_barrier_wait(&local_barrier); }

// All threads of all nodes.
void global_wait(const Context &context) {
  local_wait();
  if (context.thread % round_.threads == 0 && round_.nodes > 1)
    __loco_omp_barrier(round_.nodes);
  local_wait();
}

void check_whole_arena(const Context &context) {
  // The threads of a node share the work; every node looks at all of it.
  const uint32_t share = round_.arena_bytes / round_.threads + 1;
  const uint32_t begin = context.thread % round_.threads * share;
  const uint32_t end = std::min(begin + share, round_.arena_bytes);
  for (uint32_t offset = begin; offset < end; ++offset) {
    if (layout.reserved[offset / UnitBytes])
      continue;
    const auto got = load<unsigned char>(round_.arena + offset, How::Checked);
    check_bytes(context, offset, &got, 1, "at the end");
  }
}

void run_thread(int local_thread) {
  char stack_box[StackBoxBytes];
  asm volatile("" : : "r"(stack_box) : "memory");
  Context context;
  context.thread = __loco_omp_node() * round_.threads + local_thread;
  context.stack_box = stack_box;
  for (context.phase = 0; context.phase < round_.phases; ++context.phase) {
    execute_phase(context);
    global_wait(context);
    replay_phase(context);
    local_wait();
  }
  check_whole_arena(context);
  global_wait(context);
}

// ------------------------------------------------------------------ rounds

void make_layout() {
  memset(&layout, 0, sizeof layout);
  Random random(mix(round_.seed, 171));
  const uint32_t blocks = round_.arena_bytes / LOCO_BLOCK_BYTES;
  const uint32_t units_of_block = LOCO_BLOCK_BYTES / UnitBytes;
  auto place = [&](uint32_t units, bool at_border) {
    for (;;) {
      uint32_t unit = random.below(blocks * units_of_block - units);
      if (random.chance(60)) // where the other traffic is
        unit = static_cast<uint32_t>(
                   mix(round_.seed, 21, random.below(round_.hot_blocks)) %
                   blocks) *
                   units_of_block +
               random.below(units_of_block - units);
      if (at_border && blocks > 1)
        unit = (1 + random.below(blocks - 1)) * units_of_block - 1;
      bool free = true;
      for (uint32_t i = 0; i < units; ++i)
        free = free && !layout.reserved[unit + i];
      if (!free)
        continue;
      for (uint32_t i = 0; i < units; ++i)
        layout.reserved[unit + i] = true;
      return unit * UnitBytes;
    }
  };
  for (uint32_t &offset : layout.counter)
    offset = place(1, false) + 16 * random.below(4);
  for (uint32_t &offset : layout.lock)
    offset = place(1, false) + 8 * random.below(8);
  for (uint32_t &offset : layout.record)
    offset = place(2, random.chance(30)) + 8 * random.below(2);
  for (int thread = 0; thread < all_threads(); ++thread) {
    layout.mailbox[thread] = place(1, false);
    layout.mailbox_flag[thread] = place(1, false) + 4 * random.below(16);
    layout.stack_pointer[thread] = place(1, false);
  }
  for (uint32_t &offset : layout.guard)
    offset = place(1, false);
  for (uint32_t &offset : layout.guarded)
    offset = place(1, false);
  for (uint32_t &offset : layout.heap_pointer)
    offset = place(1, false) + 8 * random.below(8);
}

void *thread_main(void *argument) {
  run_thread(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  return nullptr;
}

// On every node: one round.
void run_round(const void *descriptor, size_t) {
  memcpy(&round_, descriptor, sizeof round_);
  make_layout();
  memset(model, 0, round_.arena_bytes);
  memset(last_write, 0, round_.arena_bytes * sizeof last_write[0]);
  memset(counter_model, 0, sizeof counter_model);
  for (int which = 0; which < LockCount; ++which) {
    record_count_model[which] = record_sum_model[which] = 0;
    pthread_mutex_init(&one_node_locks[which], nullptr);
  }
  pthread_barrier_init(&local_barrier, nullptr, round_.threads);
  pthread_t threads[MaxThreads];
  for (int i = 1; i < round_.threads; ++i)
    if (int error = pthread_create(
            &threads[i], nullptr, thread_main,
            reinterpret_cast<void *>(static_cast<intptr_t>(i)))) {
      dprintf(STDERR_FILENO, "coherence-stress: pthread_create: %s\n",
              strerror(error));
      exit(1);
    }
  run_thread(0);
  for (int i = 1; i < round_.threads; ++i)
    pthread_join(threads[i], nullptr);
  pthread_barrier_destroy(&local_barrier);
}

// Runs on every node before main: workers wait for rounds, not in main.
__attribute__((constructor)) void install() {
  if (__loco_omp_num_nodes() > 1)
    __loco_omp_set_span_handler(run_round);
}

struct Options {
  uint64_t seed = 0;
  uint32_t first_round = 0;
  uint32_t rounds = 1000;
  int threads = 2;
  uint32_t features = ~0u;
};

Round make_round(const Options &options, uint32_t number) {
  Round round{};
  round.user_seed = options.seed;
  round.seed = mix(options.seed, number);
  round.number = number;
  round.features = options.features;
  Random random(mix(round.seed, 181));
  static constexpr uint32_t Blocks[] = {8, 16, 17, 33, 64, 128};
  round.arena_bytes =
      Blocks[random.below(std::size(Blocks))] * LOCO_BLOCK_BYTES;
  round.phases = 3 + random.below(7);
  static constexpr uint32_t Ops[] = {20, 60, 150, 400};
  round.ops = Ops[random.below(std::size(Ops))];
  round.sticky_phases = 1 + random.below(4);
  round.hot_blocks = 4 + random.below(3);
  round.nodes = __loco_omp_num_nodes();
  round.threads = random.chance(15) ? 1 : options.threads;
  return round;
}

// The arena of a round, on node 0; what its memory held before must not show.
char *make_arena(const Round &round) {
  void *p = nullptr;
  if (mix(round.seed, 191) % 2 == 0)
    p = __loco_aligned_alloc(LOCO_BLOCK_BYTES, round.arena_bytes);
  else if (__loco_posix_memalign(&p, 64, round.arena_bytes) != 0)
    p = nullptr;
  if (!p) {
    fputs("coherence-stress: no memory for the arena\n", stderr);
    exit(1);
  }
  __loco_touch(p, round.arena_bytes, LOCO_TOUCH_STORE);
  memset(p, 0, round.arena_bytes);

  round_ = round;
  make_layout();
  Record record{};
  record.check = mix(record.count, record.sum);
  for (size_t i = 0; i < sizeof record.tail; ++i)
    record.tail[i] = tail_byte(record.count, i);
  for (uint32_t offset : layout.record)
    store(static_cast<char *>(p) + offset, record, How::Checked);
  return static_cast<char *>(p);
}

void usage(FILE *out) {
  fputs("usage: coherence-stress [options]\n"
        "Random data-race-free programs on LOCO memory, checked by a model.\n"
        "  --seed S         of the whole run (the clock)\n"
        "  --rounds R       programs to run (1000)\n"
        "  --first-round R  number of the first (0)\n"
        "  --threads T      threads of each node (2)\n"
        "  --without LIST   leave out, by commas: plain, unchecked, touch,\n"
        "                   atomics, locks, mailboxes, guards, heap, stacks,\n"
        "                   volatile, sync\n"
        "  --verbose        a line for every round\n",
        out);
}

uint32_t parse_features(char *list) {
  uint32_t left_out = 0;
  for (char *word = strtok(list, ","); word; word = strtok(nullptr, ",")) {
    uint32_t bit = 0;
    for (const FeatureName &feature : Features)
      if (strcmp(word, feature.name) == 0)
        bit = feature.bit;
    if (bit == 0) {
      fprintf(stderr, "coherence-stress: nothing is called '%s'\n", word);
      exit(2);
    }
    left_out |= bit;
  }
  return ~left_out;
}

Options parse_options(int argc, char **argv) {
  static const option LongOptions[] = {
      {"seed", required_argument, nullptr, 's'},
      {"rounds", required_argument, nullptr, 'r'},
      {"first-round", required_argument, nullptr, 'f'},
      {"threads", required_argument, nullptr, 't'},
      {"without", required_argument, nullptr, 'w'},
      {"verbose", no_argument, nullptr, 'v'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  Options options;
  options.seed = static_cast<uint64_t>(time(nullptr));
  for (int c; (c = getopt_long(argc, argv, "", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 's':
      options.seed = strtoull(optarg, nullptr, 0);
      break;
    case 'r':
      options.rounds = static_cast<uint32_t>(strtoul(optarg, nullptr, 0));
      break;
    case 'f':
      options.first_round = static_cast<uint32_t>(strtoul(optarg, nullptr, 0));
      break;
    case 't':
      options.threads = atoi(optarg);
      break;
    case 'w':
      options.features = parse_features(optarg);
      break;
    case 'v':
      verbose = true;
      break;
    case 'h':
      usage(stdout);
      exit(0);
    default:
      usage(stderr);
      exit(2);
    }
  }
  const int nodes = __loco_omp_num_nodes();
  if (optind != argc || options.threads < 1 || nodes > MaxNodes ||
      nodes * options.threads > MaxThreads) {
    usage(stderr);
    exit(2);
  }
  return options;
}

} // namespace

int main(int argc, char **argv) {
  const Options options = parse_options(argc, argv);
  const int nodes = __loco_omp_num_nodes();
  printf("coherence-stress: seed %llu, %u rounds, %d nodes of %d threads\n",
         static_cast<unsigned long long>(options.seed), options.rounds, nodes,
         options.threads);
  fflush(stdout);
  for (uint32_t i = 0; i < options.rounds; ++i) {
    Round round = make_round(options, options.first_round + i);
    round.arena = make_arena(round);
    if (verbose) {
      printf("round %u: %u blocks, %u phases, %u operations, %d threads\n",
             round.number, round.arena_bytes / LOCO_BLOCK_BYTES, round.phases,
             round.ops, round.threads);
      fflush(stdout);
    }
    if (nodes > 1)
      __loco_omp_start_span(nodes, &round, sizeof round);
    run_round(&round, sizeof round);
    __loco_free(round.arena);
  }
  printf("coherence-stress: all %u rounds right\n", options.rounds);
  return 0;
}
