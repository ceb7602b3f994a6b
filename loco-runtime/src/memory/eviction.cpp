// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// eviction.cpp - keeping the copies of other nodes' blocks within LOCO_CACHE:
// who misses makes room first, holding no block (M10).

#include "memory/coherence.h"

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

Block Coherence::rest_of_range(Block block, Access access) {
  std::byte *before = block == 0 ? nullptr : Space.address_of(block - 1);
  if (before == nullptr)
    return 1;
  std::uint8_t ready =
      access == Access::Load ? LOCO_SHADOW_CLEAN : LOCO_SHADOW_READY;
  return AddressSpace::shadow_of(before)->load(std::memory_order_relaxed) <=
                 ready
             ? first_block(extent_of(block) + 1) - block
             : 1;
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

} // namespace loco::memory
