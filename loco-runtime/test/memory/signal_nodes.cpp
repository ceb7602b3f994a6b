// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signal_nodes.cpp - M20: a signal's handler uses shared memory while the
// thread that it interrupts may be anywhere in the protocol: it holds the lock
// of the very block that the handler wants, or is inside the gate that is about
// to close, or releases. A timer ticks on each node; with LOCO_MIGRATION=always
// homes move all the time.
#include "spmd.h"

#include <csignal>
#include <pthread.h>
#include <sys/time.h>

namespace {

constexpr int Laps = 150;
constexpr int Blocks = 48; // three extents
constexpr int MaxNodes = 4;
constexpr int Words = LOCO_BLOCK_BYTES / 8;

struct Shared {
  // By node, in every block: what its thread stores, and what its handler does.
  std::uint64_t blocks[Blocks][Words];
  std::uint64_t ticks[MaxNodes];
};

Shared *shared = nullptr;
thread_local int next_block = 0;

std::uint64_t &word_of_thread(int block, int node) {
  return shared->blocks[block][node];
}

// As compiled code does.
void store(std::uint64_t *p, std::uint64_t value) {
  if (__loco_is_local(p) == 0)
    __loco_load(p, sizeof *p);
  __loco_store(p, sizeof *p);
  *const_cast<volatile std::uint64_t *>(p) = value;
}

// Once: a handler that takes longer than the interval must not stop the
// program.
void tick(int microseconds) {
  itimerval soon{{0, 0}, {0, microseconds}};
  CHECK(setitimer(ITIMER_REAL, &soon, nullptr) == 0);
}

volatile sig_atomic_t ticking = 1; // of this node

void on_tick(int signal, siginfo_t *info, void *) {
  CHECK(signal == SIGALRM);
  CHECK(info->si_signo == SIGALRM);
  const int node = __loco_node();
  // Another block each time, of those that the threads use.
  next_block = (next_block + 5) % Blocks;
  std::uint64_t *word = &shared->blocks[next_block][64 + node];
  store(word, 1);
  std::uint64_t count;
  __loco_volatile_load(&shared->ticks[node], &count, sizeof count);
  ++count;
  __loco_volatile_store(&shared->ticks[node], &count, sizeof count);
  __loco_fence(__ATOMIC_SEQ_CST);
  if (ticking)
    tick(150);
}

void work(void *argument) {
  shared = static_cast<Shared *>(argument);
  struct sigaction action {};
  action.sa_sigaction = on_tick;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  CHECK(sigaction(SIGALRM, &action, nullptr) == 0);
  struct sigaction told {};
  CHECK(sigaction(SIGALRM, nullptr, &told) == 0);
  CHECK(told.sa_sigaction == on_tick);
  CHECK(told.sa_flags & SA_SIGINFO);
  const int node = __loco_node();
  tick(150);
  for (std::uint64_t lap = 1; lap <= Laps; ++lap) {
    for (int b = 0; b < Blocks; ++b)
      store(&word_of_thread(b, node), lap);
    if (lap % 3 == 0)
      spmd::barrier();
    else
      __loco_fence(__ATOMIC_SEQ_CST);
    for (int b = 0; b < Blocks; ++b)
      CHECK(word_of_thread(b, node) == lap);
  }
  ticking = 0;
  tick(0);
  spmd::barrier();
  for (int b = 0; b < Blocks; ++b)
    for (int n = 0; n < __loco_num_nodes(); ++n)
      CHECK(word_of_thread(b, n) == Laps);
  std::uint64_t count;
  __loco_volatile_load(&shared->ticks[node], &count, sizeof count);
  CHECK(count > 0);
  CHECK(signal(SIGALRM, SIG_DFL) != SIG_ERR);
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, LOCO_BLOCK_BYTES, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(work, memory);
  std::puts("right");
}
