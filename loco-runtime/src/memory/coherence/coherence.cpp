// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coherence.cpp - the protocol: misses and first writes.

#include "memory/coherence/coherence.h"

#include "base/settings.h"
#include "memory/space/reserve.h"

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
    : Network(fabric), ComputeNodes(compute_nodes),
      Costs(fabric.node() < compute_nodes ? measure_costs(pages)
                                          : StepCosts{}), // it has no copies
      Changes(Costs),
      Space(space), Pages(pages),
      Directory(fabric, compute_nodes, space.window_bytes(),
                space.num_extents(), policy_of(compute_nodes, fabric)),
      Exported(fabric, space.num_blocks()), Epochs(fabric, compute_nodes, [] { memory::coherence->release(); }),
      Prints(fabric, space.num_blocks()),
      Log(fabric), Twins(space.num_blocks()),
      Copies(cache_bytes, space.num_extents()),
      Writers(space.num_blocks(), settings().migration),
      Moves(fabric, compute_nodes),
      Info(reserve_array<BlockInfo>(space.num_blocks(), "block states")),
      TwinPrints(reserve_array<std::uint64_t>(space.num_blocks(),
                                              "fingerprints of twins")),
      Flags(reserve_array<std::atomic<std::uint8_t>>(space.num_extents(),
                                                     "extent flags")),
      DirtyBlocks(space.num_blocks(), "the list of dirty blocks"),
      Modified(space.num_blocks(), "the list of modified blocks"),
      Unsure(space.num_blocks(), "the list of blocks to verify"),
      Watched(space.num_blocks(), "the list of open home blocks"),
      Pieces(reserve_array<fabric::Piece>(MaxPiecesPerBlock, "a delta")),
      Incoming(reserve_array<std::byte>(MostIncoming * BlockBytes,
                                        "blocks to merge")),
      EvictionPieces(
          reserve_array<fabric::Piece>(MaxPiecesPerBlock, "a delta")) {
  if (!Copies.is_bounded())
    Twins.prefer_huge_pages();
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
  for (Block b = first; b < first + count; ++b) {
    Info[b].State = state;
    Info[b].Closing = false;
  }
  AddressSpace::set_shadow(Space.address_of(first), count, shadow);
}

// ----------------------------------------------------------------- misses

void Coherence::prepare(Block first, Block count, Access access,
                        std::uint64_t &ahead_bytes) {
  ScopedNanos timer(stats.MissNanos);
  fabric::WaitFor cause(fabric::Cause::Miss);
  Gate::Pass pass(HomesGate);
  Block end = first + count;
  while (first < end) {
    Homes::Run run = Directory.claim_run(first, end - first);
    if (count > 1 && run.home != Network.node() && fetches_together(access)) {
      first += prepare_together(first, end - first, access, ahead_bytes);
      continue;
    }
    prepare_run(first, run.count, run.home, access, ahead_bytes);
    first += run.count;
  }
}

Block Coherence::prepare_together(Block first, Block count, Access access,
                                  std::uint64_t &ahead_bytes) {
  static constexpr unsigned MostRuns = 8;
  struct {
    Block first;
    Homes::Run of;
    std::optional<Room> room;
  } runs[MostRuns];
  unsigned n = 0;
  Block seen = 0;
  while (seen < count && n < MostRuns) {
    const Homes::Run run = Directory.claim_run(first + seen, count - seen);
    if (run.home == Network.node())
      break;
    seen += run.count;
    if (ahead_bytes == 0)
      continue;
    runs[n].first = first + seen - run.count;
    runs[n].of = run;
    runs[n].room.emplace(*this, runs[n].first, run.count, access, /*wait=*/true);
    ahead_bytes -= std::min(ahead_bytes, runs[n].room->bytes());
    ++n;
  }
  for (auto &run : std::span(runs, n)) {
    lock_run(run.first, run.of.count);
    for_each_run(
        run.first, run.of.count,
        [&](Block b) { return Info[b].State == State::Absent; },
        [&](Block b, Block m) { ask_for(b, m, run.of.home); });
  }
  Network.wait();
  for (auto &run : std::span(runs, n)) {
    for_each_run(
        run.first, run.of.count,
        [&](Block b) { return Info[b].State == State::Absent; },
        [&](Block b, Block m) { take_fetched(b, m, access, 0); });
    prepare_locked(run.first, run.of.count, access, run.of.home);
    unlock_run(run.first, run.of.count);
  }
  return seen;
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
    if (count == 1 && n > 1) {
      lock(first);
      n = try_lock_alike(first, n, home);
      prepare_locked(first, n, access, home);
      unlock_run(first, n);
      return;
    }
  }
  lock_run(first, count);
  if (count == 1 && access == Access::Store && opens_together(first))
    open_together(first);
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

