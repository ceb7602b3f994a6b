// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_mode.cpp - what the protocol does besides under LOCO_RACE: the home's
// own stores are found by twins, and deltas go to the home's progress thread,
// which alone changes its memory (M21, M22).

#include "memory/coherence/coherence.h"

#include "base/settings.h"

#include <cstring>

namespace loco::memory {

static Coherence *receiver = nullptr;

void Coherence::open_race_mode() {
  if (settings().race == RaceMode::Off)
    return;
  receiver = this;
  Race = std::make_unique<RaceDetector>(
      Network, ComputeNodes, Space, settings().race == RaceMode::Abort,
      [](const ArrivedStores &stores) { receiver->apply_stores(stores); });
}

void Coherence::twin_home_block(Block block) {
  BlockInfo &info = Info[block];
  info.Twin = Race->twins().take();
  std::memcpy(Race->twins().bytes(info.Twin), Space.runtime_view(block),
              BlockBytes);
  if (!info.Listed) {
    info.Listed = true;
    Race->written().append(block);
  }
}

void Coherence::compare_home_block(Block block) {
  std::size_t n = find_delta(Space.runtime_view(block),
                             Race->twins().bytes(Info[block].Twin),
                             offset_of(block), Pieces);
  Race->home_wrote(block, {Pieces, n});
}

void Coherence::flush_home() {
  for (Block block : Race->written().take_sorted()) {
    BlockLock lock(*this, block);
    BlockInfo &info = Info[block];
    info.Listed = false;
    // Protected before it is compared, as copies are (M3).
    protect_home(block);
    compare_home_block(block);
    // Noted as it became writable; but another thread's release may have taken
    // that note before the store (M13 without marks).
    note_modified(block);
    Race->twins().give_back(info.Twin);
    info.Twin = 0;
  }
  // Stacks are never protected (M9): what a thread stores meanwhile is for its
  // own next release.
  for (Block block : Race->watched()) {
    BlockLock lock(*this, block);
    alignas(64) std::byte now[BlockBytes];
    std::memcpy(now, Space.runtime_view(block), BlockBytes);
    std::byte *twin = Race->twins().bytes(Info[block].Twin);
    std::size_t n = find_delta(now, twin, offset_of(block), Pieces);
    Race->home_wrote(block, {Pieces, n});
    std::memcpy(twin, now, BlockBytes);
  }
}

void Coherence::watch(Block block) {
  BlockInfo &info = Info[block];
  if (info.Twin != 0)
    return;
  info.Twin = Race->twins().take();
  std::memcpy(Race->twins().bytes(info.Twin), Space.runtime_view(block),
              BlockBytes);
  AddressSpace::set_shadow(Space.address_of(block), 1, LOCO_SHADOW_CLEAN);
  Race->watched().push_back(block);
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

void Coherence::apply_stores(const ArrivedStores &stores) {
  std::vector<ByteRun> both;
  {
    BlockLock lock(*this, stores.block);
    std::byte *data = Space.runtime_view(stores.block);
    std::byte *twin = Info[stores.block].Twin == 0
                          ? nullptr
                          : Race->twins().bytes(Info[stores.block].Twin);
    const std::byte *from = stores.bytes;
    for (ByteRun run : stores.runs)
      for (std::uint16_t i = run.begin; i < run.end; ++i, ++from) {
        if (twin != nullptr) {
          if (twin[i] != data[i] &&
              !Race->is_left_out(offset_of(stores.block) + i)) {
            if (!both.empty() && both.back().end == i)
              ++both.back().end;
            else
              both.push_back({i, static_cast<std::uint16_t>(i + 1)});
          }
          twin[i] = *from;
        }
        data[i] = *from;
      }
  }
  Race->arrived(stores, both);
}

} // namespace loco::memory
