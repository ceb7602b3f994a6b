// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// disturbance.cpp - delays, and puts that are held back.

#include "fabric/disturbance.h"

#include "base/syscall_selector.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

namespace loco::fabric {

namespace {

constexpr std::uint64_t NanosPerUs = 1000;

/// Yields, as there may be more nodes than cores; sleeps only where it cannot
/// oversleep by much.
void wait_until_ns(std::uint64_t end_ns) {
  constexpr std::uint64_t ShortestSleepNs = 200 * NanosPerUs;
  constexpr std::uint64_t WakingUpNs = 100 * NanosPerUs;
  DirectSyscalls direct;
  for (std::uint64_t now; (now = now_ns()) < end_ns;) {
    if (end_ns - now < ShortestSleepNs) {
      sched_yield();
      continue;
    }
    const std::uint64_t sleep_ns = end_ns - now - WakingUpNs;
    timespec time{static_cast<time_t>(sleep_ns / 1'000'000'000),
                  static_cast<long>(sleep_ns % 1'000'000'000)};
    nanosleep(&time, nullptr);
  }
}

} // namespace

struct Disturbance::Held {
  static constexpr std::size_t MostBytes = 64;
  static constexpr std::size_t MostPieces = 64;
  int node;
  Segment segment;
  std::uint64_t offset;
  std::uint32_t bytes;      ///< of a put
  std::uint32_t num_pieces; ///< of a scatter; 0: it is a put
  std::byte data[MostBytes];
  Piece pieces[MostPieces];
};

struct Disturbance::Puts {
  static constexpr std::size_t Most = 64;
  std::uint64_t state; ///< of the numbers
  std::size_t count;
  Held held[Most]; ///< in program order
};

Disturbance::Disturbance(Fabric &fabric, const Settings &settings)
    : Of(fabric), LatencyNs(settings.fabric_latency_ns), Seed(settings.chaos) {}

Disturbance::Puts *Disturbance::mine() {
  static thread_local Puts *puts
      __attribute__((tls_model("initial-exec"))) = nullptr;
  if (Seed == 0 || puts != nullptr)
    return puts;
  // Not from the window, and for as long as the process: tests have few threads.
  void *mapped = mmap(nullptr, sizeof(Puts), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    fatal_errno("LOCO_CHAOS: cannot map memory for a thread's puts");
  puts = static_cast<Puts *>(mapped);
  puts->state = (Seed * MaxNodes + static_cast<std::uint64_t>(Of.node())) *
                    0x9e3779b97f4a7c15 +
                Threads.fetch_add(1);
  return puts;
}

std::uint64_t Disturbance::random(std::uint64_t limit) {
  // SplitMix64.
  std::uint64_t x = mine()->state += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) % limit;
}

void Disturbance::delay_answer(std::uint64_t start_ns) {
  std::uint64_t delay_ns = LatencyNs;
  constexpr std::uint64_t OneOf = 8, MostUs = 100;
  if (Seed != 0 && random(OneOf) == 0)
    delay_ns += random(MostUs) * NanosPerUs;
  if (delay_ns != 0)
    wait_until_ns(start_ns + delay_ns);
}

std::uint16_t Disturbance::stamp_us() {
  return static_cast<std::uint16_t>(now_ns() / NanosPerUs);
}

void Disturbance::delay_message(std::uint16_t sent_us) {
  // One that is older than the stamp can say waits once more: it is late anyway.
  const std::uint64_t age_ns =
      static_cast<std::uint16_t>(stamp_us() - sent_us) * NanosPerUs;
  std::uint64_t delay_ns = LatencyNs - std::min(LatencyNs, age_ns);
  constexpr std::uint64_t OneOf = 4, MostUs = 300;
  if (Seed != 0 && random(OneOf) == 0)
    delay_ns += random(MostUs) * NanosPerUs;
  if (delay_ns != 0)
    wait_until_ns(now_ns() + delay_ns);
}

Disturbance::Held *Disturbance::next_held(int node) {
  Puts *puts = mine();
  if (puts == nullptr)
    return nullptr;
  if (puts->count == Puts::Most || random(2) == 0) {
    let_go(std::uint64_t{1} << node); // its order stays
    if (puts->count == Puts::Most)
      let_go(~std::uint64_t{0});
    return nullptr;
  }
  return &puts->held[puts->count];
}

bool Disturbance::hold_back(int node, Segment segment, std::uint64_t offset,
                            const void *from, std::size_t bytes) {
  Held *held = next_held(node);
  if (held == nullptr)
    return false;
  if (bytes > Held::MostBytes) {
    let_go(std::uint64_t{1} << node);
    return false;
  }
  *held = {.node = node,
           .segment = segment,
           .offset = offset,
           .bytes = static_cast<std::uint32_t>(bytes),
           .num_pieces = 0,
           .data = {},
           .pieces = {}};
  std::memcpy(held->data, from, bytes);
  ++mine()->count;
  return true;
}

bool Disturbance::hold_back(int node, Segment segment,
                            std::span<const Piece> pieces) {
  Held *held = next_held(node);
  if (held == nullptr)
    return false;
  if (pieces.size() > Held::MostPieces || pieces.empty()) {
    let_go(std::uint64_t{1} << node);
    return false;
  }
  // Their sources are read when it is made.
  *held = {.node = node,
           .segment = segment,
           .offset = 0,
           .bytes = 0,
           .num_pieces = static_cast<std::uint32_t>(pieces.size()),
           .data = {},
           .pieces = {}};
  std::copy(pieces.begin(), pieces.end(), held->pieces);
  ++mine()->count;
  return true;
}

void Disturbance::let_go(std::uint64_t nodes) {
  Puts *puts = mine();
  if (puts == nullptr || puts->count == 0)
    return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < puts->count; ++i) {
    const Held &held = puts->held[i];
    if ((nodes >> held.node & 1) == 0)
      puts->held[kept++] = held;
    else if (held.num_pieces == 0)
      Of.do_put(held.node, held.segment, held.offset, held.data, held.bytes);
    else
      Of.do_scatter(held.node, held.segment, {held.pieces, held.num_pieces});
  }
  puts->count = kept;
}

} // namespace loco::fabric
