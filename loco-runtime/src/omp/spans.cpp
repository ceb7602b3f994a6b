// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// spans.cpp - spans and the barrier of their nodes.

#include "omp/spans.h"

#include "base/export.h"
#include "loco/channels.h"
#include "loco/abi.h"
#include "loco/omp_abi.h"
#include "memory/coherence.h"
#include "memory/heap.h"
#include "memory/stats.h"

#include <atomic>
#include <cstring>
#include <optional>
#include <unistd.h>

namespace loco::omp {

using fabric::Message;

namespace {

fabric::Fabric *network = nullptr;
int threads_per_node = 1;
std::optional<Barrier> span_barrier;
std::atomic<loco_omp_span_fn> span_handler{nullptr};

/// The span that the progress thread hands to the worker thread. Node 0 starts
/// the next one after the barrier that ends this one, so one slot is enough.
struct Inbox {
  enum State : int { Empty, Full, Stopped };
  std::atomic<int> state{Empty};
  std::atomic<bool> in_span{false}; ///< the worker runs what it last took
  std::size_t bytes = 0;
  alignas(16) std::byte descriptor[LOCO_OMP_MAX_DESCRIPTOR];
};
Inbox inbox;

void receive_span(int, std::span<const std::byte> payload) {
  // The worker may still be on its way from the last span's barrier to here.
  network->wait_until([] {
    int state = inbox.state.load();
    return state == Inbox::Empty || state == Inbox::Stopped;
  });
  if (inbox.state.load() == Inbox::Stopped)
    return;
  inbox.bytes = payload.size();
  std::memcpy(inbox.descriptor, payload.data(), payload.size());
  inbox.state.store(Inbox::Full);
  network->notify(network->node());
}

} // namespace

void open_spans(fabric::Fabric &fabric, int threads) {
  network = &fabric;
  threads_per_node = threads;
  span_barrier.emplace(fabric);
  fabric.set_handler(Message::StartSpan, receive_span);
}

void serve_spans() {
  for (;;) {
    network->wait_until([] { return inbox.state.load() != Inbox::Empty; });
    if (inbox.state.load() == Inbox::Stopped)
      return;
    inbox.in_span = true;
    loco_omp_span_fn handler = span_handler.load();
    if (handler == nullptr)
      fatal("a parallel region was sent to a node whose OpenMP runtime is not "
            "LOCO's (is another libomp.so found first?)");
    alignas(16) std::byte descriptor[LOCO_OMP_MAX_DESCRIPTOR];
    std::size_t bytes = inbox.bytes;
    std::memcpy(descriptor, inbox.descriptor, bytes);
    inbox.state.store(Inbox::Empty);
    network->notify(network->node());
    __loco_acquire();
    handler(descriptor, bytes);
    inbox.in_span = false;
  }
}

bool stop_serving() {
  inbox.state = Inbox::Stopped;
  network->notify(network->node());
  // The last span's worker may be between its barrier and here.
  for (int waited_ms = 0; inbox.in_span && waited_ms < 500; ++waited_ms)
    usleep(1000);
  return !inbox.in_span;
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
  __loco_release();
  memory::heap::PrivateScope scope;
  std::span<const std::byte> payload(
      static_cast<const std::byte *>(descriptor), bytes);
  for (int node = 1; node < num_nodes; ++node)
    network->send(node, Message::StartSpan, payload);
}

LOCO_EXPORT void __loco_omp_barrier(int num_nodes) {
  __loco_release();
  memory::heap::PrivateScope scope;
  const bool is_everyone = num_nodes == memory::coherence->compute_nodes();
  bool move_homes;
  {
    memory::ScopedNanos timer(memory::stats.BarrierNanos);
    move_homes = span_barrier->wait(
        num_nodes, is_everyone && memory::coherence->wants_to_move_homes());
  }
  __loco_acquire();
  if (is_everyone)
    memory::coherence->end_interval(move_homes);
}

} // extern "C"
