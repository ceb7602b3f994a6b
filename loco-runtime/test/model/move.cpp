// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// move.cpp - the gate, and Coherence::move_homes(): the home of block 0 moves.
// One thread of each node takes part; the others go on as long as they can.
// Nodes meet as at a barrier, which here releases and acquires nothing: the
// protocol must not need it.

#include "model/stepper.h"

namespace model {

// Gate::enter(), and the fault thread, which comes in also while it is closing:
// a step that a slow path may make the fault thread may make, too.
void Stepper::enter() {
  Thread &t = me();
  const bool by_fault = t.operation != Operation::Atomic;
  const GateState latest = by_fault ? GateState::Closing : GateState::Open;
  if (t.step == Step::Enter && node().gate > latest && !is(Mutation::NoGate))
    return;
  if (t.step == Step::Enter && is(Mutation::EnterInTwoSteps))
    return go(Step::EnterLate, "finds the gate open", t.block);
  t.inside = 1;
  if (Program.moves_to < 0)
    return pass(Step::Claim);
  go(Step::Claim, "enters the gate", t.block);
}

// Gate::close()
void Stepper::close_gate() {
  Thread &t = me();
  bool is_empty = true;
  for (int i = 0; i < Program.num_threads(); ++i)
    if (Program.threads[i].node == Home && Next.threads[i].inside)
      is_empty = false;
  switch (t.step) {
  case Step::MoveMutex:
    if (!is(Mutation::CloseWithoutMutex)) {
      if (node().protocol_holder != Nobody)
        return;
      node().protocol_holder = Self;
    }
    home_of(0); // whoever asks for the home knows whom to ask
    return go(Step::MoveClose, "has the protocol mutex");
  case Step::MoveClose:
    node().gate = GateState::Closing;
    return go(is(Mutation::CloseWithoutWait) ? Step::MoveShut : Step::MoveWait,
              "begins to close the gate");
  case Step::MoveWait:
    if (is_empty)
      go(Step::MoveShut, "finds nobody inside");
    return;
  case Step::MoveShut:
    node().gate = GateState::Closed;
    return go(is(Mutation::CloseWithoutWait) || is(Mutation::CloseWithoutLook)
                  ? Step::MoveArrive
                  : Step::MoveLook,
              "closes the gate");
  default: // MoveLook
    return go(is_empty ? Step::MoveArrive : Step::MoveClose, "looks again");
  }
}

// MoveBoard::meet(), three times.
void Stepper::meet() {
  Thread &t = me();
  if (t.step == Step::MoveArrive) {
    ++node().met;
    return go(Step::MoveMeet, "comes to meet the others");
  }
  const bool skips = (node().met == 2 && is(Mutation::TakeBeforeRest)) ||
                     (node().met == 3 && is(Mutation::OpenBeforeLearned));
  for (int n = 0; n < Program.nodes && !skips; ++n)
    if (Next.nodes[n].met < node().met)
      return;
  if (node().met == 1) {
    const bool gives = home_of(0) == Home && Program.moves_to != Home;
    return pass(gives ? Step::MoveGive : Step::MoveArrive);
  }
  if (node().met == 2) {
    const bool takes = home_of(0) != Home && Program.moves_to == Home;
    return pass(takes ? Step::MoveTake : Step::MoveLearn);
  }
  pass(Step::MoveOpen);
}

// give_away(), take_over()
void Stepper::move() {
  Thread &t = me();
  BlockOnNode &b = block(0);
  switch (t.step) {
  case Step::MoveGive:
    if (!take_lock(0))
      return;
    if (b.state == Copy::Home) { // stores_here()
      if ((b.marked || b.watched) && !is(Mutation::GiveWithoutNote))
        note_modified(0);
      change_page(0, Page::ReadOnly);
      b.state = Copy::HomeProtected;
    }
    Next.home[0] = static_cast<Byte>(Program.moves_to);
    return go(Step::MoveRest, "gives the home away", 0);
  case Step::MoveRest:
    if (is(Mutation::GiveWithoutDrop)) {
      b.page = Page::Writable;
    } else {
      change_page(0, Page::None);
      b.state = Copy::Absent;
    }
    if (!is(Mutation::GiveWithMarks))
      b.marked = 0;
    b.holder = Nobody;
    return go(Step::MoveArrive, "takes its page away", 0);
  case Step::MoveTake:
    if (!take_lock(0))
      return;
    if (b.state == Copy::Absent)
      return go(Step::MoveGet, "locks, and has no copy", 0);
    change_page(0, Page::None);
    return go(Step::MoveCompare, "takes away its own copy", 0);
  case Step::MoveCompare:
    if (b.state == Copy::Dirty && !is(Mutation::TakeWithoutDelta))
      put_delta(0);
    b.state = Copy::Absent;
    forget_twin(0);
    return go(Step::MoveGet, "compares and sends", 0);
  case Step::MoveGet: {
    if (t.num_puts > 0)
      return; // the flush
    std::memcpy(b.data, at_home(0).data, sizeof b.data);
    Next.bytes_at[0] = Home;
    const bool writable = is(Mutation::TakeUnprotected);
    b.state = writable ? Copy::Home : Copy::HomeProtected;
    b.page = writable ? Page::Writable : Page::ReadOnly;
    b.holder = Nobody;
    return go(Step::MoveLearn, "has all bytes", 0);
  }
  case Step::MoveLearn:
    if (!is(Mutation::LearnNothing) || Program.moves_to == Home)
      b.known_home = static_cast<Byte>(Program.moves_to);
    return go(Step::MoveArrive, "knows the new home", 0);
  default: // MoveOpen
    node().gate = GateState::Open;
    if (!is(Mutation::CloseWithoutMutex))
      node().protocol_holder = Nobody;
    finish();
    return emit({Self, "opens the gate"});
  }
}

} // namespace model
