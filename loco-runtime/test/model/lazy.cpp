// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lazy.cpp - Coherence::release_through(), acquire_through(), acquire_from_all(),
// ReleaseEpochs: a byte's place is its own, and is written and read with it.

#include "model/stepper.h"

#include <algorithm>

namespace model {

void Stepper::begin_epoch() {
  if (!Program.lazy)
    return;
  drain_own(); // an atomic addition
  ++node().started;
  if (is(Mutation::CompleteEarly))
    node().completed = node().started;
}

void Stepper::end_epoch() {
  if (Program.lazy)
    node().completed = node().started;
}

void Stepper::lazy() {
  Thread &t = me();
  switch (t.step) {
  case Step::LeaveCount:
    if (!is(Mutation::LeaveWithoutFence))
      drain_own();
    t.end = static_cast<Byte>(node().started + !is(Mutation::LeaveCurrent));
    return go(Step::LeaveEntry, "counts its node's releases");
  case Step::LeaveEntry: {
    const Event event{Self, "leaves", t.block, t.byte, t.end};
    block().left[t.byte] = t.end;
    ghost().owner = Nobody;
    ghost().giver = Home;
    ghost().epoch = t.end;
    finish();
    return emit(event);
  }
  case Step::LeaveFlag: {
    // By a flag that is seen at once, after what was stored before it.
    drain_own();
    const Event event{Self, "sets a flag", t.block, t.byte};
    ghost().owner = Nobody;
    ghost().giver = Home;
    ghost().epoch = static_cast<Byte>(node().started + 1);
    finish();
    return emit(event);
  }
  case Step::TakeNext:
    for (int n = 0; n < Program.nodes; ++n) {
      if (n == Home)
        continue;
      Node &peer = Next.nodes[n];
      t.completed[n] =
          static_cast<Byte>(peer.started + !is(Mutation::TakeCurrent));
      peer.wanted = std::max(peer.wanted, t.completed[n]);
    }
    return go(is(Mutation::TakeAtOnce) ? Step::AcquireMutex : Step::TakeWait,
              "asks for the next releases of all");
  case Step::TakeLook: {
    bool unseen = false;
    for (int n = 0; n < Program.nodes; ++n)
      unseen |= n != Home && Next.nodes[n].blocks[t.block].left[t.byte] >
                                 node().acquired[n];
    if (!unseen)
      return end_of_acquire();
    return go(is(Mutation::TakeWithoutAsking) ? Step::AcquireMutex
                                              : Step::TakeAsk,
              "has not acquired what was left for", t.block);
  }
  case Step::TakeAsk:
    for (int n = 0; n < Program.nodes; ++n) {
      Node &peer = Next.nodes[n];
      const Byte left = peer.blocks[t.block].left[t.byte];
      if (n != Home && left > peer.completed && left > peer.wanted)
        peer.wanted = left;
    }
    return go(Step::TakeWait, "asks for releases");
  default: // TakeWait
    for (int n = 0; n < Program.nodes; ++n) {
      const Byte until = Program.asks ? t.completed[n]
                                      : Next.nodes[n].blocks[t.block].left[t.byte];
      if (n != Home && until > Next.nodes[n].completed)
        return;
    }
    return pass(Step::AcquireMutex);
  }
}

} // namespace model
