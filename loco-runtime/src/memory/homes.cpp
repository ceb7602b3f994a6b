// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// homes.cpp - the directory of homes.

#include "memory/homes.h"

#include "memory/reserve.h"

namespace loco::memory {

using fabric::Segment;

Homes::Homes(fabric::Fabric &fabric, std::uint64_t window_bytes,
             Extent num_extents)
    : Fabric(fabric),
      WindowExtents(static_cast<Extent>(window_bytes / ExtentBytes)),
      ExtentsPerOwner(WindowExtents / static_cast<Extent>(fabric.num_nodes())),
      Directory(fabric.reserve_control(num_extents)),
      Known(reserve_array<std::atomic<std::uint8_t>>(num_extents,
                                                     "the table of homes")) {}

Homes::Entry Homes::entry(Extent extent) const {
  // The window's entries lie with the node that allocates from there, so that
  // claiming one's own allocations stays on the node.
  int nodes = Fabric.num_nodes();
  int node = extent < WindowExtents ? owner(extent)
                                    : static_cast<int>(extent) % nodes;
  return {node < nodes ? node : nodes - 1, Directory + extent};
}

int Homes::claim(Extent extent) {
  if (std::uint8_t known = Known[extent].load(std::memory_order_relaxed))
    return known - 1;
  Entry at = entry(extent);
  std::uint8_t home = 0;
  std::uint8_t self = static_cast<std::uint8_t>(Fabric.node() + 1);
  if (Fabric.compare_exchange(at.node, Segment::Control, at.offset, &home,
                              &self, 1))
    home = self;
  Known[extent].store(home, std::memory_order_relaxed);
  return home - 1;
}

int Homes::find(Extent extent) {
  if (std::uint8_t known = Known[extent].load(std::memory_order_relaxed))
    return known - 1;
  Entry at = entry(extent);
  std::uint8_t home = 0;
  Fabric.atomic_load(at.node, Segment::Control, at.offset, &home, 1);
  if (home != 0)
    Known[extent].store(home, std::memory_order_relaxed);
  return home - 1;
}

} // namespace loco::memory