bool Coherence::try_prepare(Block block, Access access) {
  fabric::WaitFor cause(fabric::Cause::Miss);
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
  if (home == Network.node() && !install_home(extent_of(block), /*wait=*/false))
    return false;
  Block n = home == Network.node() ? 1 : scan_length(block);
  std::optional<Room> room;
  if (home != Network.node())
    room.emplace(*this, block, n, access, /*wait=*/false);
  if (!try_lock(block))
    return false;
  if (access == Access::Store && opens_together(block))
    open_together(block);
  n = try_lock_alike(block, n, home);
  prepare_locked(block, n, access, home);
  unlock_run(block + 1, n - 1);
  // The kernel may have reclaimed the page-table entry of a present block.
  State state = Info[block].State;
  bool is_protected = state == State::Clean || state == State::HomeProtected ||
                      Info[block].Closing;
  if (is_protected && !Pages.installs_protected()) {
    prepare_locked(block, 1, Access::Store, home);
    is_protected = false;
  }
  Pages.install(Space.address_of(block), BlockBytes, is_protected);
  unlock(block);
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
      first, count, [&](Block b) { return Info[b].Closing; },
      [&](Block b, Block n) { reopen(b, n); });
  for_each_run(
      first, count, [&](Block b) { return Info[b].State == State::Clean; },
      [&](Block b, Block n) { make_dirty(b, n); });
  for_each_run(
      first, count,
      [&](Block b) { return Info[b].State == State::HomeProtected; },
      [&](Block b, Block n) { unprotect_home(b, n); });
}

void Coherence::begin_fetch(Block first, Block count, int home) {
  // Before the get: an acquire that looks for copies finds this extent, or is
  // early enough for the get to see what it is about (M6).
  Flags[extent_of(first)].fetch_or(HasCopies, std::memory_order_seq_cst);
  Exported.mark(home, first, count);
  for (Block b = first; b < first + count; ++b)
    Info[b].History.missed();
  loco::count(stats.BlocksFetched, count);
  loco::count(stats.BytesFetched, count * BlockBytes);
}

void Coherence::back(Block first, Block count) {
  if (count > 1) // faster than page faults; a wish
    madvise(Space.runtime_view(first), count * BlockBytes, MADV_POPULATE_WRITE);
}

void Coherence::ask_for(Block first, Block count, int home) {
  begin_fetch(first, count, home);
  if (all_without_memory(first, count))
    back(first, count);
  Network.get_later(home, Segment::Memory, offset_of(first),
                    Space.runtime_view(first), count * BlockBytes);
}

void Coherence::fetch(Block first, Block count, Access access, int home) {
  begin_fetch(first, count, home);
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
              Network.direct_get(home, Segment::Memory, offset_of(first), bytes))
        visible_bytes = Pages.fill(address, source, bytes);
    if (visible_bytes == 0)
      back(first, count);
  }
  // Filled through the runtime view while no page-table entry exists: no
  // thread sees a half-filled block (M2).
  if (visible_bytes < bytes)
    Network.get(home, Segment::Memory, offset_of(first) + visible_bytes,
                Space.runtime_view(first) + visible_bytes,
                bytes - visible_bytes);
  take_fetched(first, count, access, visible_bytes);
}

void Coherence::take_fetched(Block first, Block count, Access access,
                             std::size_t visible_bytes) {
  std::byte *address = Space.address_of(first);
  const std::size_t bytes = count * BlockBytes;
  count_copies(first, count);
  if (visible_bytes == bytes)
    return set_states(first, count, State::Clean, LOCO_SHADOW_CLEAN);
  // Never visible unprotected without a twin (M3).
  if (access == Access::Load && Pages.installs_protected()) {
    Pages.install(address, bytes, /*write_protected=*/true);
    return set_states(first, count, State::Clean, LOCO_SHADOW_CLEAN);
  }
  for (Block b = first; b < first + count; ++b)
    make_twin(b, /*is_stored=*/true);
  Pages.install(address, bytes, /*write_protected=*/false);
  if (visible_bytes != 0)
    Pages.unprotect(address, visible_bytes);
  set_states(first, count, State::Dirty, writable());
}

