// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stepper.h - makes the transitions of one thread from one state. The member
// functions are in program.cpp, fetch.cpp, release.cpp, acquire.cpp, move.cpp;
// each names the functions of the runtime that it stands for. A step ends where
// another thread could see, or do, something in between.
#pragma once

#include "model/protocol.h"

#include <cstdlib>
#include <cstring>

namespace model {

/// Makes the steps of one thread from one state.
class Stepper {
public:
  Stepper(const Setup &setup, Mutation mutation, const State &state, int thread,
          std::vector<Transition> &into)
      : Program(setup), Mutated(mutation), Before(state), Into(into),
        Self(static_cast<Byte>(thread)),
        Home(static_cast<Byte>(setup.threads[Self].node)) {}

  /// The thread's own next step, where it has one.
  void step();
  /// What CPU and network may do for it meanwhile.
  void deliver();

private:
  // `Next` is the state that is being made: a copy of Before.
  Thread &me() { return Next.threads[Self]; }
  Node &node() { return Next.nodes[Home]; }
  BlockOnNode &block(int b) { return node().blocks[b]; }
  BlockOnNode &block() { return block(me().block); }
  /// What this node takes for the home.
  int home_of(int b) {
    if (block(b).known_home == Nobody)
      block(b).known_home = Next.home[b];
    return block(b).known_home;
  }
  BlockOnNode &at_home(int b) { return Next.nodes[home_of(b)].blocks[b]; }
  Ghost &ghost() { return Next.ghosts[me().block][me().byte]; }
  bool is(Mutation mutation) const { return Mutated == mutation; }
  bool is_store() { return me().operation == Operation::Store; }

  void begin() { Next = Before; }
  void emit(Event event, const char *violation = nullptr) {
    event.thread = Self;
    Into.push_back({Next, event, violation});
  }
  void go(Step step, const char *what, int about = -1) {
    me().step = step;
    emit({Self, what, about});
  }
  /// Goes on in the same transition: what was done so far no other thread can
  /// see, or what follows can always happen and is seen by none.
  void pass(Step step) {
    me().step = step;
    run();
  }
  /// The operation is over.
  void finish() {
    Thread &t = me();
    t.step = Step::Idle;
    t.operation = Operation::None;
    t.block = t.byte = t.at = t.mask = t.peer = t.end = 0;
    t.dropping = t.unsure = t.lost = t.result = t.inside = 0;
    t.open = t.was_marked = 0;
    std::memset(t.aside, 0, sizeof t.aside);
    std::memset(t.completed, 0, sizeof t.completed);
  }

  bool take_lock(int b) {
    if (block(b).holder != Nobody)
      return false;
    block(b).holder = Self;
    drain_own(); // an atomic exchange
    return true;
  }
  void drain(Thread &thread, Node &on) {
    if (thread.buffer_full)
      on.blocks[thread.buffer_block].data[thread.buffer_byte] =
          thread.buffer_value;
    thread.buffer_full = thread.buffer_block = thread.buffer_byte =
        thread.buffer_value = 0;
  }
  void drain_own() { drain(me(), node()); }
  /// Protecting or dropping a page interrupts the CPUs that may have it in
  /// their TLB: what their threads have stored there is visible then.
  void change_page(int b, Page page) {
    block(b).page = page;
    if (is(Mutation::NoShootdown))
      return;
    for (int t = 0; t < Program.num_threads(); ++t) {
      Thread &thread = Next.threads[t];
      if (Program.threads[t].node == Home && thread.buffer_full &&
          thread.buffer_block == b)
        drain(thread, node());
    }
  }
  void put(Put::Kind kind, int to, int b, int byte = 0, int value = 0) {
    Thread &t = me();
    if (t.num_puts == MaxPuts)
      std::abort();
    t.puts[t.num_puts++] = {kind, static_cast<Byte>(to), static_cast<Byte>(b),
                            static_cast<Byte>(byte), static_cast<Byte>(value)};
  }
  void put_marks(int to, int b) {
    const bool swapped = is(Mutation::SummaryMarkFirst);
    put(swapped ? Put::SummaryMark : Put::Mark, to, b);
    put(swapped ? Put::Mark : Put::SummaryMark, to, b);
  }
  void take_fingerprint(int b) {
    std::memcpy(block(b).print, block(b).data, sizeof block(b).print);
  }
  void note_modified(int b) {
    if (!block(b).notice_pending)
      block(b).notice_pending = block(b).listed_modified = 1;
  }
  /// What a comparison with the twin sends, of the bytes set aside.
  void put_snapshot(int b) {
    for (int byte = 0; byte < BytesPerBlock; ++byte)
      if (me().aside[b][byte] != block(b).twin[byte]) {
        put(Put::Snapshot, home_of(b), b, byte, me().aside[b][byte]);
        note_modified(b);
      }
  }
  void put_delta(int b) {
    for (int byte = 0; byte < BytesPerBlock; ++byte)
      if (block(b).data[byte] != block(b).twin[byte] ||
          is(Mutation::WholeBlockDelta)) {
        put(Put::Data, home_of(b), b, byte, block(b).data[byte]);
        note_modified(b);
      }
  }
  void list_dirty(BlockOnNode &b) {
    if (!b.dirty_flag)
      b.dirty_flag = b.in_dirty_list = 1;
  }
  void forget_twin(int b) {
    std::memset(block(b).twin, 0, sizeof block(b).twin);
  }

  void run();
  void choose_operation();
  void start(Operation operation, int b, int byte, Step step);
  void access();
  void enter();
  void locked();
  void fetch();
  void first_write();
  void atomic();
  void release_dirty();
  void release_exported();
  void release_watched();
  void publish();
  void acquire();
  void lazy();
  void begin_epoch();
  void end_epoch();
  void drop();
  void refresh();
  void merge();
  bool is_as_published(int b);
  void end_of_acquire();
  void close_gate();
  void meet();
  void move();

  const Setup &Program;
  const Mutation Mutated;
  const State &Before;
  State Next;
  std::vector<Transition> &Into;
  const Byte Self; ///< thread
  const Byte Home; ///< its node
};

} // namespace model
