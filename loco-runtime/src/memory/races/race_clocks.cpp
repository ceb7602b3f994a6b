// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_clocks.cpp - clocks of releases, and where they are handed on.

#include "memory/races/race_clocks.h"

#include "base/raise.h"

namespace loco::memory {

using fabric::Segment;
using Word = std::atomic<std::uint64_t>;

RaceClocks::RaceClocks(fabric::Fabric &fabric, int compute_nodes)
    : Network(fabric), ComputeNodes(compute_nodes),
      Span(fabric.reserve_control(clock_bytes())),
      Barriers(fabric.reserve_control(2 * (compute_nodes + 1) * clock_bytes())),
      Objects(fabric.reserve_control(NumObjects * clock_bytes())),
      Count(fabric.reserve_control(sizeof(std::uint64_t))) {}

void RaceClocks::released() {
  std::uint64_t count = next_release();
  Network.atomic_store(Network.node(), Segment::Control, Count, &count,
                       sizeof count);
  Mine[Network.node()].store(count);
}

void RaceClocks::acquired(const ReleaseClock &clock) {
  for (int node = 0; node < ComputeNodes; ++node)
    if (node != Network.node())
      raise(Mine[node], clock.releases[node]);
}

ReleaseClock RaceClocks::now() const {
  ReleaseClock clock;
  for (int node = 0; node < ComputeNodes; ++node)
    clock.releases[node] = Mine[node].load();
  return clock;
}

ReleaseClock RaceClocks::everything() {
  ReleaseClock clock;
  for (int node = 0; node < ComputeNodes; ++node)
    Network.atomic_load(node, Segment::Control, Count, &clock.releases[node],
                        sizeof clock.releases[node]);
  return clock;
}

RaceClocks::Place RaceClocks::of_next_barrier(int num_nodes) {
  std::uint64_t turn = BarriersDone[num_nodes]++ % 2;
  return Barriers + (2 * num_nodes + turn) * clock_bytes();
}

RaceClocks::Place RaceClocks::of_object(std::uint64_t offset) const {
  std::uint64_t hash = offset / 8 * 0x9e3779b97f4a7c15 >> 32;
  return Objects + hash % NumObjects * clock_bytes();
}

void RaceClocks::leave(Place place) {
  auto *words = reinterpret_cast<Word *>(Network.control() + place);
  ReleaseClock clock = now();
  for (int node = 0; node < ComputeNodes; ++node)
    raise(words[node], clock.releases[node]);
}

ReleaseClock RaceClocks::left_by(int node, Place place) {
  ReleaseClock clock;
  Network.get(node, Segment::Control, place, clock.releases, clock_bytes());
  return clock;
}

ReleaseClock RaceClocks::left_by_all(int num_nodes, Place place) {
  ReleaseClock clock;
  for (int node = 0; node < num_nodes; ++node)
    clock.join(left_by(node, place));
  return clock;
}

} // namespace loco::memory
