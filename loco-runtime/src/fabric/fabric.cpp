// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fabric.cpp - what all fabrics share: the Control segment's allocation,
// handlers, polite waiting, and the choice of a fabric.
#include "fabric/fabric.h"

#include "base/bootstrap.h"
#include "base/futex.h"
#include "base/settings.h"
#include "base/syscall_selector.h"
#include "fabric/backends.h"
#include "fabric/disturbance.h"

#include <fstream>
#include <sched.h>
#include <time.h>
#include <vector>

namespace loco::fabric {

Fabric::Fabric(int node, int num_nodes) : Node(node), NumNodes(num_nodes) {}

Fabric::~Fabric() = default;

std::uint64_t Fabric::reserve_control(std::size_t bytes) {
  constexpr std::uint64_t Alignment = 64;
  std::uint64_t rounded = (bytes + Alignment - 1) / Alignment * Alignment;
  if (rounded < bytes || rounded > ControlBytes - ControlUsed)
    fatal("the control segment is full: " + std::to_string(bytes) +
          " more bytes were asked for, " +
          std::to_string(ControlBytes - ControlUsed) + " of " +
          std::to_string(ControlBytes) + " are free");
  std::uint64_t offset = ControlUsed;
  ControlUsed += rounded;
  return offset;
}

void Fabric::set_handler(Message message, Handler handler) {
  Handlers[static_cast<std::size_t>(message)] = handler;
}

void Fabric::handle(int source, const MessageHeader &header,
                    std::span<const std::byte> payload) {
  const std::uint16_t message = header.message;
  Handler handler = message < std::size(Handlers) ? Handlers[message] : nullptr;
  if (!handler)
    fatal("internal error: node " + std::to_string(source) + " sent message " +
          std::to_string(message) + ", which has no handler");
  if (Disturbed && source != Node)
    Disturbed->delay_message(header.sent_us);
  handler(source, payload);
}

void Fabric::check_payload(std::size_t bytes) {
  if (bytes > MaxPayloadBytes)
    fatal("internal error: a message of " + std::to_string(bytes) +
          " bytes; the most is " + std::to_string(MaxPayloadBytes));
}

void Fabric::out_of_range(int node, std::uint64_t offset, std::size_t bytes) {
  fatal("internal error: " + std::to_string(bytes) + " bytes at offset " +
        std::to_string(offset) + " of node " + std::to_string(node) +
        " lie outside its segment");
}

Error Fabric::other_segments(int node) {
  return Error{"node " + std::to_string(node) +
               " has segments of another size (LOCO_WINDOW must be the same on "
               "all nodes)"};
}

std::uint64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t Fabric::begin_wait(Nodes nodes) {
  if (Disturbed)
    let_go(nodes);
  return now_ns();
}

void Fabric::end_wait(bool is_any, std::uint64_t start_ns) {
  // What another node does by itself is on the way here when it is done.
  if (Disturbed)
    Disturbed->delay_answer(is_any ? now_ns() : start_ns);
  count_wait(thread_waits.cause, &Stats::Waits::nanos, now_ns() - start_ns);
}

void Fabric::let_go(Nodes nodes) { Disturbed->let_go(nodes); }

bool Fabric::hold_back(int node, Segment segment, std::uint64_t offset,
                       const void *from, std::size_t bytes) {
  return node != Node &&
         Disturbed->hold_back(node, segment, offset, from, bytes);
}

bool Fabric::hold_back(int node, Segment segment,
                       std::span<const Piece> pieces) {
  return node != Node && Disturbed->hold_back(node, segment, pieces);
}

MessageHeader Fabric::header_of(Message message,
                                std::span<const std::byte> payload) const {
  return {static_cast<std::uint16_t>(message),
          Disturbed ? Disturbance::stamp_us() : std::uint16_t{0},
          static_cast<std::uint32_t>(payload.size())};
}

void Fabric::pause() { __builtin_ia32_pause(); }

void Fabric::yield() { sched_yield(); }

void Fabric::sleep(std::uint32_t seen) {
  constexpr long LongestSleepUs = 1000;
  DirectSyscalls direct;
  // wake_sleepers() reads the count after it has changed Events, we write it
  // before the kernel compares Events: one of the two sees the other.
  Events[SleepersWord].fetch_add(1, std::memory_order_seq_cst);
  if (futex_wait(*Events, seen, LongestSleepUs))
    Woken.fetch_add(1, std::memory_order_relaxed);
  Events[SleepersWord].fetch_sub(1, std::memory_order_relaxed);
}

void Fabric::wake_sleepers(std::atomic<std::uint32_t> *events) {
  events->fetch_add(1, std::memory_order_seq_cst);
  if (events[SleepersWord].load(std::memory_order_seq_cst) != 0) {
    DirectSyscalls direct;
    futex_wake(*events);
  }
}

void Fabric::reserve_events() {
  EventsOffset = reserve_control(2 * sizeof(std::atomic<std::uint32_t>));
  Events = reinterpret_cast<std::atomic<std::uint32_t> *>(ControlBase +
                                                          EventsOffset);
}

namespace {

struct Backend {
  const char *name;
  Result<std::unique_ptr<Fabric>> (*make)(const Config &, Bootstrap &);
};

constexpr Backend Backends[] = {
    {"shm", make_shm_fabric},
    {"verbs", make_verbs_fabric},
};

const Backend *find_backend(const std::string &name) {
  for (const Backend &backend : Backends)
    if (name == backend.name)
      return &backend;
  return nullptr;
}

std::string backend_names() {
  std::string names;
  for (const Backend &backend : Backends)
    names += (names.empty() ? "" : ", ") + std::string(backend.name);
  return names;
}

} // namespace

std::string machine_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

Result<std::unique_ptr<Fabric>> make_fabric(const Config &config,
                                            Bootstrap &bootstrap) {
  const std::string wanted = settings().fabric;
  Result<std::vector<std::string>> gathered =
      bootstrap.all_gather(wanted + "\n" + machine_id());
  if (!gathered.ok())
    return gathered.error();
  bool one_machine = true;
  for (std::size_t node = 0; node < gathered.value().size(); ++node) {
    const std::string &theirs = gathered.value()[node];
    std::size_t end = theirs.find('\n');
    if (theirs.substr(0, end) != wanted)
      return Error{"LOCO_FABRIC is '" + wanted + "' on node " +
                   std::to_string(bootstrap.node()) + " but '" +
                   theirs.substr(0, end) + "' on node " + std::to_string(node) +
                   "; set it to the same on all nodes"};
    one_machine &= theirs.substr(end) == gathered.value()[0].substr(
                                             gathered.value()[0].find('\n'));
  }

  const std::string chosen =
      !wanted.empty() ? wanted : one_machine ? "shm" : "verbs";
  if (chosen == "shm" && !one_machine)
    return Error{"LOCO_FABRIC=shm needs all nodes on one machine; this libloco "
                 "has: " + backend_names()};
  const Backend *backend = find_backend(chosen);
  if (!backend)
    return Error{"this libloco was built without the fabric '" + chosen +
                 "'; it has: " + backend_names()};
  Result<std::unique_ptr<Fabric>> made = backend->make(config, bootstrap);
  if (made.ok() && Disturbance::is_wanted(settings())) {
    made.value()->Disturbed =
        std::make_unique<Disturbance>(*made.value(), settings());
    made.value()->TimesWaits = true;
  }
  return made;
}

} // namespace loco::fabric
