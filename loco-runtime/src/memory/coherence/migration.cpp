// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// migration.cpp - the protocol: a block moves to the node that alone writes
// it. It happens between barriers of all nodes, with the gate of every node
// closed; docs/memory-model.md tells the steps (M14, M15).

#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

namespace loco::memory {

using fabric::Segment;

bool Coherence::wants_to_move_homes() const {
  // The histories of writes stay where they are.
  return Watch == nullptr && !Writers.candidates().empty();
}

void Coherence::end_interval(bool move_homes_now) {
  if (!Writers.enabled())
    return;
  SignalScope signals;
  // A signal's handler that got in before may wait for a release of another node, which
  // makes none while it waits here.
  if (move_homes_now)
    Moves.meet();
  std::lock_guard protocol(ProtocolMutex);
  Writers.end_interval();
  if (move_homes_now)
    move_homes();
}

void Coherence::move_homes() {
  fabric::WaitFor cause(fabric::Cause::Move);
  HomesGate.close();
  Moves.clear();
  ask_for_homes();
  Moves.meet(); // all gates are closed, all requests can be read

  for (int node = 0; node < ComputeNodes; ++node)
    Moves.read(MoveBoard::Requests, node, [this](Move move) {
      if (move.from == Network.node())
        answer(move);
    });
  Moves.meet(); // what moves is at rest at its old home, all answers are there

  for (int node = 0; node < ComputeNodes; ++node)
    Moves.read(MoveBoard::Answers, node, [this](Move move) {
      bool is_mine = move.to == Network.node();
      if (move.granted) {
        if (is_mine)
          take_over(move.first, move.count, move.from);
        Directory.moved(move.first, move.count, move.to);
      }
      if (move.granted || is_mine)
        Writers.settled(move.first, move.count);
    });
  Writers.update_candidates();
  Moves.meet(); // all data is at the new homes, all nodes know them

  if (!Network.pins_memory())
    Moves.read(MoveBoard::Answers, Network.node(), [this](Move move) {
      if (move.granted)
        Space.give_back(move.first, move.count);
    });
  HomesGate.open();
}

void Coherence::ask_for_homes() {
  auto node = static_cast<std::uint8_t>(Network.node());
  std::span<const Block> wanted = Writers.candidates();
  while (!wanted.empty() && !Moves.full(MoveBoard::Requests)) {
    Block first = wanted[0];
    Block adjacent = 1;
    while (adjacent < wanted.size() && wanted[adjacent] == first + adjacent)
      ++adjacent;
    Homes::Run run = Directory.claim_run(first, adjacent);
    Moves.add(MoveBoard::Requests, {first, static_cast<std::uint8_t>(run.count),
                                    static_cast<std::uint8_t>(run.home), node,
                                    false});
    wanted = wanted.subspan(run.count);
  }
}

void Coherence::answer(Move asked) {
  bool is_pinned = Directory.is_pinned(extent_of(asked.first));
  lock_run(asked.first, asked.count);
  // Another node may have asked for some of it as well.
  auto may_leave = [&](Block b) {
    return !is_pinned && Directory.claim(b) == Network.node();
  };
  for (bool granted : {false, true})
    for_each_run(
        asked.first, asked.count,
        [&](Block b) { return may_leave(b) == granted; },
        [&](Block start, Block n) {
          if (Moves.full(MoveBoard::Answers))
            return; // it may ask again
          if (granted)
            give_away(start, n, asked.to);
          Moves.add(MoveBoard::Answers, {start, static_cast<std::uint8_t>(n),
                                         asked.from, asked.to, granted});
        });
  unlock_run(asked.first, asked.count);
}

void Coherence::give_away(Block first, Block count, int to) {
  for (Block b = first; b < first + count; ++b)
    // What this node has stored since the copies were made.
    if (Info[b].State == State::Home &&
        (Exported.is_marked(b) || Info[b].Watched))
      note_modified(b);
  Directory.moved(first, count, to);
  set_states(first, count, State::Absent, LOCO_SHADOW_ABSENT);
  Pages.drop(Space.address_of(first), count * BlockBytes);
  Exported.clear(first, count);
}

void Coherence::take_over(Block first, Block count, int from) {
  lock_run(first, count);
  // What threads outside of the barrier have stored goes to the old home first.
  drop(first, count, Pieces);
  Network.get(from, Segment::Memory, offset_of(first),
              Space.runtime_view(first), count * BlockBytes);
  loco::count(stats.BytesFetched, count * BlockBytes);
  loco::count(stats.BlocksMoved, count);
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
  unlock_run(first, count);
}

} // namespace loco::memory
