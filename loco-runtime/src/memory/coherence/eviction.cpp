// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// eviction.cpp - keeping the copies of other nodes' blocks within LOCO_CACHE:
// who misses makes room first, holding no block (M10); and going on, at page
// faults, with range checks that were cut for it: the strip-mining of long
// loops, done where the size of the cache is known.

#include "memory/coherence/coherence.h"

#include <algorithm>

namespace loco::memory {

Coherence::Room::Room(Coherence &coherence, Block first, Block count,
                      Access access, bool wait)
    : Copies(coherence.Copies) {
  if (!Copies.is_bounded())
    return;
  Bytes = count * BlockBytes * (access == Access::Store ? 2 : 1);
  Copies.take(Bytes);
  if (coherence.cached_bytes() > Copies.limit_bytes())
    coherence.make_room(extent_of(first), wait);
}

Coherence::Room::~Room() {
  if (Bytes != 0)
    Copies.give_back(Bytes);
}

void Coherence::make_room(Extent wanted, bool wait) {
  // The fault thread does not wait: whoever evicts may itself wait for it (M8).
  std::unique_lock lock(EvictionMutex, std::defer_lock);
  if (wait)
    lock.lock();
  else if (!lock.try_lock())
    return;
  if (cached_bytes() <= Copies.limit_bytes())
    return; // another thread has made room meanwhile
  std::uint64_t goal = Copies.limit_bytes() - Copies.batch_bytes();
  auto too_much = [&] { return cached_bytes() > goal; };
  auto trim_twins = [&] {
    if (too_much())
      Twins.trim((cached_bytes() - goal + BlockBytes - 1) / BlockBytes);
  };
  trim_twins();
  // Where all are in use by other threads the cache is too small for a moment.
  for (std::size_t left = Copies.patience(); left != 0 && too_much(); --left) {
    std::optional<Cache::Victim> victim = Copies.take_victim();
    if (!victim)
      break;
    if (victim->extent == wanted) {
      Copies.pass_over(*victim, false);
      continue;
    }
    evict(*victim);
    trim_twins();
  }
}

void Coherence::evict(Cache::Victim victim) {
  fabric::WaitFor cause(fabric::Cause::Eviction);
  Block first = first_block(victim.extent);
  // Never waits for a block (M10).
  if (!try_lock_run(first, BlocksPerExtent))
    return Copies.pass_over(victim, false);
  Block end = first + BlocksPerExtent;
  bool any_dirty = false;
  for (Block b = first; b < end; ++b)
    any_dirty |= Info[b].State == State::Dirty;
  if (any_dirty && !victim.passed_over) {
    unlock_run(first, BlocksPerExtent);
    return Copies.pass_over(victim, true);
  }
  count(stats.BlocksEvicted, drop(first, BlocksPerExtent, EvictionPieces));
  // Before the locks are let go: a fetch sets it again (M11).
  Flags[victim.extent].fetch_and(static_cast<std::uint8_t>(~HasCopies),
                                 std::memory_order_seq_cst);
  give_back(first, BlocksPerExtent);
  unlock_run(first, BlocksPerExtent);
  Copies.evicted(victim);
}

void Coherence::give_back(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    if (Info[b].HasMemory && Info[b].State != State::Absent) {
      Info[b].HasMemory = false; // at home here by now
      Copies.give_back(BlockBytes);
    }
  for_each_run(
      first, count, [&](Block b) { return Info[b].HasMemory; },
      [&](Block start, Block n) {
        for (Block b = start; b < start + n; ++b)
          Info[b].HasMemory = false;
        if (!Network.pins_memory())
          Space.give_back(start, n);
        Copies.give_back(n * BlockBytes);
      });
}

Block Coherence::try_lock_alike(Block first, Block count, int home) {
  Block n = 1;
  for (; n < count; ++n) {
    if (!try_lock(first + n))
      break;
    if (Info[first + n].State != Info[first].State ||
        Directory.claim(first + n) != home) {
      unlock(first + n);
      break;
    }
  }
  return n;
}

void Coherence::continue_range(Block faulted, Access access) {
  auto at = reinterpret_cast<std::uintptr_t>(Space.address_of(faulted));
  std::optional<CutRange> range = Cuts.find(at, access == Access::Store);
  if (!range)
    return;
  access = range->for_stores ? Access::Store : Access::Load;
  // Also what is present counts: it may be long until the rest is wanted.
  Block left = static_cast<Block>(
      std::min(Copies.ahead_bytes(), MostContinuedBytes) / BlockBytes);
  if (access == Access::Store)
    left /= 2; // twins
  for (std::size_t number = *range->row_in(at); number < range->rows && left;
       ++number) {
    std::uintptr_t start = range->row(number);
    std::uintptr_t end = start + range->row_bytes;
    if (start < at && at < end)
      start = at;
    left -= fetch_ahead(start, end - start, left, access);
  }
}

Block Coherence::fetch_ahead(std::uintptr_t address, std::size_t bytes,
                             Block most, Access access) {
  auto offset = Space.find(reinterpret_cast<const void *>(address));
  if (!offset)
    return most; // the check found that it had come to an end there, too
  bytes = std::min(bytes, Space.contiguous_bytes(*offset));
  Block first = block_at(*offset);
  Block end = block_at(*offset + bytes - 1) + 1;
  end = std::min(end, first + most);
  auto is_ready = [&](Block b) {
    return AddressSpace::shadow_of(Space.address_of(b))
               ->load(std::memory_order_relaxed) <=
           (access == Access::Load ? LOCO_SHADOW_CLEAN : LOCO_SHADOW_READY);
  };
  auto is_wanted = [&](Block b) {
    int home = Directory.find(b);
    return home >= 0 && home != Network.node() && !is_ready(b);
  };
  for (Block b = first; b < end;) {
    Block run_end = std::min(first_block(extent_of(b) + 1), end);
    for_each_run(b, run_end - b, is_wanted, [&](Block start, Block count) {
      for_each_home(start, count, [&](int home, Block from, Block n) {
        Room room(*this, from, n, access, /*wait=*/false);
        if (!try_lock(from))
          return;
        n = try_lock_alike(from, n, home);
        prepare_locked(from, n, access, home);
        unlock_run(from, n);
      });
    });
    b = run_end;
  }
  return end - first;
}

} // namespace loco::memory
