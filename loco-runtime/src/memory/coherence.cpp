// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coherence.cpp - the protocol: misses, first writes, releases, acquires.

#include "memory/coherence.h"

#include "base/settings.h"
#include "memory/reserve.h"

#include <cerrno>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>

namespace loco::memory {

using fabric::Segment;

static loco_placement policy_of(int compute_nodes,
                                const fabric::Fabric &fabric) {
  return settings().placement.value_or(compute_nodes < fabric.num_nodes()
                                           ? LOCO_PLACEMENT_INTERLEAVE
                                           : LOCO_PLACEMENT_FIRST_TOUCH);
}

Coherence::Coherence(fabric::Fabric &fabric, int compute_nodes,
                     AddressSpace &space, PageTable &pages,
                     std::uint64_t cache_bytes)
    : Network(fabric), ComputeNodes(compute_nodes), Space(space), Pages(pages),
      Directory(fabric, compute_nodes, space.window_bytes(),
                space.num_extents(), policy_of(compute_nodes, fabric)),
      Exported(fabric, space.num_blocks()), Prints(fabric, space.num_blocks()),
      Log(fabric), Twins(space.num_blocks()),
      Copies(cache_bytes, space.num_extents()),
      Stores(space.num_extents(), "the blocks that were written again"),
      Rewritten(space.num_blocks(), "the blocks that are overwritten"),
      Writers(space.num_blocks(), settings().migration),
      Moves(fabric, compute_nodes),
      Info(reserve_array<BlockInfo>(space.num_blocks(), "block states")),
      Flags(reserve_array<std::atomic<std::uint8_t>>(space.num_extents(),
                                                     "extent flags")),
      DirtyBlocks(space.num_blocks(), "the list of dirty blocks"),
      Modified(space.num_blocks(), "the list of modified blocks"),
      Unsure(space.num_blocks(), "the list of blocks to verify"),
      Pieces(reserve_array<fabric::Piece>(MaxPiecesPerBlock, "a delta")),
      EvictionPieces(
          reserve_array<fabric::Piece>(MaxPiecesPerBlock, "a delta")) {
  if (!Copies.is_bounded())
    Twins.prefer_huge_pages();
  open_race_mode();
}

// ------------------------------------------------------------------ locks

bool Coherence::try_lock(Block block) {
  return !Info[block].Locked.exchange(true, std::memory_order_acquire);
}

void Coherence::lock(Block block) {
  for (unsigned spins = 0; !try_lock(block); ++spins) {
    if (spins < 32)
      __builtin_ia32_pause();
    else
      sched_yield();
  }
}

void Coherence::unlock(Block block) {
  Info[block].Locked.store(false, std::memory_order_release);
}

// Several locks are always taken in ascending order.
void Coherence::lock_run(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    lock(b);
}

bool Coherence::try_lock_run(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    if (!try_lock(b)) {
      unlock_run(first, b - first);
      return false;
    }
  return true;
}

void Coherence::unlock_run(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    unlock(b);
}

void Coherence::set_states(Block first, Block count, State state,
                           loco_shadow shadow) {
  for (Block b = first; b < first + count; ++b)
    Info[b].State = state;
  AddressSpace::set_shadow(Space.address_of(first), count, shadow);
}

// ----------------------------------------------------------------- misses

void Coherence::prepare(Block first, Block count, Access access,
                        std::uint64_t &ahead_bytes) {
  ScopedNanos timer(stats.MissNanos);
  Gate::Pass pass(HomesGate);
  Block end = first + count;
  while (first < end) {
    Homes::Run run = Directory.claim_run(first, end - first);
    prepare_run(first, run.count, run.home, access, ahead_bytes);
    first += run.count;
  }
}

void Coherence::prepare_run(Block first, Block count, int home, Access access,
                            std::uint64_t &ahead_bytes) {
  std::optional<Room> room;
  if (home == Network.node()) {
    install_home(extent_of(first));
  } else {
    if (ahead_bytes == 0)
      return;
    Block n = count == 1 ? scan_length(first) : count;
    room.emplace(*this, first, n, access, /*wait=*/true);
    ahead_bytes -= std::min(ahead_bytes, room->bytes());
    if (count == 1) {
      lock(first);
      n = try_lock_alike(first, n, home);
      prepare_locked(first, n, access, home);
      unlock_run(first, n);
      if (access == Access::Store && !Copies.is_bounded())
        prepare_expected(first, n, home);
      return;
    }
  }
  lock_run(first, count);
  prepare_locked(first, count, access, home);
  unlock_run(first, count);
}

Block Coherence::scan_length(Block block) {
  static thread_local Readahead ahead
      __attribute__((tls_model("initial-exec")));
  // The last extent of an object's globals may be a part only.
  Block limit = static_cast<Block>(std::min<std::uint64_t>(
      first_block(extent_of(block) + 1) - block,
      Space.contiguous_bytes(offset_of(block)) / BlockBytes));
  bool is_miss = AddressSpace::shadow_of(Space.address_of(block))
                     ->load(std::memory_order_relaxed) == LOCO_SHADOW_ABSENT;
  return is_miss ? ahead.window(block, limit) : 1;
}

void Coherence::prepare_expected(Block first, Block count, int home) {
  Reuse::Mask expected = Stores.missed(first, count);
  if (expected == 0)
    return;
  for_each_run(
      first_block(extent_of(first)), BlocksPerExtent,
      [&](Block b) {
        return (expected >> b % BlocksPerExtent & 1) != 0 &&
               Directory.claim(b) == home;
      },
      [&](Block start, Block wanted) {
        Block n = 0;
        while (n < wanted && try_lock(start + n))
          ++n;
        if (n == 0)
          return;
        prepare_locked(start, n, Access::Store, home);
        unlock_run(start, n);
      });
}

bool Coherence::try_prepare(Block block, Access access) {
  // A stack never moves, and may be that of the thread that closes the gate.
  if (Flags[extent_of(block)].load(std::memory_order_relaxed) & AlwaysModified)
    return try_prepare_inside(block, access);
  if (!HomesGate.try_enter_while_closing())
    return false;
  bool done = try_prepare_inside(block, access);
  if (done && Copies.is_bounded())
    continue_range(block, access);
  HomesGate.leave();
  return done;
}

bool Coherence::try_prepare_inside(Block block, Access access) {
  int home = Directory.claim(block);
  if (home == Network.node() &&
      !install_home(extent_of(block), /*wait=*/false))
    return false;
  Block n = home == Network.node() ? 1 : scan_length(block);
  std::optional<Room> room;
  if (home != Network.node())
    room.emplace(*this, block, n, access, /*wait=*/false);
  if (!try_lock(block))
    return false;
  n = try_lock_alike(block, n, home);
  prepare_locked(block, n, access, home);
  unlock_run(block + 1, n - 1);
  // The kernel may have reclaimed the page-table entry of a present block.
  State state = Info[block].State;
  bool is_protected = state == State::Clean || state == State::HomeProtected;
  if (is_protected && !Pages.installs_protected()) {
    prepare_locked(block, 1, Access::Store, home);
    is_protected = false;
  }
  Pages.install(Space.address_of(block), BlockBytes, is_protected);
  unlock(block);
  // The thread that faulted goes on meanwhile.
  if (home != Network.node() && access == Access::Store && !Copies.is_bounded())
    prepare_expected(block, n, home);
  return true;
}

void Coherence::prepare_locked(Block first, Block count, Access access,
                               int home) {
  for_each_run(
      first, count, [&](Block b) { return Info[b].State == State::Absent; },
      [&](Block b, Block n) { fetch(b, n, access, home); });
  for_each_run(
      first, count, [&](Block b) { return Info[b].State == State::Hidden; },
      [&](Block b, Block n) { show(b, n); });
  if (access == Access::Load)
    return;
  for_each_run(
      first, count, [&](Block b) { return Info[b].State == State::Clean; },
      [&](Block b, Block n) { make_dirty(b, n); });
  for_each_run(
      first, count,
      [&](Block b) { return Info[b].State == State::HomeProtected; },
      [&](Block b, Block n) { unprotect_home(b, n); });
}

void Coherence::fetch(Block first, Block count, Access access, int home) {
  // Before the get: an acquire that looks for copies finds this extent, or is
  // early enough for the get to see what it is about (M6).
  Flags[extent_of(first)].fetch_or(HasCopies, std::memory_order_seq_cst);
  Exported.mark(home, first, count);
  for (Block b = first; b < first + count; ++b)
    Info[b].History.missed(b);
  memory::count(stats.BlocksFetched, count);
  memory::count(stats.BytesFetched, count * BlockBytes);
  std::byte *address = Space.address_of(first);
  std::size_t bytes = count * BlockBytes;
  std::size_t visible_bytes = 0;
  if (all_without_memory(first, count)) {
    // One page: the kernel copies into a new one without clearing it first, and
    // makes it visible, protected, when it is whole (M2, M3). For several it is
    // faster to get them all at once; but old kernels can protect in no other
    // way.
    if (access == Access::Load && (count == 1 || !Pages.installs_protected()))
      if (const std::byte *source =
              Network.direct(home, Segment::Memory, offset_of(first), bytes))
        visible_bytes = Pages.fill(address, source, bytes);
    if (visible_bytes == 0 && count > 1) // faster than page faults; a wish
      madvise(Space.runtime_view(first), bytes, MADV_POPULATE_WRITE);
  }
  // Filled through the runtime view while no page-table entry exists: no
  // thread sees a half-filled block (M2).
  if (visible_bytes < bytes)
    Network.get(home, Segment::Memory, offset_of(first) + visible_bytes,
                Space.runtime_view(first) + visible_bytes,
                bytes - visible_bytes);
  count_copies(first, count);
  if (visible_bytes == bytes)
    return set_states(first, count, State::Clean, LOCO_SHADOW_CLEAN);
  // Never visible unprotected without a twin (M3).
  if (access == Access::Load && Pages.installs_protected()) {
    Pages.install(address, bytes, /*write_protected=*/true);
    return set_states(first, count, State::Clean, LOCO_SHADOW_CLEAN);
  }
  for (Block b = first; b < first + count; ++b)
    make_twin(b);
  Pages.install(address, bytes, /*write_protected=*/false);
  if (visible_bytes != 0)
    Pages.unprotect(address, visible_bytes);
  set_states(first, count, State::Dirty, writable());
}

void Coherence::show(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    Info[b].History.missed(b);
  Pages.install(Space.address_of(first), count * BlockBytes,
                /*write_protected=*/true);
  set_states(first, count, State::Clean, LOCO_SHADOW_CLEAN);
  if (Copies.is_bounded())
    Copies.touched(extent_of(first));
}

void Coherence::hide(Block first, Block count) {
  set_states(first, count, State::Hidden, LOCO_SHADOW_ABSENT);
  Pages.drop(Space.address_of(first), count * BlockBytes);
}

bool Coherence::all_without_memory(Block first, Block count) const {
  for (Block b = first; b < first + count; ++b)
    if (Info[b].HasMemory)
      return false;
  return true;
}

void Coherence::count_copies(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    if (!Info[b].HasMemory) {
      Info[b].HasMemory = true;
      Copies.take(BlockBytes);
    }
  if (Copies.is_bounded())
    Copies.touched(extent_of(first));
}

void Coherence::make_twin(Block block) {
  BlockInfo &info = Info[block];
  info.Twin = Twins.take();
  std::memcpy(Twins.bytes(info.Twin), Space.runtime_view(block), BlockBytes);
  // Once, however often it is dropped and written between two releases (M12).
  if (!info.Listed) {
    info.Listed = true;
    DirtyBlocks.append(block);
  }
}

void Coherence::make_dirty(Block first, Block count) {
  // Write-protected until after the copy, so the twin misses no store (M3).
  for (Block b = first; b < first + count; ++b)
    make_twin(b);
  if (Copies.is_bounded())
    Copies.touched(extent_of(first));
  Pages.unprotect(Space.address_of(first), count * BlockBytes);
  set_states(first, count, State::Dirty, writable());
}

void Coherence::unprotect_home(Block first, Block count) {
  // Copies may be out there from while it was protected: noted before the first
  // store can happen (M5). Who fetches it after that marks it.
  for (Block b = first; b < first + count; ++b) {
    note_modified(b);
    Rewritten.stored(b);
    if (Race != nullptr)
      twin_home_block(b);
  }
  Pages.unprotect(Space.address_of(first), count * BlockBytes);
  set_states(first, count, State::Home, writable());
}

int Coherence::pin_home(Block block) {
  Gate::Pass pass(HomesGate);
  return Directory.pin(block);
}

void Coherence::mark_always_modified(Extent extent) {
  pin_home(first_block(extent));
  Flags[extent].fetch_or(AlwaysModified, std::memory_order_relaxed);
}

bool Coherence::install_home(Extent extent, bool wait) {
  if (Flags[extent].load(std::memory_order_acquire) & Installed)
    return true;
  Block first = first_block(extent);
  if (wait)
    lock_run(first, BlocksPerExtent);
  else if (!try_lock_run(first, BlocksPerExtent))
    return false;
  if (!(Flags[extent].load(std::memory_order_relaxed) & Installed)) {
    // The last extent of an object's globals may be a part only.
    auto count = static_cast<Block>(
        std::min<std::uint64_t>(ExtentBytes,
                                Space.contiguous_bytes(offset_of(first))) /
        BlockBytes);
    for_each_run(
        first, count,
        // Blocks that have moved here are there already.
        [&](Block b) {
          return Directory.claim(b) == Network.node() &&
                 Info[b].State == State::Absent;
        },
        [&](Block start, Block n) { install_home_run(start, n); });
    Flags[extent].fetch_or(Installed, std::memory_order_release);
    memory::count(stats.ExtentsClaimed);
  }
  unlock_run(first, BlocksPerExtent);
  return true;
}

void Coherence::install_home_run(Block first, Block count) {
  if (madvise(Space.runtime_view(first), count * BlockBytes,
              MADV_POPULATE_WRITE) != 0)
    fatal_errno("out of memory: cannot back 64 KiB of the window");
  Pages.install(Space.address_of(first), count * BlockBytes, false);
  set_states(first, count, State::Home, LOCO_SHADOW_READY);
  bool is_stack = Flags[extent_of(first)].load(std::memory_order_relaxed) &
                  AlwaysModified;
  if (Race != nullptr && !is_stack)
    for (Block b = first; b < first + count; ++b)
      protect_home(b);
}

// --------------------------------------------------------------- releases

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
  if (Race == nullptr)
    Network.scatter(home, Segment::Memory, {pieces, n});
  else
    Race->send_stores(home, block, {pieces, n});
  note_modified(block);
  memory::count(stats.Deltas);
  for (std::size_t i = 0; i < n; ++i)
    memory::count(stats.BytesWritten, pieces[i].bytes);
}

