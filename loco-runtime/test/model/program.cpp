// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// program.cpp - what the program does.

#include "model/stepper.h"

namespace model {

// ------------------------------------------------------------- the program
//
// Every data-race-free one: a byte has one owner, who may load and store it,
// and hands it on by a release, after which another thread takes it and
// acquires. Threads of a node may also pass a byte on between them, which the
// protocol does not see. Releases and acquires may come at any time. Shared
// bytes are for atomic operations of all.

void Stepper::start(Operation operation, int b, int byte, Step step) {
  begin();
  Thread &t = me();
  t.operation = operation;
  t.block = static_cast<Byte>(b);
  t.byte = static_cast<Byte>(byte);
  t.step = step;
  if (operation == Operation::Take)
    ghost().owner = Self;
  switch (operation) {
  case Operation::Load:
  case Operation::Store:
    --t.accesses;
    break;
  case Operation::Atomic:
    --t.atomics;
    break;
  case Operation::Evict:
    --t.evictions;
    t.dropping = static_cast<Byte>(b);
    t.inside = 1;
    break;
  case Operation::Move:
    --t.moves;
    break;
  default:
    if (!Program.threads[Self].serves)
      --t.syncs;
  }
  run();
}

void Stepper::choose_operation() {
  const Thread &self = Before.threads[Self];
  if (Program.threads[Self].serves) {
    if (Before.nodes[Home].wanted > Before.nodes[Home].completed)
      start(Operation::Release, 0, 0, Step::ReleaseMutex);
    return;
  }
  if (self.syncs > 0) {
    start(Operation::Release, 0, 0, Step::ReleaseMutex);
    start(Operation::Acquire, 0, 0, Step::AcquireMutex);
  }
  if (self.moves > 0)
    start(Operation::Move, 0, 0, Step::MoveMutex);
  const bool may_evict =
      self.evictions > 0 && Before.nodes[Home].gate == GateState::Open;
  for (int b = 0; b < Program.num_blocks() && may_evict; ++b)
    start(Operation::Evict, b, 0, Step::AcquireLock);
  for (int b = 0; b < Program.num_blocks(); ++b)
    for (int byte = 0; byte < BytesPerBlock; ++byte) {
      const Ghost &ghost = Before.ghosts[b][byte];
      if (ghost.owner == Self) {
        if (self.accesses > 0) {
          start(Operation::Load, b, byte, Step::Access);
          start(Operation::Store, b, byte, Step::Access);
        }
        if (self.atomics > 0)
          start(Operation::Atomic, b, byte, Step::Enter);
        if (self.syncs > 0) {
          start(Operation::Give, b, byte, Step::ReleaseMutex);
          if (Program.lazy)
            start(Operation::Leave, b, byte,
                  Program.asks ? Step::LeaveFlag : Step::LeaveCount);
          if (self.buffer_full)
            continue;
          for (int t = 0; t < Program.num_threads(); ++t) {
            if (t == Self || Program.threads[t].node != Home)
              continue;
            begin();
            Next.ghosts[b][byte].owner = static_cast<Byte>(t);
            --me().syncs;
            emit({Self, "passes on to a thread of its node", b, byte, t});
          }
        }
      } else if (ghost.owner == Shared && self.atomics > 0) {
        start(Operation::Atomic, b, byte, Step::Enter);
      } else if (ghost.owner == Nobody && self.syncs > 0) {
        start(Operation::Take, b, byte,
              Program.asks   ? Step::TakeNext
              : Program.lazy ? Step::TakeLook
                             : Step::AcquireMutex);
      }
    }
}

// The instruction itself. Where the page table stops it, the block is made
// ready, whether by a slow path or by the fault thread.
void Stepper::access() {
  Thread &t = me();
  BlockOnNode &b = block();
  if (b.page == Page::None || (is_store() && b.page != Page::Writable))
    return go(Program.moves_to < 0 ? Step::Claim : Step::Enter,
              "finds the block not ready", t.block);
  if (!is_store()) {
    const bool own =
        t.buffer_full && t.buffer_block == t.block && t.buffer_byte == t.byte;
    const Byte value = own ? t.buffer_value : b.data[t.byte];
    const Event event{Self, "loads the value", t.block, t.byte, value};
    const bool right = value == ghost().value;
    finish();
    return emit(event, right ? nullptr : "a load saw an old value");
  }
  if (t.buffer_full)
    return; // until it is drained
  const Byte value =
      static_cast<Byte>(Program.toggles ? ghost().value ^ 1 : ghost().value + 1);
  ghost().value = value;
  t.buffer_full = 1;
  t.buffer_block = t.block;
  t.buffer_byte = t.byte;
  t.buffer_value = value;
  const Event event{Self, "stores the value", t.block, t.byte, value};
  finish();
  emit(event);
}

} // namespace model
