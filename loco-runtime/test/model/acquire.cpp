// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// acquire.cpp - Coherence::acquire().

#include "model/stepper.h"

namespace model {

void Stepper::acquire() {
  Thread &t = me();
  switch (t.step) {
  case Step::AcquireMutex:
    if (!is(Mutation::NoAcquireMutex)) {
      if (node().protocol_holder != Nobody)
        return;
      node().protocol_holder = Self;
    }
    t.peer = Home == 0;
    for (int n = 0; n < Program.nodes; ++n)
      t.completed[n] = n == Home ? Byte{0} : Next.nodes[n].completed;
    return go(Step::AcquireCount, "has the protocol mutex");
  case Step::AcquireCount: {
    if (t.peer >= Program.nodes) {
      t.at = 0;
      if (!t.lost)
        return pass(Step::AcquireEnd);
      t.end = static_cast<Byte>(Program.num_blocks());
      return pass(Step::AcquireNotice);
    }
    const Byte peer = t.peer;
    t.at = node().seen[peer];
    t.end = Next.nodes[peer].published;
    if (is(Mutation::NoAcquireMutex))
      node().seen[peer] = t.end; // what the other then finds read
    if (t.at == t.end) {
      t.peer = static_cast<Byte>(peer + (peer + 1 == Home ? 2 : 1));
      return go(Step::AcquireCount, "finds nothing new from a node", peer);
    }
    t.step = Step::AcquireNotice;
    return emit({Self, "reads the log of a node", -1, -1, peer});
  }
  case Step::AcquireNotice: {
    const bool all = t.peer >= Program.nodes;
    if (t.at == t.end) {
      if (all)
        return pass(Step::AcquireEnd);
      const Byte peer = t.peer;
      node().seen[peer] =
          is(Mutation::SeenTooFar) ? Next.nodes[peer].published : t.end;
      t.peer = static_cast<Byte>(peer + (peer + 1 == Home ? 2 : 1));
      t.at = 0;
      return pass(Step::AcquireCount);
    }
    const Node &peer = Next.nodes[all ? 0 : t.peer];
    if (!all && peer.published - t.at > Program.log_notices &&
        !is(Mutation::ForgetLap)) {
      t.lost = 1;
      t.at = t.end;
      return go(Step::AcquireNotice, "finds notices overwritten");
    }
    t.dropping = all ? t.at : peer.log[t.at % Program.log_notices];
    t.unsure = 0;
    if (!all && t.dropping != Nobody && t.dropping & UnsureBit) {
      t.dropping ^= UnsureBit;
      t.unsure = 1;
    }
    ++t.at;
    if (t.dropping != Nobody && block(t.dropping).watched &&
        !is(Mutation::WatchDespiteNotices))
      block(t.dropping).marked = 1;
    if (t.dropping == Nobody || !block(t.dropping).has_copies) {
      t.dropping = t.unsure = 0;
      return go(Step::AcquireNotice, "has no copies of what a notice names");
    }
    if (all)
      block(t.dropping).has_copies = 0;
    return go(Step::AcquireLock, "reads a notice of", t.dropping);
  }
  default: { // AcquireEnd
    if (!is(Mutation::NoAcquireMutex))
      node().protocol_holder = Nobody;
    for (int n = 0; n < Program.nodes; ++n)
      if (Program.lazy && n != Home)
        node().acquired[n] = is(Mutation::AcquiredTooFar)
                                 ? Next.nodes[n].completed
                                 : t.completed[n];
    return end_of_acquire();
  }
  }
}

// Coherence::drop_changed(): whether the copy is what the peer's fingerprint
// says. A dirty block's twin is the copy as it was fetched.
bool Stepper::is_as_published(int b) {
  const BlockOnNode &mine = block(b);
  const Byte *copy = mine.state == Copy::Dirty ? mine.twin : mine.data;
  return is(Mutation::KeepUnsure) ||
         std::memcmp(copy, Next.nodes[me().peer].blocks[b].print,
                     sizeof mine.print) == 0;
}

// Coherence::drop(), by an acquire or an eviction.
void Stepper::drop() {
  Thread &t = me();
  const int b = t.dropping;
  const bool compare_first = is(Mutation::CompareBeforeDrop);
  switch (t.step) {
  case Step::AcquireLock:
    if (t.operation == Operation::Evict) { // evict(): never waits (M10)
      const bool cached =
          block(b).state == Copy::Clean || block(b).state == Copy::Dirty;
      if (cached && take_lock(b))
        go(Step::AcquireDrop, "locks", b);
      return;
    }
    if (is(Mutation::PassLockedBlock) && block(b).holder != Nobody)
      return go(Step::AcquireNotice, "passes a locked block", b);
    if (!take_lock(b))
      return;
    if ((block(b).state != Copy::Clean && block(b).state != Copy::Dirty) ||
        (is(Mutation::KeepDirty) && block(b).state == Copy::Dirty) ||
        (is(Mutation::KeepHidden) && block(b).page == Page::None)) {
      block(b).holder = Nobody;
      return go(Step::AcquireNotice, "has no copy of", b);
    }
    if (t.unsure && is_as_published(b)) {
      block(b).holder = Nobody;
      return go(Step::AcquireNotice, "keeps its copy of", b);
    }
    // Which of the two it is depends on the past: any block may be either.
    if (block(b).state == Copy::Clean || is(Mutation::RefreshDirty))
      go(is(Mutation::RefreshBeforeMark) ? Step::RefreshGet : Step::RefreshMark,
         "locks, to refresh,", b);
    if (block(b).state == Copy::Dirty)
      go(is(Mutation::MergeBeforeMark) ? Step::MergeGet : Step::MergeMark,
         "locks, to merge,", b);
    return go(compare_first ? Step::AcquireCompare : Step::AcquireDrop, "locks",
              b);
  case Step::AcquireDrop:
    change_page(b, Page::None);
    return go(compare_first ? Step::AcquireUnlock : Step::AcquireCompare,
              "takes the page away", b);
  case Step::AcquireCompare:
    if (block(b).state == Copy::Dirty && !is(Mutation::DropWithoutDelta))
      put_delta(b);
    return go(compare_first ? Step::AcquireDrop : Step::AcquireUnlock,
              "compares and sends", b);
  default: // AcquireUnlock
    if (t.num_puts > 0)
      return; // the flush
    block(b).state = Copy::Absent;
    block(b).holder = Nobody;
    forget_twin(b);
    std::memset(block(b).data, 0, sizeof block(b).data);
    if (t.operation != Operation::Evict) {
      t.dropping = 0;
      return go(Step::AcquireNotice, "has dropped", b);
    }
    if (is(Mutation::ForgetFlagLate))
      return go(Step::EvictForget, "has evicted", b);
    block(b).has_copies = 0;
    finish();
    return emit({Self, "has evicted", b});
  }
}

// Coherence::refresh(): the page stays visible, but for a trial: hide().
void Stepper::refresh() {
  Thread &t = me();
  const int b = t.dropping;
  const bool mark_late = is(Mutation::RefreshBeforeMark);
  auto end = [&](const char *what) {
    block(b).holder = Nobody;
    t.dropping = t.unsure = 0;
    go(Step::AcquireNotice, what, b);
  };
  if (t.step == Step::RefreshMark) {
    put_marks(home_of(b), b);
    if (mark_late)
      return end("marks at home what it has refreshed,");
    return go(Step::RefreshGet, "marks the block at home", b);
  }
  if (t.num_puts > 0)
    return;                  // the fence
  const int byte = t.mask++; // byte by byte, as a fetch
  block(b).data[byte] = at_home(b).data[byte];
  if (t.mask < BytesPerBlock)
    return emit({Self, "refreshes", b, byte, block(b).data[byte]});
  t.mask = 0;
  if (mark_late)
    return go(Step::RefreshMark, "has refreshed", b);
  end("has refreshed");
  change_page(b, Page::None);
  end("has refreshed and hidden");
}

// Coherence::merge(): the page stays writable; what others have changed is stored
// byte by byte, to the copy and to the twin.
void Stepper::merge() {
  Thread &t = me();
  const int b = t.dropping;
  BlockOnNode &mine = block(b);
  const bool mark_late = is(Mutation::MergeBeforeMark);
  switch (t.step) {
  case Step::MergeMark:
    put_marks(home_of(b), b);
    return go(mark_late ? Step::MergeStore : Step::MergeGet,
              "marks the block at home", b);
  case Step::MergeGet: {
    if (t.num_puts > 0)
      return; // the fence
    const int byte = t.mask++;
    t.aside[0][byte] = at_home(b).data[byte];
    t.aside[1][byte] = mine.data[byte]; // of use for a mutation alone
    if (!is(Mutation::MergeNeighbours))
      t.aside[1][byte] = 0;
    if (t.mask == BytesPerBlock) {
      t.mask = 0;
      t.step = mark_late ? Step::MergeMark : Step::MergeStore;
    }
    return emit({Self, "gets, to merge,", b, byte, t.aside[0][byte]});
  }
  default: { // MergeStore
    const int byte = t.mask++;
    const Byte got = t.aside[0][byte];
    // A byte that this node has stored to differs at home from no twin: the
    // stores of others to it were merged before.
    if (got != mine.twin[byte] || is(Mutation::MergeOwnStores)) {
      mine.data[byte] = got;
      if (!is(Mutation::MergeInCopyAlone))
        mine.twin[byte] = got;
    } else if (is(Mutation::MergeNeighbours)) {
      mine.data[byte] = t.aside[1][byte];
    }
    if (t.mask < BytesPerBlock)
      return emit({Self, "merges", b, byte, got});
    t.mask = 0;
    std::memset(t.aside, 0, sizeof t.aside);
    mine.holder = Nobody;
    t.dropping = t.unsure = 0;
    return go(Step::AcquireNotice, "has merged", b);
  }
  }
}

void Stepper::end_of_acquire() {
  const Thread &t = me();
  const BlockOnNode &b = block();
  const bool stale = t.operation == Operation::Take && b.page != Page::None &&
                     b.data[t.byte] != ghost().value;
  Event event{Self, "has acquired"};
  if (t.operation == Operation::Take)
    event = {Self, "has acquired", t.block, t.byte};
  finish();
  emit(event, stale ? "M6: an old copy is there after the acquire" : nullptr);
}

} // namespace model
