// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// acquire.cpp - the protocol: copies of what other nodes have noticed are taken
// away, or brought up to date (M3, M6, M17, M18).

#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

#include <optional>

namespace loco::memory {

using fabric::Segment;

void Coherence::acquire(const ReleaseClock *upto) {
  ScopedNanos timer(stats.AcquireNanos);
  fabric::WaitFor cause(fabric::Cause::Acquire);
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  loco::count(stats.Acquires);
  bool know_all = true;
  // Before the logs: what is acquired in the end is not more than was dropped.
  std::optional<ReleaseClock> releases;
  if (Watch != nullptr)
    releases = upto ? *upto : Watch->all_releases();
  ReleaseEpochs::Wanted completed = Epochs.completed_by_all();
  // Memory nodes write nothing.
  for (int peer = 0; peer < ComputeNodes; ++peer)
    if (peer != Network.node())
      know_all &=
          Log.read(peer, [this, peer](Notice n) { drop_notice(peer, n); });
  if (!know_all)
    drop_everything();
  Epochs.acquired(completed);
  if (Watch != nullptr)
    Watch->acquired(*releases);
}

void Coherence::drop_notice(int peer, Notice notice) {
  Block end = notice.first + notice.count;
  for (Block b = notice.first; b < end;) {
    Extent extent = extent_of(b);
    Block run = std::min(first_block(extent + 1), end) - b;
    mark_watched(b, run);
    if (Flags[extent].load(std::memory_order_seq_cst) & HasCopies) {
      lock_run(b, run);
      if (notice.unsure) {
        drop_changed(peer, b, run);
      } else {
        renew(b, run, nullptr);
      }
      unlock_run(b, run);
    }
    b += run;
  }
}

void Coherence::mark_watched(Block first, Block count) {
  // A copy is not as published where its own node has stored to it. This node's
  // store to the same bytes comes after this acquire, so finds it marked (M26).
  for (Block b = first; b < first + count; ++b)
    if (Directory.find(b) == Network.node()) {
      BlockLock lock(*this, b);
      if (Info[b].Watched)
        Info[b].Marked = true;
    }
}

void Coherence::drop_changed(int peer, Block first, Block count) {
  std::uint64_t published[BlocksPerExtent];
  Prints.get(peer, first, count, published);
  bool changed[BlocksPerExtent] = {};
  for (Block i = 0; i < count; ++i) {
    BlockInfo &info = Info[first + i];
    if (!is_copy(info.State))
      continue;
    // A Dirty block's twin is the copy as it was fetched.
    const std::byte *copy = info.State == State::Dirty
                                ? Twins.bytes(info.Twin)
                                : Space.runtime_view(first + i);
    changed[i] = fingerprint(copy) != published[i];
    loco::count(stats.BlocksKept, !changed[i]);
  }
  renew(first, count, changed);
}

void Coherence::renew(Block first, Block count, const bool *changed) {
  using Then = RefreshHistory::Then;
  bool refreshed[BlocksPerExtent] = {}, hidden[BlocksPerExtent] = {},
       merged[BlocksPerExtent] = {}, dropped[BlocksPerExtent] = {};
  for (Block i = 0; i < count; ++i) {
    BlockInfo &info = Info[first + i];
    if (changed && !changed[i])
      continue;
    if (is_at_home(info)) {
      Writers.others_wrote(first + i, 1);
      continue;
    }
    if (info.State == State::Absent || info.State == State::Hidden) {
      info.History.named_again();
      dropped[i] = info.State == State::Hidden;
      continue;
    }
    if (info.State == State::Dirty && Watch == nullptr) {
      merged[i] = true;
      continue;
    }
    Writers.others_wrote(first + i, 1);
    const bool shows = info.State == State::Clean &&
                       info.History.named(Costs.miss_in_refreshes(), first + i + NumReleases) == Then::Refresh;
    // Hidden blocks become visible as Clean ones.
    hidden[i] = info.State == State::Clean && !shows && Pages.installs_protected();
    refreshed[i] = shows || hidden[i];
    dropped[i] = !refreshed[i];
  }
  for_each_run(
      first, count, [&](Block b) { return refreshed[b - first]; },
      [&](Block start, Block n) { refresh(start, n); });
  for_each_run(
      first, count, [&](Block b) { return merged[b - first]; },
      [&](Block start, Block n) { merge(start, n); });
  for_each_run(
      first, count, [&](Block b) { return hidden[b - first]; },
      [&](Block start, Block n) { hide(start, n); });
  for_each_run(
      first, count, [&](Block b) { return dropped[b - first]; },
      [&](Block start, Block n) {
        loco::count(stats.BlocksDropped, drop(start, n, Pieces));
      });
}

void Coherence::refresh(Block first, Block count) {
  loco::count(stats.BlocksRefreshed, count); // before they are: see acquire_from_all()
  // As fetch() (M5, M6), but the pages stay visible: they are protected, so
  // what is overwritten is what the home had (M18).
  for_each_home(first, count, [&](int home, Block start, Block n) {
    Exported.mark(home, start, n);
    Network.get(home, Segment::Memory, offset_of(start),
                Space.runtime_view(start), n * BlockBytes);
  });
  loco::count(stats.BytesFetched, count * BlockBytes);
}

void Coherence::merge(Block first, Block count) {
  loco::count(stats.BlocksMerged, count); // before they are, too
  // Marked before the get, so as good as fetched (M5, M6). What the home has and
  // the twin has not, others have stored; no thread of this node has stored to
  // these bytes, or may read them, before this acquire is over (M25).
  for_each_home(first, count, [&](int home, Block start, Block n) {
    Exported.mark(home, start, n);
    Network.get(home, Segment::Memory, offset_of(start), Incoming,
                n * BlockBytes);
    for (Block b = start; b < start + n; ++b)
      // A home compares all of a block, so it may have noticed what this node sent.
      if (merge_changes(Incoming + (b - start) * BlockBytes,
                        Twins.bytes(Info[b].Twin),
                        Space.runtime_view(b)) != 0)
        Writers.others_wrote(b, 1);
  });
  loco::count(stats.BytesFetched, count * BlockBytes);
}

Block Coherence::drop(Block first, Block count, fabric::Piece *pieces) {
  Block dropped = 0;
  for_each_run(
      first, count, [&](Block b) { return is_copy(Info[b].State); },
      [&](Block start, Block n) {
        // Taken away before it is compared: a store either is in the delta or
        // faults and starts from what home has then (M3).
        std::byte *address = Space.address_of(start);
        AddressSpace::set_shadow(address, n, LOCO_SHADOW_ABSENT);
        Pages.drop(address, n * BlockBytes);
        bool any_dirty = false;
        for (Block b = start; b < start + n; ++b)
          if (Info[b].State == State::Dirty) {
            put_delta(b, Space.runtime_view(b), pieces);
            any_dirty = true;
          }
        if (any_dirty)
          wait_for_deltas();
        for (Block b = start; b < start + n; ++b) {
          if (Info[b].State == State::Dirty) {
            Twins.give_back(Info[b].Twin);
            Info[b].Twin = 0;
          }
          Info[b].State = State::Absent;
        }
        dropped += n;
      });
  return dropped;
}

void Coherence::drop_everything() {
  for (Extent extent = 0; extent < Space.num_extents(); ++extent) {
    if (!(Flags[extent].load(std::memory_order_relaxed) & HasCopies))
      continue;
    Flags[extent].fetch_and(static_cast<std::uint8_t>(~HasCopies),
                            std::memory_order_seq_cst);
    Block first = first_block(extent);
    Writers.others_wrote(first, BlocksPerExtent);
    lock_run(first, BlocksPerExtent);
    loco::count(stats.BlocksDropped, drop(first, BlocksPerExtent, Pieces));
    unlock_run(first, BlocksPerExtent);
  }
}

} // namespace loco::memory
