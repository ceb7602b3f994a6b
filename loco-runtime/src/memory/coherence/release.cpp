// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release.cpp - the protocol: what this node has stored goes home, and is
// noticed (M3, M4, M5, M13, M17).

#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

namespace loco::memory {

using fabric::Segment;

void Coherence::note_modified(Block block) {
  if (Info[block].NoticePending)
    return;
  Info[block].NoticePending = true;
  Modified.append(block);
}

void Coherence::put_delta(Block block, fabric::Piece *pieces) {
  std::size_t n =
      find_delta(Space.runtime_view(block), Twins.bytes(Info[block].Twin),
                 offset_of(block), pieces);
  if (n == 0)
    return;
  int home = Directory.claim(block);
  if (Watch == nullptr)
    Network.scatter(home, Segment::Memory, {pieces, n});
  else
    Watch->send_stores(home, block, {pieces, n});
  note_modified(block);
  loco::count(stats.Deltas);
  for (std::size_t i = 0; i < n; ++i)
    loco::count(stats.BytesWritten, pieces[i].bytes);
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
  std::byte *twin = Twins.bytes(Info[block].Twin) + within;
  int home = Directory.claim(block);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (data[i] == twin[i])
      continue;
    twin[i] = data[i];
    Network.put(home, Segment::Memory, offset + i, &twin[i], 1);
    note_modified(block);
  }
  Network.flush();
}

void Coherence::release() {
  ScopedNanos timer(stats.ReleaseNanos);
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  loco::count(stats.Releases);
  ++NumReleases;
  flush_dirty();
  if (Watch != nullptr)
    flush_home();
  protect_exported();
  publish_modified();
  if (Watch != nullptr)
    Watch->released();
}

void Coherence::flush_dirty() {
  static constexpr std::size_t BatchBlocks = 64;
  std::span<Block> dirty = DirtyBlocks.take_sorted();
  while (!dirty.empty()) {
    std::span<Block> batch = dirty.first(std::min(dirty.size(), BatchBlocks));
    dirty = dirty.subspan(batch.size());
    for (Block b : batch) {
      lock(b);
      Info[b].Listed = false;
    }
    auto still_dirty = [&](Block b) { return Info[b].State == State::Dirty; };
    for (std::size_t i = 0; i < batch.size();) {
      std::size_t j = i;
      while (j < batch.size() && still_dirty(batch[j]) &&
             batch[j] == batch[i] + (j - i))
        ++j;
      if (j > i) {
        // Protected before it is compared: a store that comes later faults and
        // makes a new twin, none is lost (M3).
        Block n = static_cast<Block>(j - i);
        std::byte *address = Space.address_of(batch[i]);
        AddressSpace::set_shadow(address, n, LOCO_SHADOW_CLEAN);
        Pages.protect(address, n * BlockBytes);
      }
      i = j > i ? j : i + 1;
    }
    for (Block b : batch)
      if (still_dirty(b))
        put_delta(b, Pieces);
    // Locked until the data is at home: a store that the put picks up late and
    // that the twin already has would be lost otherwise (M4).
    wait_for_deltas();
    for (Block b : batch) {
      if (still_dirty(b)) {
        Twins.give_back(Info[b].Twin);
        Info[b].Twin = 0;
        Info[b].State = State::Clean;
        // Also where it stored what was there already: at home that costs
        // nothing.
        note_writer(b);
        Stores.end_round(extent_of(b), NumReleases);
      }
      unlock(b);
    }
  }
}

void Coherence::protect_exported() {
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
      protect_exported_run(first, count);
    first = block;
    count = 1;
  });
  if (count != 0)
    protect_exported_run(first, count);
}

void Coherence::protect_exported_run(Block first, Block count) {
  Extent extent = extent_of(first);
  // It may have been claimed, and fetched by others, but not touched here.
  install_home(extent);
  bool is_stack =
      Flags[extent].load(std::memory_order_relaxed) & AlwaysModified;
  lock_run(first, count);
  bool named[BlocksPerExtent] = {};
  for (Block b = first; b < first + count; ++b) {
    // Others are protected: not written since the copies were made.
    if (Info[b].State != State::Home)
      continue;
    if (is_stack || (Watch == nullptr && Rewritten.fetched(b, NumReleases))) {
      named[b - first] = true;
      note_modified(b);
      if (Watch != nullptr)
        watch(b);
    }
  }
  for_each_run(
      first, count,
      [&](Block b) {
        return Info[b].State == State::Home && !named[b - first];
      },
      [&](Block start, Block n) {
        set_states(start, n, State::HomeProtected, LOCO_SHADOW_CLEAN);
        Pages.protect(Space.address_of(start), n * BlockBytes);
        for (Block b = start; b < start + n; ++b)
          if (!Info[b].NoticePending) {
            // Fetched for the first time since it was last protected, if ever:
            // nobody knows whether it was written after that (M17).
            Prints.set(b, fingerprint(Space.runtime_view(b)));
            Unsure.append(b);
          }
      });
  unlock_run(first, count);
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
    if (!is_copy(Info[b].State))
      Rewritten.named(b, NumReleases);
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
