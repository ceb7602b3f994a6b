// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// spans.cpp - spans and the barrier of their nodes.

#include "omp/spans.h"

#include "base/export.h"
#include "base/private_scope.h"
#include "base/slow_path.h"
#include "base/stats.h"
#include "loco/abi.h"
#include "loco/channels.h"
#include "loco/omp_abi.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"
#include "memory/process/threads.h"
#include "memory/races/race_detector.h"

#include <atomic>
#include <cstring>
#include <optional>
#include <unistd.h>

namespace loco::omp {

using memory::ReleaseClock;
using memory::RaceClocks;
using memory::RaceDetector;

namespace {

fabric::Fabric *network = nullptr;
int threads_per_node = 1;
std::optional<Barrier> span_barrier;
std::atomic<loco_omp_span_fn> span_handler{nullptr};

/// Where node 0 puts what a node is to run next: read by the node's user thread
/// itself, which no other thread has to wake while it still looks. One is enough:
/// node 0 starts the next span after the barrier that ends this one, and before
/// that each node has copied the descriptor.
struct Mailbox {
  std::uint64_t number; ///< of the span, from 1; put after the rest is there
  std::uint64_t bytes;
  alignas(16) std::byte descriptor[LOCO_OMP_MAX_DESCRIPTOR];
};
std::optional<SharedRegion> mailboxes;
std::uint64_t last_span = 0; ///< node 0's: started; others': taken

std::atomic<bool> stopped{false};
std::atomic<bool> in_span{false}; ///< the worker runs what it last took

Mailbox &mailbox() {
  return *reinterpret_cast<Mailbox *>(mailboxes->local());
}

bool has_span() {
  return __atomic_load_n(&mailbox().number, __ATOMIC_ACQUIRE) != last_span;
}

/// The acquire of a node that starts a span, before its part of it.
void acquire_for_span() {
  SlowPath slow_path;
  RaceDetector *races = memory::race_detector;
  if (races == nullptr)
    return memory::coherence->acquire();
  ReleaseClock start = races->clocks().left_by(0, races->clocks().of_span());
  memory::coherence->acquire(&start);
}

void release_all() {
  memory::heap::Returns returns;
  __loco_release();
  returns.send();
}

void meet_nodes(int num_nodes, bool releases, bool acquires) {
  PrivateScope scope;
  if (releases)
    release_all();
  const bool is_everyone = num_nodes == memory::coherence->compute_nodes();
  RaceDetector *races = memory::race_detector;
  RaceClocks::Place place{};
  if (races != nullptr) {
    place = races->clocks().of_next_barrier(num_nodes);
    races->clocks().leave(place);
  }
  bool move_homes;
  {
    ScopedNanos timer(stats.BarrierNanos);
    fabric::WaitFor cause(fabric::Cause::Barrier);
    move_homes = span_barrier->wait(
        num_nodes, is_everyone && memory::coherence->wants_to_move_homes());
  }
  if (move_homes && !releases) // what moves is at its home before
    release_all();
  if (races != nullptr) {
    ReleaseClock met = races->clocks().left_by_all(num_nodes, place);
    memory::coherence->acquire(&met);
  } else if (acquires || move_homes) {
    memory::coherence->acquire();
  }
  if (is_everyone)
    memory::coherence->end_interval(move_homes);
}

} // namespace

void open_spans(fabric::Fabric &fabric, int threads) {
  network = &fabric;
  threads_per_node = threads;
  span_barrier.emplace(fabric);
  mailboxes.emplace(fabric, sizeof(Mailbox));
}

void serve_spans() {
  for (;;) {
    {
      fabric::WaitFor cause(fabric::Cause::Region);
      network->wait_until([] { return has_span() || stopped; });
    }
    if (stopped)
      return;
    in_span = true;
    loco_omp_span_fn handler = span_handler.load();
    if (handler == nullptr)
      fatal("a parallel region was sent to a node whose OpenMP runtime is not "
            "LOCO's (is another libomp.so found first?)");
    alignas(16) std::byte descriptor[LOCO_OMP_MAX_DESCRIPTOR];
    std::size_t bytes = mailbox().bytes;
    std::memcpy(descriptor, mailbox().descriptor, bytes);
    last_span = mailbox().number;
    acquire_for_span();
    handler(descriptor, bytes);
    in_span = false;
  }
}

bool stop_serving() {
  stopped = true;
  network->notify(network->node());
  // The last span's worker may be between its barrier and here.
  for (int waited_ms = 0; in_span && waited_ms < 500; ++waited_ms)
    usleep(1000);
  return !in_span;
}

} // namespace loco::omp

using namespace loco;
using namespace loco::omp;

extern "C" {

LOCO_EXPORT int __loco_omp_num_nodes(void) { return __loco_num_nodes(); }
LOCO_EXPORT int __loco_omp_node(void) { return __loco_node(); }
LOCO_EXPORT int __loco_omp_threads_per_node(void) { return threads_per_node; }

LOCO_EXPORT void __loco_omp_set_span_handler(loco_omp_span_fn handler) {
  span_handler.store(handler);
}

LOCO_EXPORT void __loco_omp_start_span(int num_nodes, const void *descriptor,
                                       size_t bytes) {
  if (bytes > LOCO_OMP_MAX_DESCRIPTOR)
    fatal("a parallel region's descriptor has " + std::to_string(bytes) +
          " bytes; at most " + std::to_string(LOCO_OMP_MAX_DESCRIPTOR) +
          " can be sent");
  RaceDetector *races = memory::race_detector;
  if (races != nullptr)
    memory::watch_own_stack();
  PrivateScope scope;
  release_all();
  if (races != nullptr)
    races->clocks().leave(races->clocks().of_span());
  fabric::WaitFor cause(fabric::Cause::Region);
  ++last_span;
  for (int node = 1; node < num_nodes; ++node) {
    mailboxes->write(node, offsetof(Mailbox, descriptor), descriptor, bytes);
    mailboxes->write(node, offsetof(Mailbox, bytes), &bytes, sizeof bytes);
    mailboxes->write(node, offsetof(Mailbox, number), &last_span,
                     sizeof last_span);
  }
  for (int node = 1; node < num_nodes; ++node)
    network->notify(node);
}

LOCO_EXPORT void __loco_omp_barrier(int num_nodes) {
  meet_nodes(num_nodes, /*releases=*/true, /*acquires=*/true);
}

LOCO_EXPORT void __loco_omp_end_span(int num_nodes) {
  // What node 0 has stored goes out when it starts the next span, which all acquire.
  const bool is_first = network->node() == 0,
             watches = memory::race_detector != nullptr;
  meet_nodes(num_nodes, !is_first || watches, is_first || watches);
}

} // extern "C"
