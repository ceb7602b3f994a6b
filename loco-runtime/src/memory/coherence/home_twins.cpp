// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// home_twins.cpp - where stores are watched, a home's own are found by twins, as
// other nodes' are; and deltas go to the home's progress thread, which alone changes
// its memory (M21, M22).

#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

#include <cstring>

namespace loco::memory {

void Coherence::set_watch(StoreWatch &watch) {
  Watch = &watch;
  OwnStores = std::make_unique<HomeTwins>(Space.num_blocks());
}

void Coherence::twin_home_block(Block block) {
  BlockInfo &info = Info[block];
  info.Twin = OwnStores->Twins.take();
  std::memcpy(OwnStores->Twins.bytes(info.Twin), Space.runtime_view(block),
              BlockBytes);
  if (!info.Listed) {
    info.Listed = true;
    OwnStores->Written.append(block);
  }
}

void Coherence::compare_home_block(Block block) {
  std::size_t n = find_delta(Space.runtime_view(block),
                             OwnStores->Twins.bytes(Info[block].Twin),
                             offset_of(block), Pieces);
  Watch->home_wrote(block, {Pieces, n});
}

void Coherence::flush_home() {
  for (Block block : OwnStores->Written.take_sorted()) {
    BlockLock lock(*this, block);
    BlockInfo &info = Info[block];
    info.Listed = false;
    // Protected before it is compared, as copies are (M3).
    protect_home(block);
    compare_home_block(block);
    // Noted as it became writable; but another thread's release may have taken
    // that note before the store (M13 without marks).
    note_modified(block);
    OwnStores->Twins.give_back(info.Twin);
    info.Twin = 0;
  }
  // Stacks are never protected (M9): what a thread stores meanwhile is for its
  // own next release.
  for (Block block : OwnStores->Stacks) {
    BlockLock lock(*this, block);
    alignas(64) std::byte now[BlockBytes];
    std::memcpy(now, Space.runtime_view(block), BlockBytes);
    std::byte *twin = OwnStores->Twins.bytes(Info[block].Twin);
    std::size_t n = find_delta(now, twin, offset_of(block), Pieces);
    Watch->home_wrote(block, {Pieces, n});
    std::memcpy(twin, now, BlockBytes);
  }
}

void Coherence::watch(Block block) {
  BlockInfo &info = Info[block];
  if (info.Twin != 0)
    return;
  info.Twin = OwnStores->Twins.take();
  std::memcpy(OwnStores->Twins.bytes(info.Twin), Space.runtime_view(block),
              BlockBytes);
  AddressSpace::set_shadow(Space.address_of(block), 1, LOCO_SHADOW_CLEAN);
  OwnStores->Stacks.push_back(block);
}

void Coherence::watch_stack(const void *from, const void *end) {
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  auto first = Space.find(from);
  auto last = Space.find(static_cast<const std::byte *>(end) - 1);
  if (!first || !last)
    return;
  for (Block block = block_at(*first); block <= block_at(*last); ++block) {
    BlockLock lock(*this, block);
    watch(block);
  }
}

std::vector<ByteRun> Coherence::apply_stores(Block block,
                                             std::span<const ByteRun> runs,
                                             const std::byte *bytes) {
  std::vector<ByteRun> both;
  BlockLock lock(*this, block);
  std::byte *data = Space.runtime_view(block);
  std::byte *twin = Info[block].Twin == 0
                        ? nullptr
                        : OwnStores->Twins.bytes(Info[block].Twin);
  for (ByteRun run : runs)
    for (std::uint16_t i = run.begin; i < run.end; ++i, ++bytes) {
      if (twin != nullptr) {
        if (twin[i] != data[i] && !Watch->is_left_out(offset_of(block) + i)) {
          if (!both.empty() && both.back().end == i)
            ++both.back().end;
          else
            both.push_back({i, static_cast<std::uint16_t>(i + 1)});
        }
        twin[i] = *bytes;
      }
      data[i] = *bytes;
    }
  return both;
}

} // namespace loco::memory
