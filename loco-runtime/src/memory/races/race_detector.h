// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_detector.h - LOCO_RACE: finds bytes that two nodes have written with no
// synchronisation between. Nodes count their releases; what a node wrote until
// a release goes to the home with that number and with the releases of others
// that the node has acquired, and the home looks at who wrote the bytes before.
// The home's own stores are found by twins. docs/memory-model.md ("Data races")
// says why a program without races gets no report.
//
// Thread-safety: any thread, unless said otherwise.
#pragma once

#include "fabric/fabric.h"
#include "memory/coherence/coherence.h"
#include "memory/races/allocation_sites.h"
#include "memory/races/race_clocks.h"
#include "memory/races/race_reports.h"
#include "memory/races/store_sites.h"
#include "memory/races/write_history.h"

namespace loco::memory {

class RaceDetector : public StoreWatch {
public:
  /// Collective, in the start-up order of Control reservations, before
  /// Fabric::start(). Watches the stores of `protocol` from now on.
  RaceDetector(Coherence &protocol, bool abort);

  RaceClocks &clocks() { return Clocks; }

  void send_stores(int home, Block block,
                   std::span<const fabric::Piece> pieces) override;
  void wait_applied() override;
  void home_wrote(Block block, std::span<const fabric::Piece> pieces) override;
  void leave_out(int home, std::uint64_t offset, std::size_t bytes) override;
  bool is_left_out(std::uint64_t offset) const override {
    return LeftOut[offset / 64].load(std::memory_order_relaxed) >>
               (offset % 64) &
           1;
  }
  void released() override { Clocks.released(); }
  ReleaseClock all_releases() override { return Clocks.everything(); }
  void acquired(const ReleaseClock &clock) override { Clocks.acquired(clock); }
  void leave_at(std::uint64_t offset) override {
    Clocks.leave(Clocks.of_object(offset));
  }
  ReleaseClock left_at(std::uint64_t offset) override {
    return Clocks.left_by_all(ComputeNodes, Clocks.of_object(offset));
  }

  /// The code at `pc` is about to store to [offset, offset + bytes).
  void note_stores(std::uint64_t offset, std::uint64_t bytes, std::uint64_t pc);

  AllocationSites &allocations() { return Allocations; }
  RaceReports &reports() { return Reports; }

private:
  /// Messages on the way to a home: their bytes leave room in its ring.
  static constexpr std::uint64_t MostOnTheWay = 4;

  void send(int home, fabric::Message message, const void *payload,
            std::size_t bytes);
  void send_part(int home, Block block, std::span<const fabric::Piece> pieces,
                 std::span<const StoreSite> sites);
  void receive(int source, std::span<const std::byte> payload);
  void receive_left_out(int source, std::span<const std::byte> payload);
  void was_applied(int source);
  std::uint64_t num_applied(int home) const;

  std::vector<ByteRun> without_left_out(Block block,
                                        std::span<const ByteRun> runs) const;
  SharedWrite own_write(Block block);
  void set_left_out(std::uint64_t offset, std::size_t bytes);
  void look_back(Block block, std::span<const ByteRun> runs,
                 const SharedWrite &write, std::span<const std::uint64_t> seen);
  void report(Block block, ByteRun run, const BlockWrite &later,
              const BlockWrite &earlier);

  static RaceDetector *Instance; ///< for the handlers, which have no argument

  Coherence &Protocol;
  fabric::Fabric &Network;
  const int ComputeNodes;
  RaceClocks Clocks;

  std::uint64_t AppliedOffset; ///< in Control: by home, applied of ours
  std::atomic<std::uint64_t> Sent[MaxNodes] = {}; ///< by home
  std::uint64_t Applied[MaxNodes] = {}; ///< by source; the progress thread's

  StoreSites Sites;
  std::atomic<std::uint64_t> *LeftOut; ///< a bit a byte
  std::mutex HistoryMutex;
  WriteHistory History; ///< of blocks at home here; HistoryMutex
  AllocationSites Allocations;
  RaceReports Reports;
};

/// The node's detector; null without LOCO_RACE, and where the job has one node.
inline RaceDetector *race_detector = nullptr;

} // namespace loco::memory
