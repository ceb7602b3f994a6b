// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// access.cpp - the slow paths of loads and stores, and the questions and
// operations of the __builtin_loco_ family (loco/abi.h).

#include "loco/abi.h"

#include "abi/nests.h"
#include "base/export.h"
#include "base/slow_path.h"
#include "base/stats.h"
#include "memory/coherence/atomics.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"
#include "memory/process/output.h"
#include "memory/races/race_detector.h"

using loco::SlowPath;
using namespace loco::memory;

namespace {

/// Eight shadow bytes, which are written one at a time.
using ShadowWord __attribute__((may_alias)) = std::uint64_t;

/// The length of the run from `shadow` on, at most `count`, of blocks that all
/// are, or all are not, ready: a shadow byte of at most `limit`.
Block run_length(const std::atomic<std::uint8_t> *shadow, Block count,
                 std::uint8_t limit, bool ready) {
  Block n = 0;
  while (n < count &&
         (shadow[n].load(std::memory_order_relaxed) <= limit) == ready)
    ++n;
  return n;
}

/// Whether the shadow bytes of all blocks from `first` to `last` are at most
/// `limit`, which is LOCO_SHADOW_READY or _CLEAN: eight are looked at at once.
bool is_ready(std::uintptr_t first, std::uintptr_t last, std::uint8_t limit) {
  static_assert(LOCO_SHADOW_READY == 0 && LOCO_SHADOW_CLEAN == 1);
  constexpr std::uint64_t EachByte = 0x0101010101010101;
  std::uint64_t not_ready = EachByte * static_cast<std::uint8_t>(~limit);
  const auto *byte =
      AddressSpace::shadow_of(reinterpret_cast<const void *>(first));
  const auto *last_byte =
      AddressSpace::shadow_of(reinterpret_cast<const void *>(last));
  for (; byte <= last_byte && reinterpret_cast<std::uintptr_t>(byte) % 8 != 0;
       ++byte)
    if (byte->load(std::memory_order_relaxed) > limit)
      return false;
  for (; last_byte - byte >= 7; byte += 8)
    if (__atomic_load_n(reinterpret_cast<const ShadowWord *>(byte),
                        __ATOMIC_RELAXED) &
        not_ready)
      return false;
  for (; byte <= last_byte; ++byte)
    if (byte->load(std::memory_order_relaxed) > limit)
      return false;
  return true;
}

/// False where it came to memory that is not managed, or not allocated. `pc`:
/// where in the program that is. `ahead_bytes` as for Coherence::prepare().
bool prepare_range(const void *p, std::size_t bytes, Access access,
                   const void *pc, std::uint64_t &ahead_bytes) {
  if (bytes == 0)
    return true;
  std::uint8_t limit =
      access == Access::Load ? LOCO_SHADOW_CLEAN : LOCO_SHADOW_READY;
  auto address = reinterpret_cast<std::uintptr_t>(p);
  auto end = address + bytes;
  if (end < address || (end - 1) >> 47 != 0)
    return false;
  if (is_ready(address, end - 1, limit))
    return true;
  ++loco::abi::thread_misses;
  SlowPath slow_path;
  while (address < end) {
    auto offset =
        coherence->space().find(reinterpret_cast<const void *>(address));
    if (!offset)
      return false; // not LOCO's, or the end of it
    std::uint64_t room = coherence->space().contiguous_bytes(*offset);
    std::uint64_t n = end - address < room ? end - address : room;
    std::uint64_t allocated = heap::allocated_end(*offset);
    if (*offset >= allocated)
      return false;
    n = n < allocated - *offset ? n : allocated - *offset;
    if (access == Access::Store && race_detector != nullptr)
      race_detector->note_stores(*offset, n,
                                 reinterpret_cast<std::uint64_t>(pc));
    Block block = block_at(*offset);
    Block last = block_at(*offset + n - 1);
    auto *shadow =
        AddressSpace::shadow_of(reinterpret_cast<const void *>(address));
    while (block <= last) {
      Block ready = run_length(shadow, last - block + 1, limit, true);
      block += ready;
      shadow += ready;
      if (block > last)
        break;
      Block missing = run_length(shadow, last - block + 1, limit, false);
      coherence->prepare(block, missing, access, ahead_bytes);
      block += missing;
      shadow += missing;
    }
    address += n;
  }
  return true;
}

/// All of a range, or as much of it as a bounded cache has room for.
bool prepare_range(const void *p, std::size_t bytes, Access access,
                   const void *pc) {
  if (coherence == nullptr)
    return true;
  std::uint64_t ahead_bytes = coherence->ahead_bytes();
  bool is_ours = prepare_range(p, bytes, access, pc, ahead_bytes);
  if (ahead_bytes == 0)
    coherence->was_cut({reinterpret_cast<std::uintptr_t>(p), bytes, 0, 1,
                        access == Access::Store});
  return is_ours;
}

std::uint8_t shadow_at(std::uintptr_t address) {
  return AddressSpace::shadow_of(reinterpret_cast<const void *>(address))
      ->load(std::memory_order_relaxed);
}

Access access_of(int kind) {
  static_assert(LOCO_TOUCH_LOAD == 0 && LOCO_TOUCH_STORE == 1);
  return kind & LOCO_TOUCH_STORE ? Access::Store : Access::Load;
}

/// More elements, or rows, are the overflow of a loop that does not run.
constexpr std::size_t MostElements = std::size_t{1} << 31;

std::size_t most_bytes(int kind) {
  int limit = kind >> LOCO_TOUCH_LIMIT_SHIFT;
  return limit == 0 ? SIZE_MAX : MostElements << (limit - 1);
}

LOCO_PRESERVE_MOST __attribute__((noinline)) void
touch_range(const void *p, std::size_t n, int kind, const void *pc) {
  if (n <= most_bytes(kind))
    prepare_range(p, n, access_of(kind), pc);
}

/// Rows that lie no further apart are made ready together with what lies
/// between; loco-hoist has the same rule.
bool is_dense(std::size_t stride, std::size_t row_bytes) {
  return stride <= 2 * row_bytes + LOCO_BLOCK_BYTES;
}

} // namespace

