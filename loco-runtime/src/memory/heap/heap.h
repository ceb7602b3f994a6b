// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heap.h - the malloc of the whole process. With one node it is jemalloc as it
// comes. With more, user threads allocate from this node's part of the window:
// small objects from an arena whose extents are at home here, large ones from
// one whose extents are claimed by who touches them first. The runtime's own
// threads, and user threads inside the runtime, allocate privately. In kvstore
// mode what users allocate gets an entry in a table (objects.h).
//
// All functions: any thread. Failure is null with errno ENOMEM, as malloc's.
#pragma once

#include "fabric/fabric.h"
#include "memory/coherence/coherence.h"

#include <cstddef>
#include <vector>

namespace loco::memory::heap {

/// Allocations of at least this many bytes are placed by first touch.
inline constexpr std::size_t LargeBytes = 64 << 10;

/// From now on user threads allocate from the window. Once, with > 1 node, and
/// collective, in the start-up order of Control reservations.
void open(Coherence &coherence);
/// From now on jemalloc's defaults serve everybody. Once, with one node.
void open_one_node();
/// Serves frees and size questions about this node's allocations.
void set_handlers(fabric::Fabric &fabric);

/// Other nodes' memory that was freed here, and of which they do not know yet: taken,
/// then released, then sent to them (M23). With a PrivateScope.
class Returns {
public:
  Returns();
  void send();

private:
  std::vector<void *> Freed;
};

/// In a forked child: what it allocates and frees is its own affair.
void leave_window();

/// Makes the calling thread a user thread.
void enter_user_thread();

void *allocate(std::size_t bytes, std::size_t align, bool zeroed);
void *reallocate(void *p, std::size_t bytes);
void release(void *p);
std::size_t usable_size(void *p);

void *allocate_private(std::size_t bytes, bool zeroed);
void *reallocate_private(void *p, std::size_t bytes);

/// How far allocations reach in the part of the window that `offset` lies in:
/// a range check of a loop that will not run may name any range.
std::uint64_t allocated_end(std::uint64_t offset);

/// Window memory in whole extents, at home here; null where the window is full.
/// For good: threads.cpp recycles the stacks that it makes of it.
void *take_pages(std::size_t bytes);

} // namespace loco::memory::heap
