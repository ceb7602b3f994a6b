// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release.cpp - the protocol: what this node has stored goes home, and is
// noticed (M3, M4, M5, M13, M17).

#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

#include <cstring>

namespace loco::memory {

using fabric::Segment;

/// Blocks that a release holds, and sends, at a time.
static constexpr std::size_t BatchBlocks = 64;

void Coherence::note_modified(Block block) {
  if (Info[block].NoticePending)
    return;
  Info[block].NoticePending = true;
  Modified.append(block);
}

bool Coherence::put_delta(Block block, const std::byte *data,
                          fabric::Piece *pieces) {
  int home = Directory.claim(block);
  Epochs.sends();
  std::byte *twin = Twins.bytes(Info[block].Twin);
  std::size_t bytes = 0;
  if (std::byte *direct = direct_home(block, home)) {
    bytes = merge_changes(data, twin, direct);
  } else {
    std::span<const fabric::Piece> delta(
        pieces, find_delta(data, twin, offset_of(block), pieces));
    for (const fabric::Piece &piece : delta)
      bytes += piece.bytes;
    if (bytes != 0 && Watch == nullptr)
      Network.scatter(home, Segment::Memory, delta);
    else if (bytes != 0)
      Watch->send_stores(home, block, delta);
  }
  if (bytes == 0)
    return false;
  note_modified(block);
  loco::count(stats.Deltas);
  loco::count(stats.BytesWritten, bytes);
  return true;
}

std::byte *Coherence::direct_home(Block block, int home) {
  return Watch != nullptr ? nullptr
                          : Network.direct_put(home, Segment::Memory,
                                               offset_of(block), BlockBytes);
}

TwinPool::Twin Coherence::put_open_delta(Block block) {
  const std::byte *copy = Space.runtime_view(block);
  const TwinPool::Twin twin = Info[block].Twin;
  loco::count(stats.BlocksCompared);
  if (TwinPrints[block] != NoPrint) {
    if (fingerprint(copy) == TwinPrints[block])
      return 0;
  } else if (!differ(copy, Twins.bytes(twin))) {
    twin_print(block); // it may idle from now on
    return 0;
  }
  TwinPrints[block] = NoPrint;
  // Threads go on storing: what does not go home stays out of the next twin, so it
  // differs from that (M24). A network reads what it sends when it likes: that is put aside.
  if (direct_home(block, Directory.claim(block)) != nullptr) {
    put_delta(block, copy, Pieces);
    return twin;
  }
  TwinPool::Twin aside = Twins.take();
  std::memcpy(Twins.bytes(aside), copy, BlockBytes);
  put_delta(block, Twins.bytes(aside), Pieces);
  return aside;
}

void Coherence::wait_for_deltas() {
  if (Watch == nullptr)
    Network.flush();
  else
    Watch->wait_applied();
}

void Coherence::put_bytes(Block block, std::uint64_t offset,
                          std::size_t bytes) {
  std::size_t within = offset % BlockBytes;
  std::byte *data = Space.runtime_view(block) + within;
  std::byte *twin = change_twin(block) + within;
  int home = Directory.claim(block);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (data[i] == twin[i])
      continue;
    twin[i] = data[i];
    Epochs.sends();
    Network.put(home, Segment::Memory, offset + i, &twin[i], 1);
    note_modified(block);
  }
}

/// Releases whose time is that of comparing: so many blocks, and no more than that share
/// of them modified.
static constexpr std::size_t ManyCompared = 64, FewModified = 16;

void Coherence::release() {
  ScopedNanos timer(stats.ReleaseNanos);
  fabric::WaitFor cause(fabric::Cause::Release);
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  loco::count(stats.Releases);
  ++NumReleases;
  Epochs.begin();
  const std::span<const Block> dirty = DirtyBlocks.take_sorted();
  const std::span<const Block> watched = Watched.take_sorted();
  close_idle(dirty, watched);
  const std::size_t compared = dirty.size() + watched.size();
  const std::uint64_t start = compared < ManyCompared ? 0 : fabric::now_ns();
  flush_dirty(dirty);
  if (Watch != nullptr)
    flush_home();
  take_exports();
  compare_watched(watched);
  if (start != 0 && Modified.size() <= compared / FewModified)
    Changes.compared(compared, static_cast<double>(fabric::now_ns() - start));
  publish_modified();
  Epochs.end();
  if (Watch != nullptr)
    Watch->released();
}

void Coherence::flush_dirty(std::span<const Block> dirty) {
  while (!dirty.empty()) {
    std::span<const Block> batch = dirty.first(std::min(dirty.size(), BatchBlocks));
    dirty = dirty.subspan(batch.size());
    flush_batch(batch);
  }
}

