// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// protocol.cpp - the start, and what can happen next.

#include "model/stepper.h"

namespace model {

void Stepper::step() {
  if (Before.threads[Self].step == Step::Idle)
    return choose_operation();
  begin();
  run();
}

void Stepper::run() {
  Thread &t = me();
  switch (t.step) {
  case Step::Idle:
    return;
  case Step::Access:
    return access();
  case Step::Enter:
  case Step::EnterLate:
    return enter();
  case Step::Claim: { // Homes::claim()
    if (block().known_home == Nobody && Next.home[t.block] == Nobody &&
        is(Mutation::ClaimInTwoSteps))
      return go(Step::ClaimStore, "finds no home", t.block);
    if (Next.home[t.block] == Nobody)
      Next.home[t.block] = Next.bytes_at[t.block] = Home;
    home_of(t.block);
    const bool install =
        block().known_home == Home && block().state == Copy::Absent;
    return go(install ? Step::Install : Step::Lock, "asks for the home",
              t.block);
  }
  case Step::ClaimStore:
    Next.home[t.block] = Next.bytes_at[t.block] = block().known_home = Home;
    return go(Step::Install, "claims the block", t.block);
  case Step::Install: // install_home()
    if (!take_lock(t.block))
      return;
    if (block().state == Copy::Absent) {
      block().state = Copy::Home;
      block().page = Page::Writable;
    }
    block().holder = Nobody;
    return go(Step::Lock, "installs its block", t.block);
  case Step::Lock:
    if (take_lock(t.block))
      locked();
    return;
  case Step::FetchFlag:
  case Step::FetchMark:
  case Step::FetchGet:
  case Step::FetchTwin:
  case Step::FetchShow:
    return fetch();
  case Step::TwinCopy:
  case Step::TwinShow:
  case Step::HomeNote:
  case Step::HomeShow:
    return first_write();
  case Step::Unlock:
    block().holder = Nobody;
    t.inside = 0;
    return go(Step::Access, "unlocks", t.block);
  case Step::AtomicBytes:
  case Step::AtomicAct:
  case Step::AtomicPatch:
    return atomic();
  case Step::ReleaseMutex:
  case Step::ReleaseTake:
  case Step::ReleaseLock:
  case Step::ReleaseProtect:
  case Step::ReleaseSnapshot:
  case Step::ReleaseCompare:
  case Step::ReleaseUnlock:
    return release_dirty();
  case Step::ReleaseFence:
  case Step::ReleaseSummary:
  case Step::ReleaseMark:
  case Step::ReleaseHome:
    return release_exported();
  case Step::ReleaseWatch:
  case Step::ReleaseShut:
    return release_watched();
  case Step::PublishUnsure:
  case Step::ReleaseTakeModified:
  case Step::ReleaseClear:
  case Step::Publish:
  case Step::PublishEntries:
  case Step::ReleaseEnd:
    return publish();
  case Step::AcquireMutex:
  case Step::AcquireCount:
  case Step::AcquireNotice:
  case Step::AcquireEnd:
    return acquire();
  case Step::LeaveCount:
  case Step::LeaveEntry:
  case Step::LeaveFlag:
  case Step::TakeLook:
  case Step::TakeNext:
  case Step::TakeAsk:
  case Step::TakeWait:
    return lazy();
  case Step::AcquireLock:
  case Step::AcquireDrop:
  case Step::AcquireCompare:
  case Step::AcquireUnlock:
    return drop();
  case Step::RefreshMark:
  case Step::RefreshGet:
    return refresh();
  case Step::MergeMark:
  case Step::MergeGet:
  case Step::MergeStore:
    return merge();
  case Step::EvictForget: {
    const int b = t.dropping;
    block(b).has_copies = 0;
    finish();
    return emit({Self, "forgets that there were copies", b});
  }
  case Step::MoveMutex:
  case Step::MoveClose:
  case Step::MoveWait:
  case Step::MoveShut:
  case Step::MoveLook:
    return close_gate();
  case Step::MoveArrive:
  case Step::MoveMeet:
    return meet();
  case Step::MoveGive:
  case Step::MoveRest:
  case Step::MoveTake:
  case Step::MoveCompare:
  case Step::MoveGet:
  case Step::MoveLearn:
  case Step::MoveOpen:
    return move();
  }
}

void Stepper::deliver() {
  const Thread &t = Before.threads[Self];
  if (t.buffer_full) {
    begin();
    drain_own();
    emit({Self, "has its store become visible", t.buffer_block, t.buffer_byte,
          t.buffer_value});
  }
  if (t.num_puts == 0)
    return;
  const Put put = t.puts[0];
  auto arrive = [&](Byte value, const char *what) {
    begin();
    BlockOnNode &b = Next.nodes[put.to].blocks[put.block];
    if (put.kind == Put::Mark)
      b.marked = 1;
    else if (put.kind == Put::SummaryMark)
      Next.nodes[put.to].summary_mark = 1;
    else
      b.data[put.byte] = value;
    Thread &mine = me();
    --mine.num_puts;
    std::memmove(mine.puts, mine.puts + 1, sizeof mine.puts - sizeof(Put));
    mine.puts[MaxPuts - 1] = {};
    emit({Self, what, put.block, put.byte, value});
  };
  arrive(put.value, put.kind == Put::Mark          ? "has its mark arrive"
                    : put.kind == Put::SummaryMark ? "has its summary mark arrive"
                                                   : "has its put arrive");
  // The source of such a put is the block itself: it may be read late.
  const Byte now = Before.nodes[Home].blocks[put.block].data[put.byte];
  if (put.kind == Put::Data && now != put.value)
    arrive(now, "has its put arrive, with bytes read late");
}

State initial_state(const Setup &setup) {
  State state;
  std::memset(&state, 0, sizeof state);
  for (Node &node : state.nodes) {
    node.protocol_holder = Nobody;
    for (BlockOnNode &block : node.blocks)
      block.holder = block.known_home = Nobody;
  }
  for (int b = 0; b < setup.num_blocks(); ++b) {
    const int home = setup.home[b];
    state.home[b] = home < 0 ? Nobody : static_cast<Byte>(home);
    state.bytes_at[b] = state.home[b];
    if (home >= 0) {
      state.nodes[home].blocks[b].state = Copy::Home;
      state.nodes[home].blocks[b].page = Page::Writable;
    }
    for (int byte = 0; byte < BytesPerBlock; ++byte)
      state.ghosts[b][byte].owner = static_cast<Byte>(setup.owner[b][byte]);
  }
  for (int t = 0; t < setup.num_threads(); ++t) {
    state.threads[t].accesses = static_cast<Byte>(setup.threads[t].accesses);
    state.threads[t].syncs = static_cast<Byte>(setup.threads[t].syncs);
    state.threads[t].atomics = static_cast<Byte>(setup.threads[t].atomics);
    state.threads[t].evictions = static_cast<Byte>(setup.threads[t].evictions);
    state.threads[t].moves = static_cast<Byte>(setup.threads[t].moves);
  }
  return state;
}

void successors(const Setup &setup, Mutation mutation, const State &state,
                std::vector<Transition> &into) {
  for (int t = 0; t < setup.num_threads(); ++t) {
    Stepper stepper(setup, mutation, state, t, into);
    stepper.step();
    stepper.deliver();
  }
}

} // namespace model