void Coherence::wait_for_deltas() {
  if (Race == nullptr)
    Network.flush();
  else
    Race->wait_applied();
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
  memory::count(stats.Releases);
  ++NumReleases;
  flush_dirty();
  if (Race != nullptr)
    flush_home();
  protect_exported();
  publish_modified();
  if (Race != nullptr)
    Race->clocks().released();
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
    if (is_stack || (Race == nullptr && Rewritten.fetched(b, NumReleases))) {
      named[b - first] = true;
      note_modified(b);
      if (Race != nullptr)
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
    memory::count(stats.NoticesSent,
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
  memory::count(stats.NoticesSent,
                Log.publish(blocks.data(), blocks.size(), /*unsure=*/false));
}

void Coherence::note_writer(Block block) {
  int home = Directory.claim(block);
  // Memory nodes keep what they have.
  if (home != Network.node() && home < ComputeNodes)
    Writers.wrote(block);
}

// --------------------------------------------------------------- acquires

void Coherence::acquire(const RaceClock *upto) {
  ScopedNanos timer(stats.AcquireNanos);
  SignalScope signals;
  std::lock_guard protocol(ProtocolMutex);
  memory::count(stats.Acquires);
  bool know_all = true;
  // Before the logs: what is acquired in the end is not more than was dropped.
  std::optional<RaceClock> releases;
  if (Race != nullptr)
    releases = upto ? *upto : Race->clocks().everything();
  // Memory nodes write nothing.
  for (int peer = 0; peer < ComputeNodes; ++peer)
    if (peer != Network.node())
      know_all &=
          Log.read(peer, [this, peer](Notice n) { drop_notice(peer, n); });
  if (!know_all)
    drop_everything();
  if (Race != nullptr)
    Race->clocks().acquired(*releases);
}

void Coherence::drop_notice(int peer, Notice notice) {
  Block end = notice.first + notice.count;
  for (Block b = notice.first; b < end;) {
    Extent extent = extent_of(b);
    Block run = std::min(first_block(extent + 1), end) - b;
    if (Flags[extent].load(std::memory_order_seq_cst) & HasCopies) {
      lock_run(b, run);
      if (notice.unsure) {
        drop_changed(peer, b, run);
      } else {
        renew(b, run, nullptr);
        Writers.others_wrote(b, run);
      }
      unlock_run(b, run);
    }
    b += run;
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
    memory::count(stats.BlocksKept, !changed[i]);
    if (changed[i])
      Writers.others_wrote(first + i, 1);
  }
  renew(first, count, changed);
}

void Coherence::renew(Block first, Block count, const bool *changed) {
  using Then = RefreshHistory::Then;
  bool refreshed[BlocksPerExtent] = {}, hidden[BlocksPerExtent] = {},
       dropped[BlocksPerExtent] = {};
  for (Block i = 0; i < count; ++i) {
    BlockInfo &info = Info[first + i];
    if ((changed && !changed[i]) || is_at_home(info))
      continue;
    if (info.State == State::Absent || info.State == State::Hidden) {
      info.History.named_again(first + i);
      dropped[i] = info.State == State::Hidden;
      continue;
    }
    Then then =
        info.State == State::Clean ? info.History.named() : Then::TakeAway;
    // Hidden blocks become visible as Clean ones.
    hidden[i] = then == Then::Hide && Pages.installs_protected();
    refreshed[i] = then == Then::Refresh || hidden[i];
    dropped[i] = !refreshed[i];
  }
  for_each_run(
      first, count, [&](Block b) { return refreshed[b - first]; },
      [&](Block start, Block n) { refresh(start, n); });
  for_each_run(
      first, count, [&](Block b) { return hidden[b - first]; },
      [&](Block start, Block n) { hide(start, n); });
  for_each_run(
      first, count, [&](Block b) { return dropped[b - first]; },
      [&](Block start, Block n) {
        memory::count(stats.BlocksDropped, drop(start, n, Pieces));
      });
}

void Coherence::refresh(Block first, Block count) {
  // As fetch() (M5, M6), but the pages stay visible: they are protected, so what
  // is overwritten is what the home had (M18).
  for_each_home(first, count, [&](int home, Block start, Block n) {
    Exported.mark(home, start, n);
    Network.get(home, Segment::Memory, offset_of(start),
                Space.runtime_view(start), n * BlockBytes);
  });
  memory::count(stats.BlocksRefreshed, count);
  memory::count(stats.BytesFetched, count * BlockBytes);
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
            put_delta(b, pieces);
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
    memory::count(stats.BlocksDropped, drop(first, BlocksPerExtent, Pieces));
    unlock_run(first, BlocksPerExtent);
  }
}

} // namespace loco::memory
