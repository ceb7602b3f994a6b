// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fetch.cpp - what a thread does that holds its block's lock: misses, first
// stores, atomic operations.

#include "model/stepper.h"

namespace model {

// ----------------------------------------------- Homes, prepare_locked, fetch

// What a thread does that holds its block's lock.
void Stepper::locked() {
  const Thread &t = me();
  BlockOnNode &b = block();
  if (t.operation == Operation::Atomic) {
    if (b.state == Copy::Dirty && !is(Mutation::NoBytesBeforeAtomic))
      return go(Step::AtomicBytes, "locks a dirty copy", t.block);
    return go(Step::AtomicAct, "locks", t.block);
  }
  if (b.state == Copy::Absent)
    return go(is(Mutation::FlagAfterGet) ? Step::FetchMark : Step::FetchFlag,
              "locks, and finds no copy", t.block);
  if (b.state == Copy::Clean && b.page == Page::None) { // show()
    b.page = Page::ReadOnly;
    return go(is_store() ? Step::TwinCopy : Step::Unlock,
              "locks, and shows its hidden copy", t.block);
  }
  if (is_store() && b.state == Copy::Clean)
    return go(is(Mutation::UnprotectBeforeTwin) ? Step::TwinShow
                                                : Step::TwinCopy,
              "locks a clean copy", t.block);
  if (is_store() && b.state == Copy::HomeProtected)
    return go(Step::HomeNote, "locks a protected home block", t.block);
  go(Step::Unlock, "locks, and finds the block ready", t.block);
}

void Stepper::fetch() {
  Thread &t = me();
  BlockOnNode &b = block();
  const int home = home_of(t.block);
  const bool mark_late = is(Mutation::MarkAfterGet);
  const bool show_early = is(Mutation::ShowBeforeGet);
  const bool twin_late = is(Mutation::ShowBeforeTwin);
  const Step after_get =
      is_store() && !twin_late ? Step::FetchTwin : Step::FetchShow;
  switch (t.step) {
  case Step::FetchFlag:
    b.has_copies = 1;
    if (is(Mutation::FlagAfterGet))
      return go(after_get, "registers the copy", t.block);
    return go(mark_late ? Step::FetchGet : Step::FetchMark,
              "registers the copy", t.block);
  case Step::FetchMark:
    put_marks(home, t.block);
    return go(mark_late    ? after_get
              : show_early ? Step::FetchShow
                           : Step::FetchGet,
              "marks the block at home", t.block);
  case Step::FetchGet: { // byte by byte: a get may be torn
    if (t.num_puts > 0 && !is(Mutation::NoFenceAfterMark))
      return; // the fence
    b.data[t.at] = at_home(t.block).data[t.at];
    const int byte = t.at++;
    if (t.at < BytesPerBlock)
      return emit({Self, "gets", t.block, byte, b.data[byte]});
    t.at = 0;
    t.step = is(Mutation::FlagAfterGet) ? Step::FetchFlag
             : mark_late                ? Step::FetchMark
             : show_early               ? Step::Unlock
                                        : after_get;
    return emit({Self, "gets", t.block, byte, b.data[byte]});
  }
  case Step::FetchTwin:
    std::memcpy(b.twin, b.data, sizeof b.twin);
    list_dirty(b);
    return go(twin_late ? Step::Unlock : Step::FetchShow, "makes a twin",
              t.block);
  default: // FetchShow
    b.state = is_store() ? Copy::Dirty : Copy::Clean;
    b.page = is_store() ? Page::Writable : Page::ReadOnly;
    return go(show_early                ? Step::FetchGet
              : twin_late && is_store() ? Step::FetchTwin
                                        : Step::Unlock,
              "shows the block", t.block);
  }
}

// make_dirty() and unprotect_home().
void Stepper::first_write() {
  Thread &t = me();
  BlockOnNode &b = block();
  switch (t.step) {
  case Step::TwinCopy:
    std::memcpy(b.twin, b.data, sizeof b.twin);
    list_dirty(b);
    return go(is(Mutation::UnprotectBeforeTwin) ? Step::Unlock : Step::TwinShow,
              "makes a twin", t.block);
  case Step::TwinShow:
    b.page = Page::Writable;
    b.state = Copy::Dirty;
    return go(is(Mutation::UnprotectBeforeTwin) ? Step::TwinCopy : Step::Unlock,
              "unprotects the copy", t.block);
  case Step::HomeNote: {
    // For a store to it, or with another: then the store may come at any time, too.
    const State here = Next;
    if (!Program.shuts && !Program.always_modified) {
      if (!b.watched && !is(Mutation::OpenWithOldPrint))
        std::memcpy(b.print, b.data, sizeof b.print);
      b.watched = !is(Mutation::OpenUnwatched);
      go(Step::HomeShow, "watches its own block", t.block);
    }
    Next = here;
    if (!is(Mutation::NoNoteAtUnprotect))
      note_modified(t.block);
    return go(Step::HomeShow, "notes its own block as modified", t.block);
  }
  default: // HomeShow
    b.page = Page::Writable;
    b.state = Copy::Home;
    return go(Step::Unlock, "unprotects its own block", t.block);
  }
}

// Coherence::at_home() with an increment.
void Stepper::atomic() {
  Thread &t = me();
  BlockOnNode &b = block();
  const bool remote = home_of(t.block) != Home;
  switch (t.step) {
  case Step::AtomicBytes:
    if (b.data[t.byte] != b.twin[t.byte]) {
      b.twin[t.byte] = b.data[t.byte];
      put(Put::Data, home_of(t.block), t.block, t.byte, b.data[t.byte]);
      note_modified(t.block);
    }
    return go(Step::AtomicAct, "sends its own byte home", t.block);
  case Step::AtomicAct: {
    if (t.num_puts > 0)
      return; // the flush
    const bool cached = b.state == Copy::Clean || b.state == Copy::Dirty;
    if ((remote || b.state == Copy::HomeProtected) &&
        !is(Mutation::NoNoticeOfAtomic))
      note_modified(t.block);
    BlockOnNode &where =
        cached && is(Mutation::AtomicInCopy) ? b : at_home(t.block);
    t.result = ++where.data[t.byte];
    ++ghost().value;
    t.step = Step::AtomicPatch;
    return emit({Self, "adds at home", t.block, t.byte, t.result});
  }
  default: // AtomicPatch
    if (remote && b.state != Copy::Absent && !is(Mutation::NoPatchOfCopy))
      b.data[t.byte] = t.result;
    if (remote && b.state == Copy::Dirty && !is(Mutation::NoPatchOfTwin))
      b.twin[t.byte] = t.result;
    b.holder = Nobody;
    finish();
    return emit({Self, "patches its copy and unlocks"});
  }
}

} // namespace model
