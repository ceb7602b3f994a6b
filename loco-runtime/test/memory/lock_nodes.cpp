// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lock_nodes.cpp - M19: locks that several threads of each node want.
//   lock_nodes            what was written before a lock was given back is seen
//                         by all who have it later, also where it went through
//                         other threads of a node; it goes from thread to
//                         thread of a node, and yet no node is left waiting
//   lock_nodes not-taken  gives a lock back that it has not taken: an error
#include "memory/space/layout.h"
#include "spmd.h"

#include <atomic>
#include <pthread.h>
#include <unistd.h>

namespace {

constexpr int MaxNodes = 4;
constexpr int Threads = 3;
constexpr int Laps = 300;

struct Shared {
  std::uint64_t lock;
  std::uint64_t turns;                   // under the lock
  std::uint32_t told[MaxNodes][Threads]; // under the lock: laps of each thread
  char pad[LOCO_BLOCK_BYTES];
  // Written by the thread alone before it takes the lock, without the lock.
  std::uint32_t laps[MaxNodes][Threads];
  char more_pad[LOCO_BLOCK_BYTES];
  std::uint64_t wanted;      // a lock that node 0 hands around
  std::uint64_t other_nodes; // under it: which of them have had it
  std::uint64_t kept; // under it: turns of node 0 in a row while they waited
};

struct Worker {
  Shared *shared;
  int node, thread;
};

void see_all(Shared *s) {
  for (int n = 0; n < __loco_num_nodes(); ++n)
    for (int t = 0; t < Threads; ++t)
      CHECK(s->laps[n][t] >= s->told[n][t]);
}

void *take_turns(void *argument) {
  auto *w = static_cast<Worker *>(argument);
  Shared *s = w->shared;
  for (std::uint32_t lap = 1; lap <= Laps; ++lap) {
    s->laps[w->node][w->thread] = lap;
    if (lap % 5 == 0)
      while (!__loco_lock_try(&s->lock))
        sched_yield();
    else
      __loco_lock_acquire(&s->lock);
    ++s->turns;
    s->told[w->node][w->thread] = lap;
    see_all(s);
    if (lap % 16 == 0)
      usleep(50); // others queue up
    __loco_lock_release(&s->lock);
  }
  return nullptr;
}

/// Whether another node waits for a lock that this node holds. It names its
/// record, a queue lock, whose low half names the first that waits.
bool others_want(const std::uint64_t *lock) {
  const std::uint64_t offset = *lock & ((std::uint64_t{1} << 48) - 1);
  std::uint64_t word;
  __loco_volatile_load(
      reinterpret_cast<const void *>(loco::memory::WindowBase + offset), &word,
      sizeof word);
  return static_cast<std::uint32_t>(word) != 0;
}

std::atomic<int> in_line{0}; // of this node

// Node 0's threads take it so often that one of them always waits; the others
// want it once.
void *want(void *argument) {
  auto *w = static_cast<Worker *>(argument);
  Shared *s = w->shared;
  const std::uint64_t all = (std::uint64_t{1} << __loco_num_nodes()) - 2;
  for (bool done = false; !done;) {
    ++in_line;
    __loco_lock_acquire(&s->wanted);
    --in_line;
    if (w->node != 0) {
      s->other_nodes |= std::uint64_t{1} << w->node;
      s->kept = 0;
    } else {
      s->kept = others_want(&s->wanted) ? s->kept + 1 : 0;
      CHECK(s->kept <= 40);
    }
    done = w->node != 0 || s->other_nodes == all;
    for (int i = 0; !done && in_line == 0 && i < 1000; ++i)
      usleep(20);
    if (!done)
      usleep(200); // who is in line does wait
    __loco_lock_release(&s->wanted);
  }
  return nullptr;
}

void run_threads(Shared *shared, int count, void *(*what)(void *)) {
  Worker workers[Threads];
  pthread_t threads[Threads];
  for (int t = 0; t < count; ++t) {
    workers[t] = {shared, __loco_node(), t};
    CHECK(pthread_create(&threads[t], nullptr, what, &workers[t]) == 0);
  }
  for (int t = 0; t < count; ++t)
    CHECK(pthread_join(threads[t], nullptr) == 0);
}

void work(void *argument) {
  auto *s = static_cast<Shared *>(argument);
  const std::int64_t releases = __loco_counter("releases");
  run_threads(s, Threads, take_turns);
  const std::int64_t handed_over = __loco_counter("locks_handed_over");
  const std::int64_t taken = __loco_counter("locks_taken");
  // What was handed over has cost no release.
  CHECK(handed_over > 0);
  CHECK(handed_over + taken == Threads * Laps);
  CHECK(__loco_counter("releases") - releases < Threads * Laps);
  spmd::barrier();
  see_all(s);
  CHECK(s->turns ==
        static_cast<std::uint64_t>(__loco_num_nodes()) * Threads * Laps);
  CHECK(!__loco_lock_is_held(&s->lock));
  for (int round = 0; round < 4; ++round) {
    if (__loco_node() == 0)
      s->other_nodes = s->kept = 0;
    spmd::barrier();
    run_threads(s, __loco_node() == 0 ? Threads : 1, want);
    spmd::barrier();
  }
}

} // namespace

int main(int argc, char **argv) {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, LOCO_BLOCK_BYTES, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  if (argc > 1 && std::strcmp(argv[1], "not-taken") == 0)
    __loco_lock_release(memory);
  spmd::run(work, memory);
  std::puts("right");
}
