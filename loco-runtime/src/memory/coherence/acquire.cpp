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
  // Before the logs: what is acquired in the end is not more than was dropped.
  std::optional<ReleaseClock> releases;
  if (Watch != nullptr)
    releases = upto ? *upto : Watch->all_releases();
  ReleaseEpochs::Wanted completed{};
  Epochs.ask_completed(completed);
  // Memory nodes write nothing.
  for (int peer = 0; peer < ComputeNodes; ++peer)
    if (peer != Network.node())
      Log.ask(peer);
  Network.wait();
  bool know_all = Log.read(
      [this](int peer, std::span<const Notice> notices) {
        ask_for_prints(peer, notices);
      },
      [this](int peer, std::span<const Notice> notices) {
        Published.end_round();
        for (Notice notice : notices)
          drop_notice(peer, notice);
      });
  finish_renewals();
  if (!know_all)
    drop_everything();
  Epochs.acquired(completed);
  if (Watch != nullptr)
    Watch->acquired(*releases);
}

/// Calls visit(first, count) for the parts of a notice that lie in one extent.
template <typename Visit>
static void for_each_extent(Notice notice, Visit visit) {
  const Block end = notice.first + notice.count;
  for (Block b = notice.first; b < end;) {
    const Block run = std::min(first_block(extent_of(b) + 1), end) - b;
    visit(b, run);
    b += run;
  }
}

void Coherence::ask_for_prints(int peer, std::span<const Notice> notices) {
  Published.begin_round();
  for (Notice notice : notices) {
    if (!notice.unsure)
      continue;
    for_each_extent(notice, [&](Block first, Block count) {
      if (!has_copies(extent_of(first)) || Published.is_full())
        return;
      Prints.ask(peer, first, count, Published.add(peer, first));
    });
  }
}

void Coherence::drop_notice(int peer, Notice notice) {
  for_each_extent(notice, [&](Block first, Block count) {
    others_stored(first, count, notice.unsure);
    if (!has_copies(extent_of(first)))
      return;
    lock_for_renewal(first, count);
    if (notice.unsure)
      drop_changed(peer, first, count);
    else
      renew(first, count, nullptr);
  });
}

void Coherence::lock_for_renewal(Block first, Block count) {
  // Who holds blocks waits for none; and they may be among those.
  if (!try_lock_run(first, count)) {
    finish_renewals();
    lock_run(first, count);
  }
}

void Coherence::others_stored(Block first, Block count, bool unsure) {
  // A copy is not as published where its own node has stored to it. This node's
  // store to the same bytes comes after this acquire, so finds it marked (M26).
  for (Block b = first; b < first + count; ++b)
    if (Directory.known(b) == Network.node()) {
      lock_for_renewal(b, 1);
      if (Info[b].Watched)
        Info[b].Marked = true;
      if (!unsure && Info[b].State == State::Home)
        Info[b].Open.others_stored();
      unlock(b);
    }
}

void Coherence::drop_changed(int peer, Block first, Block count) {
  std::uint64_t asked_now[BlocksPerExtent];
  const std::uint64_t *published = Published.take(peer, first);
  if (published == nullptr) {
    Prints.ask(peer, first, count, asked_now);
    Network.wait();
    published = asked_now;
  }
  bool changed[BlocksPerExtent] = {};
  for (Block i = 0; i < count; ++i) {
    BlockInfo &info = Info[first + i];
    if (!is_copy(info.State))
      continue;
    // A Dirty block's twin is the copy as it was fetched.
    changed[i] = (info.State == State::Dirty
                      ? twin_print(first + i)
                      : fingerprint(Space.runtime_view(first + i))) != published[i];
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
      first, count, [&](Block b) { return dropped[b - first]; },
      [&](Block start, Block n) {
        loco::count(stats.BlocksDropped, drop(start, n, Pieces));
      });
  Renewal renewal{first, count, 0, 0};
  for (Block i = 0; i < count; ++i) {
    renewal.merged |= static_cast<std::uint16_t>(merged[i] << i);
    renewal.hidden |= static_cast<std::uint16_t>(hidden[i] << i);
  }
  for_each_run(
      first, count, [&](Block b) { return refreshed[b - first]; },
      [&](Block start, Block n) { refresh(start, n); });
  for_each_run(
      first, count, [&](Block b) { return merged[b - first]; },
      [&](Block start, Block n) { ask_to_merge(start, n); });
  Renewals[NumRenewals++] = renewal;
  if (NumRenewals == MostRenewals || NumIncoming > MostIncoming - BlocksPerExtent)
    finish_renewals();
}

void Coherence::finish_renewals() {
  Network.wait();
  const std::byte *const *source = MergeFrom;
  for (const Renewal &of : std::span(Renewals, NumRenewals)) {
    for (Block i = 0; i < of.count; ++i)
      if (of.merged >> i & 1)
        merge(of.first + i, *source++);
    for_each_run(
        of.first, of.count,
        [&](Block b) { return (of.hidden >> (b - of.first) & 1) != 0; },
        [&](Block start, Block n) { hide(start, n); });
    unlock_run(of.first, of.count);
  }
  NumRenewals = NumIncoming = 0;
}

void Coherence::refresh(Block first, Block count) {
  loco::count(stats.BlocksRefreshed, count); // before they are: see acquire_from_all()
  // As fetch() (M5, M6), but the pages stay visible: they are protected, so
  // what is overwritten is what the home had (M18).
  for_each_home(first, count, [&](int home, Block start, Block n) {
    Exported.mark(home, start, n);
    Network.get_later(home, Segment::Memory, offset_of(start),
                      Space.runtime_view(start), n * BlockBytes);
  });
  loco::count(stats.BytesFetched, count * BlockBytes);
}

void Coherence::ask_to_merge(Block first, Block count) {
  loco::count(stats.BlocksMerged, count); // before they are, too
  // Marked before the get, so as good as fetched (M5, M6).
  for_each_home(first, count, [&](int home, Block start, Block n) {
    Exported.mark(home, start, n);
    const std::byte *from = Network.direct_get_later(
        home, Segment::Memory, offset_of(start), n * BlockBytes);
    if (from == nullptr) {
      std::byte *into = Incoming + NumIncoming * BlockBytes;
      Network.get_later(home, Segment::Memory, offset_of(start), into, n * BlockBytes);
      from = into;
    }
    for (Block i = 0; i < n; ++i)
      MergeFrom[NumIncoming++] = from + i * BlockBytes;
  });
  loco::count(stats.BytesFetched, count * BlockBytes);
}

void Coherence::merge(Block block, const std::byte *from) {
  // What the home has and the twin has not, others have stored; no thread of this
  // node has stored to these bytes, or may read them, before this acquire is over
  // (M25). A home compares all of a block, so it may have noticed what this node sent.
  if (merge_changes(from, Twins.bytes(Info[block].Twin),
                    Space.runtime_view(block)) == 0)
    return;
  TwinPrints[block] = NoPrint;
  Writers.others_wrote(block, 1);
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
          Info[b].Closing = false;
        }
        dropped += n;
      });
  return dropped;
}

void Coherence::drop_everything() {
  AnyWatchedMarked = true; // a notice may have named it (M26)
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