void Coherence::flush_batch(std::span<const Block> batch) {
  TwinPool::Twin next_twins[BatchBlocks] = {};
  for (Block b : batch) {
    lock(b);
    Info[b].Listed = false;
  }
  auto is_dirty = [&](std::size_t i) {
    return Info[batch[i]].State == State::Dirty;
  };
  std::uint64_t changed = 0; // of those that close
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Block block = batch[i];
    if (Info[block].Closing)
      changed |= std::uint64_t{put_delta(block, Space.runtime_view(block), Pieces)} << i;
    else if (is_dirty(i))
      next_twins[i] = put_open_delta(block);
  }
  // Locked until the data is at home: a store that the put picks up late and
  // that the twin already has would be lost otherwise (M4).
  wait_for_deltas();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Block block = batch[i];
    BlockInfo &info = Info[block];
    if (info.Closing) {
      Twins.give_back(info.Twin);
      info.Twin = 0;
      set_states(block, 1, State::Clean, LOCO_SHADOW_CLEAN);
      info.Open.closed(NumReleases);
      if ((changed >> i & 1) != 0)
        note_writer(block);
    } else if (is_dirty(i)) {
      if (next_twins[i] != 0) {
        if (info.Twin != next_twins[i])
          Twins.give_back(info.Twin);
        info.Twin = next_twins[i];
        info.Open.found_stores();
        note_writer(block);
      } else {
        info.Open.found_none();
      }
      info.Listed = true; // for the next release
      DirtyBlocks.append(block);
    }
  }
  for (Block b : batch)
    unlock(b);
}

void Coherence::take_exports() {
  // This node's stores before, the marks after: see Exports::mark (M5).
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Block first = 0, count = 0;
  Exported.take_all([&](Block block) {
    if (count != 0 && block == first + count &&
        extent_of(block) == extent_of(first)) {
      ++count;
      return;
    }
    if (count != 0)
      take_exported_run(first, count);
    first = block;
    count = 1;
  });
  if (count != 0)
    take_exported_run(first, count);
}

void Coherence::take_exported_run(Block first, Block count) {
  Extent extent = extent_of(first);
  // It may have been claimed, and fetched by others, but not touched here.
  install_home(extent);
  const bool is_stack =
      Flags[extent].load(std::memory_order_relaxed) & AlwaysModified;
  lock_run(first, count);
  // Others are protected: not written since the copies were made.
  auto is_writable = [&](Block b) { return Info[b].State == State::Home; };
  for (Block b = first; b < first + count; ++b) {
    BlockInfo &info = Info[b];
    if (!is_writable(b))
      continue;
    if (is_stack) {
      note_modified(b);
      if (Watch != nullptr)
        watch(b);
    } else if (info.Watched) {
      info.Marked = true;
    } else if (Watch == nullptr && !info.NoticePending) {
      publish_fingerprint(b);
      info.Open.found_open();
      info.Watched = true;
      Watched.append(b);
    }
  }
  if (Watch != nullptr && !is_stack)
    for_each_run(first, count, is_writable, [&](Block start, Block n) {
      set_states(start, n, State::HomeProtected, LOCO_SHADOW_CLEAN);
      Pages.protect(Space.address_of(start), n * BlockBytes);
      for (Block b = start; b < start + n; ++b)
        // Fetched for the first time since it was last protected, if ever:
        // nobody knows whether it was written after that (M17).
        if (!Info[b].NoticePending)
          publish_fingerprint(b);
    });
  unlock_run(first, count);
}

void Coherence::publish_fingerprint(Block block) {
  Prints.set(block, fingerprint(Space.runtime_view(block)));
  Unsure.append(block);
}

bool Coherence::is_as_published(Block block) {
  loco::count(stats.BlocksCompared);
  if (fingerprint(Space.runtime_view(block)) == Prints.own(block))
    return true;
  note_modified(block);
  return false;
}

void Coherence::compare_watched(std::span<const Block> watched) {
  for (Block b : watched) {
    BlockLock lock(*this, b);
    BlockInfo &info = Info[b];
    info.Watched = false;
    // Others have moved, or are protected: noticed, where they have changed.
    if (info.State == State::Home) {
      const bool closes = info.Closing;
      if (is_as_published(b)) {
        if (info.Marked || AnyWatchedMarked)
          publish_fingerprint(b);
        if (!closes) {
          info.Open.found_none();
          info.Watched = true;
          Watched.append(b);
        }
      } else if (!closes) {
        // Noticed, so no copy counts that was fetched before, and the next one marks
        // the block (M13).
        info.Open.found_stores();
      }
      if (closes) {
        set_states(b, 1, State::HomeProtected, LOCO_SHADOW_CLEAN);
        info.Open.closed(NumReleases);
      }
    }
    info.Marked = false;
  }
  AnyWatchedMarked = false;
}

void Coherence::protect_home(Block block) {
  set_states(block, 1, State::HomeProtected, LOCO_SHADOW_CLEAN);
  Pages.protect(Space.address_of(block), BlockBytes);
}

void Coherence::publish_modified() {
  if (!Unsure.empty()) {
    std::span<Block> blocks = Unsure.take_sorted();
    loco::count(stats.NoticesSent,
                  Log.publish(blocks.data(), blocks.size(), /*unsure=*/true));
  }
  if (Modified.empty())
    return;
  std::span<Block> blocks = Modified.take_sorted();
  for (Block b : blocks) {
    BlockLock lock(*this, b);
    Info[b].NoticePending = false;
    note_writer(b);
  }
  loco::count(stats.NoticesSent,
                Log.publish(blocks.data(), blocks.size(), /*unsure=*/false));
}

void Coherence::note_writer(Block block) {
  int home = Directory.claim(block);
  // Memory nodes keep what they have.
  if (home != Network.node() && home < ComputeNodes)
    Writers.wrote(block);
}

} // namespace loco::memory
