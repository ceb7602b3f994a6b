// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// disturbance.h - a worse network over any fabric. LOCO_FABRIC_LATENCY: each wait for
// another node, and each message, takes so long. LOCO_CHAOS: what the fabric's contract
// leaves open is decided by a seed: puts happen as late as they may, also with bytes
// that their sources have by then, and so in another order than other threads';
// answers and messages come late.
//
// Thread-safety: any thread.
#pragma once

#include "base/settings.h"
#include "fabric/fabric.h"

#include <atomic>
#include <cstdint>

namespace loco::fabric {

class Disturbance {
public:
  static bool is_wanted(const Settings &settings) {
    return settings.fabric_latency_ns != 0 || settings.chaos != 0;
  }
  Disturbance(Fabric &fabric, const Settings &settings);

  /// Returns when the answer to what was asked at `start_ns` may be here.
  void delay_answer(std::uint64_t start_ns);
  /// Returns when a message that was sent then may be handled.
  void delay_message(std::uint16_t sent_us);
  /// The time now, as much of it as a message carries.
  static std::uint16_t stamp_us();

  /// Whether a put or scatter to another node is made later: before the next operation
  /// of this thread on that node, or what else waits for it, at the latest.
  bool hold_back(int node, Segment segment, std::uint64_t offset,
                 const void *from, std::size_t bytes);
  bool hold_back(int node, Segment segment, std::span<const Piece> pieces);
  /// Makes what this thread has held back of puts to these nodes, by bit.
  void let_go(std::uint64_t nodes);

private:
  struct Held;  ///< one put or scatter
  struct Puts;  ///< those of a thread
  /// This thread's; null where `Seed` is 0.
  Puts *mine();
  Held *next_held(int node);
  /// A number from the seed, this node's and this thread's place, below `limit`.
  std::uint64_t random(std::uint64_t limit);

  Fabric &Of;
  const std::uint64_t LatencyNs;
  const std::uint64_t Seed; ///< 0: no chaos
  std::atomic<std::uint64_t> Threads{0};
};

} // namespace loco::fabric