extern "C" {

LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_load(const void *p, size_t n) {
  prepare_range(p, n, Access::Load, nullptr);
}

LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_store(void *p, size_t n) {
  prepare_range(p, n, Access::Store, __builtin_return_address(0));
}

LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_store_from(void *p, size_t n,
                                                      const void *pc) {
  prepare_range(p, n, Access::Store, pc);
}

// Apart from what is slow, so that it saves two registers and no more.
LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_touch(const void *p, size_t n,
                                                 int kind) {
  auto first = reinterpret_cast<std::uintptr_t>(p);
  std::uintptr_t last = first + n - 1;
  if ((last | first) >> 47 == 0 &&
      (last >> LOCO_BLOCK_SHIFT) - (first >> LOCO_BLOCK_SHIFT) <= 1) {
    std::uint8_t highest = ~kind & 1;
    if (shadow_at(first) <= highest && shadow_at(last) <= highest)
      return;
  }
  touch_range(p, n, kind, __builtin_return_address(0));
}

LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_touch_rows(const void *p,
                                                      size_t row_bytes,
                                                      ptrdiff_t stride,
                                                      size_t rows, int kind) {
  if (coherence == nullptr || row_bytes == 0 || rows == 0 ||
      row_bytes > most_bytes(kind) ||
      (kind >> LOCO_TOUCH_LIMIT_SHIFT && rows > MostElements))
    return;
  Access access = access_of(kind);
  const void *pc = __builtin_return_address(0);
  const auto *row = static_cast<const char *>(p);
  auto distance = static_cast<std::size_t>(stride < 0 ? -stride : stride);
  std::size_t span;
  if (is_dense(distance, row_bytes) &&
      !__builtin_mul_overflow(distance, rows - 1, &span)) {
    prepare_range(stride < 0 ? row - span : row, span + row_bytes, access, pc);
    return;
  }
  std::uint64_t ahead_bytes = coherence->ahead_bytes();
  for (std::size_t left = rows;
       left != 0 && prepare_range(row, row_bytes, access, pc, ahead_bytes);
       --left)
    row += stride;
  if (ahead_bytes == 0)
    coherence->was_cut({reinterpret_cast<std::uintptr_t>(p), row_bytes, stride,
                        rows, access == Access::Store});
}

LOCO_EXPORT void __loco_prefetch(const void *p, size_t n) {
  prepare_range(p, n, Access::Load, nullptr);
}

LOCO_EXPORT void __loco_release(void) {
  if (coherence == nullptr)
    return;
  SlowPath slow_path;
  flush_output();
  coherence->release_by_fence(/*at_once=*/true);
}

LOCO_EXPORT void __loco_acquire(void) {
  if (coherence == nullptr)
    return;
  SlowPath slow_path;
  coherence->acquire_by_fence();
}

LOCO_EXPORT void __loco_acquire_from_all(void) {
  if (coherence == nullptr)
    return;
  SlowPath slow_path;
  coherence->acquire_from_all();
}

LOCO_EXPORT void __loco_fence(int order) {
  if (coherence == nullptr)
    return;
  SlowPath slow_path;
  order_before(order);
  order_after(order);
}

LOCO_EXPORT void __loco_volatile_load(const void *p, void *out, size_t n) {
  SlowPath slow_path;
  if (is_managed(p))
    return read_at_home(p, out, n);
  __builtin_memcpy(out, const_cast<const void *>(p), n);
}

LOCO_EXPORT void __loco_volatile_store(void *p, const void *in, size_t n) {
  SlowPath slow_path;
  if (is_managed(p))
    return write_at_home(p, in, n);
  __builtin_memcpy(p, in, n);
}

LOCO_EXPORT int __loco_home(const void *p) {
  if (coherence == nullptr)
    return -1;
  auto offset = coherence->space().find(p);
  return offset ? coherence->homes().find(block_at(*offset)) : -1;
}

LOCO_EXPORT int __loco_is_local(const void *p) {
  return AddressSpace::shadow_of(p)->load(std::memory_order_relaxed) <=
         LOCO_SHADOW_CLEAN;
}

LOCO_EXPORT int __loco_node(void) {
  return coherence ? coherence->network().node() : 0;
}

LOCO_EXPORT int __loco_num_nodes(void) {
  return coherence ? coherence->compute_nodes() : 1;
}

LOCO_EXPORT int64_t __loco_counter(const char *name) {
  return loco::stats.find(name);
}

} // extern "C"