void Coherence::show(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    Info[b].History.missed();
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

void Coherence::note_opened(Block block, bool is_stored) {
  OpenHistory &history = Info[block].Open;
  if (!is_stored)
    return history.opened_with_another(NumReleases, Changes.of_a_block());
  if (history.was_closed())
    Changes.opened();
  history.opened(NumReleases, Changes.of_a_block());
}

void Coherence::make_twin(Block block, bool is_stored) {
  BlockInfo &info = Info[block];
  info.Twin = Twins.take();
  std::memcpy(change_twin(block), Space.runtime_view(block), BlockBytes);
  note_opened(block, is_stored);
  // Once, however often it is dropped and written between two releases (M12).
  if (!info.Listed) {
    info.Listed = true;
    DirtyBlocks.append(block);
  }
}

void Coherence::open_together(Block stored) {
  const BlockInfo &info = Info[stored];
  auto joins = [&](Block b) {
    if (!try_lock(b))
      return false;
    if (Info[b].State == info.State && Info[b].Open.was_closed_with(info.Open))
      return true;
    unlock(b);
    return false;
  };
  Block first = stored, end = stored + 1;
  while (extent_of(first - 1) == extent_of(stored) && joins(first - 1))
    --first;
  while (extent_of(end) == extent_of(stored) && joins(end))
    ++end;
  if (info.State == State::Clean)
    make_dirty(first, end - first, stored);
  else
    unprotect_home(first, end - first, stored);
  unlock_run(first, stored - first);
  unlock_run(stored + 1, end - stored - 1);
}

void Coherence::make_dirty(Block first, Block count, Block stored) {
  // Write-protected until after the copy, so the twin misses no store (M3).
  for (Block b = first; b < first + count; ++b)
    make_twin(b, stored == AllStored || b == stored);
  if (Copies.is_bounded())
    Copies.touched(extent_of(first));
  Pages.unprotect(Space.address_of(first), count * BlockBytes);
  set_states(first, count, State::Dirty, writable());
}

void Coherence::unprotect_home(Block first, Block count, Block stored) {
  // Copies may be out there from while it was protected: noted before the first
  // store can happen (M5), or watched (M26). Who fetches it after that marks it.
  for (Block b = first; b < first + count; ++b) {
    const bool is_stored = stored == AllStored || b == stored;
    BlockInfo &info = Info[b];
    note_opened(b, is_stored);
    if (is_stored) {
      note_modified(b);
    } else if (!info.Watched) {
      Prints.set(b, fingerprint(Space.runtime_view(b)));
      info.Watched = true;
      Watched.append(b);
    }
    if (Watch != nullptr)
      twin_home_block(b);
  }
  Pages.unprotect(Space.address_of(first), count * BlockBytes);
  set_states(first, count, State::Home, writable());
}

int Coherence::pin_home(Block block) {
  Gate::Pass pass(HomesGate);
  return Directory.pin(block);
}

void Coherence::open_stack(Block first, Block count) {
  // Nobody has seen the memory yet, so no block of it is locked or exported.
  for (Block b = first; b < first + count; b += BlocksPerExtent) {
    pin_home(b);
    Flags[extent_of(b)].fetch_or(AlwaysModified | Installed,
                                 std::memory_order_release);
  }
  Pages.leave_to_kernel(Space.address_of(first), count * BlockBytes);
  set_states(first, count, State::Home, LOCO_SHADOW_READY);
}

bool Coherence::is_own_stack(std::uint64_t offset) const {
  return (Flags[extent_of(block_at(offset))].load(std::memory_order_relaxed) &
          AlwaysModified) != 0;
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
    loco::count(stats.ExtentsClaimed);
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
  if (Watch != nullptr)
    for (Block b = first; b < first + count; ++b)
      protect_home(b);
}

} // namespace loco::memory
