// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// migration.cpp - the protocol: an extent moves to the node that alone writes
// it. It happens between barriers of all nodes, with the gate of every node
// closed; docs/memory-model.md tells the steps (M14, M15).

#include "memory/coherence.h"

namespace loco::memory {

using fabric::Segment;

Block Coherence::blocks_of(Extent extent) const {
  // The last extent of an object's globals may be a part only.
  return static_cast<Block>(
      std::min<std::uint64_t>(
          ExtentBytes, Space.contiguous_bytes(offset_of(first_block(extent)))) /
      BlockBytes);
}

bool Coherence::wants_to_move_homes() const {
  // The histories of writes stay where they are.
  return Race == nullptr && !Writers.candidates().empty();
}

void Coherence::end_interval(bool move_homes_now) {
  if (!Writers.enabled())
    return;
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  Writers.end_interval();
  if (move_homes_now)
    move_homes();
}

void Coherence::move_homes() {
  HomesGate.close();
  Moves.clear();
  for (Extent extent : Writers.candidates())
    if (!Moves.full(MoveBoard::Requests))
      Moves.add(MoveBoard::Requests,
                {extent, static_cast<std::uint16_t>(Directory.claim(extent)),
                 static_cast<std::uint8_t>(Network.node()), false});
  Moves.meet(); // all gates are closed, all requests can be read

  for (int node = 0; node < ComputeNodes; ++node)
    Moves.read(MoveBoard::Requests, node, [this](Move move) {
      if (move.from != Network.node() || Moves.full(MoveBoard::Answers))
        return;
      move.granted = give_away(move.extent, move.to);
      Moves.add(MoveBoard::Answers, move);
    });
  Moves.meet(); // what moves is at rest at its old home, all answers are there

  for (int node = 0; node < ComputeNodes; ++node)
    Moves.read(MoveBoard::Answers, node, [this](Move move) {
      if (move.granted) {
        if (move.to == Network.node())
          take_over(move.extent, move.from);
        Directory.learn(move.extent, move.to);
        Writers.moved(move.extent);
      } else if (move.to == Network.node()) {
        Writers.refused(move.extent);
      }
    });
  Writers.update_candidates();
  Moves.meet(); // all data is at the new homes, all nodes know them

  if (!Network.pins_memory())
    Moves.read(MoveBoard::Answers, Network.node(), [this](Move move) {
      if (move.granted)
        Space.give_back(first_block(move.extent), blocks_of(move.extent));
    });
  HomesGate.open();
}

bool Coherence::give_away(Extent extent, int to) {
  Block first = first_block(extent);
  Block count = blocks_of(extent);
  lock_run(first, count);
  bool is_idle = !stores_here(first, count);
  bool granted =
      (is_idle || Writers.always()) && Directory.hand_over(extent, to);
  if (granted) {
    std::byte *address = Space.address_of(first);
    set_states(first, count, State::Absent, LOCO_SHADOW_ABSENT);
    Pages.drop(address, count * BlockBytes);
    Exported.clear(first, count);
    Flags[extent].fetch_and(static_cast<std::uint8_t>(~Installed),
                            std::memory_order_release);
  }
  unlock_run(first, count);
  return granted;
}

bool Coherence::stores_here(Block first, Block count) {
  // Only a protected block is known not to be written here. The others are
  // protected now, so that the next time it is known of them too.
  bool any = false;
  if (Flags[extent_of(first)].load(std::memory_order_relaxed) & AlwaysModified)
    return true;
  for (Block b = first; b < first + count; ++b) {
    if (Info[b].State != State::Home)
      continue;
    any = true;
    // As the next release would have done.
    if (Exported.is_marked(b))
      note_modified(b);
    protect_home(b); // so a store is noticed
  }
  return any;
}

void Coherence::take_over(Extent extent, int from) {
  Block first = first_block(extent);
  Block count = blocks_of(extent);
  lock_run(first, count);
  // What threads outside of the barrier have stored goes to the old home first.
  drop(first, count, Pieces);
  Network.get(from, Segment::Memory, offset_of(first),
              Space.runtime_view(first), count * BlockBytes);
  memory::count(stats.BytesFetched, count * BlockBytes);
  memory::count(stats.ExtentsMoved);
  // The old home's exports are this node's now: the first store is noticed.
  std::byte *address = Space.address_of(first);
  if (Pages.installs_protected()) {
    Pages.install(address, count * BlockBytes, /*write_protected=*/true);
    set_states(first, count, State::HomeProtected, LOCO_SHADOW_CLEAN);
  } else {
    Exported.mark(Network.node(), first, count);
    Pages.install(address, count * BlockBytes, /*write_protected=*/false);
    set_states(first, count, State::Home, LOCO_SHADOW_READY);
  }
  give_back(first, count); // no copy any more, so not the cache's memory
  Flags[extent].fetch_or(Installed, std::memory_order_release);
  unlock_run(first, count);
}

} // namespace loco::memory
