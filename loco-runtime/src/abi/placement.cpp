// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// placement.cpp - loco_alloc_hint (loco/placement.h).

#include "loco/placement.h"

#include "base/export.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"

#include <cerrno>

using namespace loco::memory;

namespace {

/// How much of [offset, offset + bytes) is contiguous, and memory of a program.
std::uint64_t usable_bytes(std::uint64_t offset, std::uint64_t bytes) {
  std::uint64_t room = coherence->space().contiguous_bytes(offset);
  std::uint64_t end = heap::allocated_end(offset);
  std::uint64_t n = bytes < room ? bytes : room;
  if (offset >= end)
    return 0;
  return n < end - offset ? n : end - offset;
}

} // namespace

extern "C" LOCO_EXPORT int loco_alloc_hint(const void *p, size_t bytes,
                                           enum loco_placement placement) {
  if (placement < LOCO_PLACEMENT_FIRST_TOUCH ||
      placement > LOCO_PLACEMENT_LOCAL)
    return EINVAL;
  if (coherence == nullptr || bytes == 0)
    return 0;
  auto offset = coherence->space().find(p);
  if (!offset || usable_bytes(*offset, bytes) != bytes)
    return EFAULT;
  return coherence->homes().plan(extents_of(*offset, bytes), placement) ? EBUSY
                                                                        : 0;
}
