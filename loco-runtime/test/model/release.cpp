// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release.cpp - Coherence::release().

#include "model/stepper.h"

namespace model {

// flush_dirty(): a batch is locked, protected or copied aside, compared, flushed,
// unlocked.
void Stepper::release_dirty() {
  Thread &t = me();
  const bool compare_first = is(Mutation::CompareBeforeProtect);
  // The loop over the batch: past its end comes `then`.
  auto skip_to = [&](Step then) {
    while (t.at < Program.num_blocks() && !(t.mask & 1 << t.at))
      ++t.at;
    if (t.at < Program.num_blocks())
      return false;
    t.at = 0;
    pass(then);
    return true;
  };
  switch (t.step) {
  case Step::ReleaseMutex:
    if (!is(Mutation::NoReleaseMutex)) {
      if (node().protocol_holder != Nobody)
        return;
      node().protocol_holder = Self;
    }
    begin_epoch();
    return go(Step::ReleaseTake, "has the protocol mutex");
  case Step::ReleaseTake:
    for (int b = 0; b < Program.num_blocks(); ++b) {
      if (block(b).in_dirty_list)
        t.mask |= static_cast<Byte>(1 << b);
      block(b).in_dirty_list = 0;
    }
    return go(Step::ReleaseLock, "takes the list of dirty blocks");
  case Step::ReleaseLock:
    if (skip_to(compare_first ? Step::ReleaseCompare : Step::ReleaseProtect))
      return;
    if (!take_lock(t.at))
      return;
    if (!is(Mutation::ClearListedLate))
      block(t.at).dirty_flag = 0;
    ++t.at;
    return go(Step::ReleaseLock, "locks a dirty block", t.at - 1);
  case Step::ReleaseProtect:
    if (skip_to(compare_first ? Step::ReleaseUnlock : Step::ReleaseSnapshot))
      return;
    // Which of the two it is depends on the past: any block may be either.
    if (block(t.at).state == Copy::Dirty && !compare_first && !Program.shuts) {
      const State here = Next;
      t.open |= static_cast<Byte>(1 << t.at);
      ++t.at;
      go(Step::ReleaseProtect, "leaves open", t.at - 1);
      Next = here;
    }
    if (block(t.at).state == Copy::Dirty)
      change_page(t.at, Page::ReadOnly);
    ++t.at;
    return go(Step::ReleaseProtect, "protects", t.at - 1);
  case Step::ReleaseSnapshot: // byte by byte: stores come between
    for (int b = 0; b < Program.num_blocks(); ++b)
      if (t.open & 1 << b) {
        const int byte = t.at;
        t.aside[b][byte] = block(b).data[byte];
        if (b + 1 == Program.num_blocks() || !(t.open >> (b + 1)))
          t.at = static_cast<Byte>((byte + 1) % BytesPerBlock);
      }
    if (t.open == 0 || t.at == 0)
      return t.open == 0
                 ? pass(Step::ReleaseCompare)
                 : go(Step::ReleaseCompare, "copies open blocks aside");
    return go(Step::ReleaseSnapshot, "copies part of open blocks aside");
  case Step::ReleaseCompare:
    if (skip_to(compare_first ? Step::ReleaseProtect : Step::ReleaseUnlock))
      return;
    if (t.open & 1 << t.at)
      put_snapshot(t.at);
    else if (block(t.at).state == Copy::Dirty)
      put_delta(t.at);
    ++t.at;
    return go(Step::ReleaseCompare, "compares and sends", t.at - 1);
  default: // ReleaseUnlock
    if (t.num_puts > 0 && !is(Mutation::PublishBeforeFlush) &&
        !is(Mutation::UnlockBeforeFlush))
      return; // the flush
    if (skip_to(Step::ReleaseFence))
      return;
    if (t.open & 1 << t.at) {
      BlockOnNode &b = block(t.at);
      std::memcpy(b.twin,
                  is(Mutation::TwinIsCopy) ? b.data : t.aside[t.at],
                  sizeof b.twin);
      if (!is(Mutation::ForgetOpen))
        list_dirty(b);
    } else if (block(t.at).state == Copy::Dirty) {
      block(t.at).state = Copy::Clean;
      forget_twin(t.at);
    }
    block(t.at).holder = Nobody;
    ++t.at;
    return go(Step::ReleaseUnlock, "unlocks", t.at - 1);
  }
}

// take_exports() and Exports::take_all(), with two levels of marks; and the blocks
// that are watched.
void Stepper::release_exported() {
  Thread &t = me();
  const bool publish_first = is(Mutation::PublishBeforeExports);
  const Step after = publish_first ? Step::ReleaseEnd : Step::PublishUnsure;
  switch (t.step) {
  case Step::ReleaseFence:
    if (is(Mutation::UnlockBeforeFlush) && t.num_puts > 0)
      return; // late, but before the notices
    for (int b = 0; b < Program.num_blocks(); ++b)
      if (is(Mutation::ClearListedLate) && t.mask & 1 << b)
        block(b).dirty_flag = 0;
    if (!is(Mutation::NoFenceBeforeMarks))
      drain_own();
    t.mask = t.at = t.open = 0;
    std::memset(t.aside, 0, sizeof t.aside);
    if (publish_first)
      return pass(Step::PublishUnsure);
    [[fallthrough]];
  case Step::ReleaseSummary: {
    t.mask = t.at = 0;
    bool any = node().summary_mark;
    for (int b = 0; b < Program.num_blocks(); ++b)
      any |= block(b).watched;
    node().summary_mark = 0;
    return go(any ? Step::ReleaseMark : after, "takes the summary mark");
  }
  case Step::ReleaseMark: {
    if (t.at == Program.num_blocks()) {
      t.at = 0;
      return pass(after);
    }
    const bool marked = block(t.at).marked;
    block(t.at).marked = 0;
    if (marked && !block(t.at).watched && is(Mutation::FingerprintBeforeProtect))
      take_fingerprint(t.at);
    t.was_marked = marked;
    if (marked || block(t.at).watched)
      return go(Step::ReleaseHome, marked ? "takes a mark" : "watches", t.at);
    ++t.at;
    return go(Step::ReleaseMark, "finds no mark", t.at - 1);
  }
  default: { // ReleaseHome
    if (!take_lock(t.at))
      return;
    BlockOnNode &b = block(t.at);
    if (b.state == Copy::Absent) { // claimed, and not touched here
      b.state = Copy::Home;
      b.page = Page::Writable;
    }
    if (b.state != Copy::Home) {
      b.watched = 0;
      b.holder = Nobody;
      t.was_marked = 0;
      ++t.at;
      return go(Step::ReleaseMark, "finds its block protected", t.at - 1);
    }
    if (Program.always_modified) {
      note_modified(t.at);
      b.holder = Nobody;
      t.was_marked = 0;
      ++t.at;
      return go(Step::ReleaseMark, "notes its block", t.at - 1);
    }
    // Which of the two it is depends on the past: any block may be either.
    const State here = Next;
    if (!Program.shuts)
      go(Step::ReleaseWatch, "leaves its block open", t.at);
    Next = here;
    if (!is(Mutation::CompareBeforeShut))
      change_page(t.at, Page::ReadOnly);
    return go(Step::ReleaseShut, "protects its block", t.at);
  }
  }
}

// take_exported_run(), compare_watched(): of a block that stays writable, and
// of one that is protected now.
void Stepper::release_watched() {
  Thread &t = me();
  BlockOnNode &b = block(t.at);
  const bool shut = t.step == Step::ReleaseShut;
  if (!shut || is(Mutation::CompareBeforeShut)) { // byte by byte: stores come between
    const int byte = t.mask++;
    t.aside[0][byte] = b.data[byte];
    if (t.mask < BytesPerBlock)
      return emit({Self, "reads its block", t.at, byte, b.data[byte]});
    t.mask = 0;
    if (shut)
      change_page(t.at, Page::ReadOnly);
  } else {
    std::memcpy(t.aside[0], b.data, sizeof b.data);
  }
  const bool same = std::memcmp(t.aside[0], b.print, sizeof b.print) == 0;
  const bool was_watched = b.watched;
  b.watched = !shut && (!was_watched || same);
  if (was_watched && !same) {
    if (!is(Mutation::WatchQuietly))
      note_modified(t.at);
  } else if (was_watched) {
    if (t.was_marked && !is(Mutation::WatchWithoutMarks))
      b.listed_unsure = 1;
    if (is(Mutation::ForgetWatched))
      b.watched = 0;
  } else if (b.notice_pending) {
    b.watched = 0;
  } else {
    if (!is(Mutation::FingerprintBeforeProtect))
      std::memcpy(b.print, t.aside[0], sizeof b.print);
    b.listed_unsure = 1;
  }
  if (shut)
    b.state = Copy::HomeProtected;
  std::memset(t.aside, 0, sizeof t.aside);
  b.holder = Nobody;
  t.was_marked = 0;
  ++t.at;
  go(Step::ReleaseMark, "has compared its block", t.at - 1);
}

// publish_modified() and Notices::publish().
void Stepper::publish() {
  Thread &t = me();
  const bool clear_late = is(Mutation::ClearPendingLate);
  switch (t.step) {
  case Step::PublishUnsure: {
    bool any = false;
    for (int b = 0; b < Program.num_blocks(); ++b)
      if (block(b).listed_unsure) {
        block(b).listed_unsure = 0;
        node().log[node().published++ % Program.log_notices] =
            static_cast<Byte>(b | UnsureBit);
        any = true;
      }
    if (!any)
      return pass(Step::ReleaseTakeModified);
    return go(Step::ReleaseTakeModified, "publishes fingerprints");
  }
  case Step::ReleaseTakeModified:
    t.mask = 0;
    for (int b = 0; b < Program.num_blocks(); ++b) {
      if (block(b).listed_modified)
        t.mask |= static_cast<Byte>(1 << b);
      block(b).listed_modified = 0;
    }
    if (t.mask == 0 && !is(Mutation::PublishBeforeExports))
      return pass(Step::ReleaseEnd);
    return go(clear_late ? Step::Publish : Step::ReleaseClear,
              "takes the list of modified blocks");
  case Step::ReleaseClear:
    if (t.at == Program.num_blocks()) {
      t.at = 0;
      return pass(clear_late ? Step::ReleaseEnd : Step::Publish);
    }
    if (!(t.mask & 1 << t.at)) {
      ++t.at;
      return pass(Step::ReleaseClear);
    }
    if (!take_lock(t.at))
      return;
    block(t.at).notice_pending = 0;
    block(t.at).holder = Nobody;
    ++t.at;
    return go(Step::ReleaseClear, "has a notice of", t.at - 1);
  case Step::Publish:
  case Step::PublishEntries: {
    const bool early = is(Mutation::CountBeforeEntries);
    Byte count = node().published;
    if (early && t.step == Step::Publish) {
      for (int b = 0; b < Program.num_blocks(); ++b)
        if (t.mask & 1 << b) {
          node().log[count % Program.log_notices] = Nobody;
          ++count;
        }
      t.end = node().published;
      node().published = count;
      return go(Step::PublishEntries, "raises the count of notices");
    }
    if (early)
      count = t.end;
    for (int b = 0; b < Program.num_blocks(); ++b)
      if (t.mask & 1 << b)
        node().log[count++ % Program.log_notices] = static_cast<Byte>(b);
    node().published = count;
    const bool more = is(Mutation::PublishBeforeExports);
    return go(clear_late ? Step::ReleaseClear
              : more     ? Step::ReleaseSummary
                         : Step::ReleaseEnd,
              "publishes its notices");
  }
  default: { // ReleaseEnd
    if (t.buffer_full)
      return; // the store that gives the byte comes after those before it
    if (!is(Mutation::NoReleaseMutex))
      node().protocol_holder = Nobody;
    end_epoch();
    Event event{Self, "has released"};
    if (t.operation == Operation::Give) {
      ghost().owner = Nobody;
      if (Program.lazy)
        block().left[t.byte] = node().completed;
      event = {Self, "has released, and gives", t.block, t.byte};
    }
    finish();
    return emit(event);
  }
  }
}

} // namespace model
