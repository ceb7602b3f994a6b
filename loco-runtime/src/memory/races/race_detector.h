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
#include "memory/coherence/block_list.h"
#include "memory/coherence/twins.h"
#include "memory/races/allocation_sites.h"
#include "memory/races/race_clocks.h"
#include "memory/races/race_reports.h"
#include "memory/races/store_sites.h"
#include "memory/races/write_history.h"

namespace loco::memory {

class AddressSpace;

/// What came to the home of a block: another node's changes.
struct ArrivedStores {
  Block block;
  SharedWrite write;
  std::span<const ByteRun> runs;
  const std::byte *bytes; ///< of all runs, one after the other
  std::span<const std::uint64_t> seen;
};

class RaceDetector {
public:
  /// Collective, in the start-up order of Control reservations, before
  /// Fabric::start(). `apply` changes the home's memory: Coherence.
  RaceDetector(fabric::Fabric &fabric, int compute_nodes, AddressSpace &space,
               bool abort, void (*apply)(const ArrivedStores &));

  RaceClocks &clocks() { return Clocks; }

  // ---- of blocks at home elsewhere

  /// In place of a scatter of the block's delta.
  void send_stores(int home, Block block,
                   std::span<const fabric::Piece> pieces);
  /// Waits until what this node sent has arrived and was looked at.
  void wait_applied();

  // ---- of blocks at home here

  /// Copies of home blocks that are writable, and of watched stacks.
  TwinPool &twins() { return HomeTwins; }
  BlockList &written() { return HomeWritten; }
  std::vector<Block> &watched() { return Watched; } ///< ProtocolMutex

  /// This node has changed those bytes of its block since the last comparison.
  void home_wrote(Block block, std::span<const fabric::Piece> pieces);
  /// Another node's changes were made; those in `both` this node had changed,
  /// too, and not released.
  void arrived(const ArrivedStores &stores, std::span<const ByteRun> both);

  /// The bytes are changed at the home by atomics, locks or volatile accesses,
  /// from now on: they are left out.
  void leave_out(int home, std::uint64_t offset, std::size_t bytes);
  bool is_left_out(std::uint64_t offset) const {
    return LeftOut[offset / 64].load(std::memory_order_relaxed) >>
               (offset % 64) &
           1;
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

  fabric::Fabric &Network;
  const int ComputeNodes;
  AddressSpace &Space;
  RaceClocks Clocks;
  void (*const Apply)(const ArrivedStores &);

  std::uint64_t AppliedOffset; ///< in Control: by home, applied of ours
  std::atomic<std::uint64_t> Sent[MaxNodes] = {}; ///< by home
  std::uint64_t Applied[MaxNodes] = {}; ///< by source; the progress thread's

  TwinPool HomeTwins;
  BlockList HomeWritten;
  std::vector<Block> Watched;
  StoreSites Sites;
  std::atomic<std::uint64_t> *LeftOut; ///< a bit a byte
  std::mutex HistoryMutex;
  WriteHistory History; ///< of blocks at home here; HistoryMutex
  AllocationSites Allocations;
  RaceReports Reports;
};

} // namespace loco::memory
