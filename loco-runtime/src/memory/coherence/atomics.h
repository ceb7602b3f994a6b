// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atomics.h - atomic operations on program memory. They act at the home of the
// address (M7): whatever this node caches, there is one truth. A word's atomics
// go through the fabric from everywhere but the home, whose CPU atomics are
// atomic with those (fabric.h, compare_exchange).
#pragma once

#include <cstddef>
#include <cstdint>

namespace loco::memory {

/// Atomic operations of `width` in {1, 2, 4, 8, 16} bytes on an address aligned
/// to it. Orders are __ATOMIC_*; one stronger than relaxed implies release()
/// before and acquire() after, as fits the operation. Any user thread.
void atomic_load(const void *p, void *into, unsigned width, int order);
void atomic_store(void *p, const void *from, unsigned width, int order);
/// Stores the old value through `expected`; returns whether it exchanged.
bool atomic_compare_exchange(void *p, void *expected, const void *desired,
                             unsigned width, int order, int failure_order);

/// Replaces the value by what `update(old, into)` makes of it, which may be asked
/// again, and stores the one before through `old`.
using AtomicUpdate = void (*)(const void *context, const void *old, void *into);
void atomic_update(void *p, void *old, unsigned width, int order,
                   AtomicUpdate update, const void *context);

/// The release and acquire that an order stands for; `p` is what the operation,
/// a store for the former, is on, or null for a fence.
void order_before(int order, const void *p = nullptr, std::size_t bytes = 0);
void order_after(int order, const void *p = nullptr, std::size_t bytes = 0);

/// Reads and writes any bytes at their homes, past the cache, without order.
/// Whole: aligned 1, 2, 4 or 8 bytes at one time, which other nodes may be
/// changing; some fabrics need the home's CPU for that. Plain: one-sided, where
/// nobody else accesses these bytes meanwhile, or all only read them.
enum class AccessKind { Plain, Whole };
void read_at_home(const void *p, void *into, std::size_t bytes,
                  AccessKind kind = AccessKind::Whole);
void write_at_home(void *p, const void *from, std::size_t bytes,
                   AccessKind kind = AccessKind::Whole);

/// Whether LOCO manages the address, so that the above are needed.
bool is_managed(const void *p);

} // namespace loco::memory
