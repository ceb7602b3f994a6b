// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// homes.cpp - the directory of homes.

#include "memory/homes/homes.h"

#include "memory/space/reserve.h"

#include <algorithm>

namespace loco::memory {

using fabric::Segment;

Homes::Homes(fabric::Fabric &fabric, int compute_nodes,
             std::uint64_t window_bytes, Extent num_extents,
             loco_placement policy)
    : Fabric(fabric), ComputeNodes(compute_nodes),
      Policy(compute_nodes, fabric.num_nodes(), policy),
      WindowExtents(static_cast<Extent>(window_bytes / ExtentBytes)),
      ExtentsPerOwner(WindowExtents / static_cast<Extent>(compute_nodes)),
      Directory(fabric.reserve_control(num_extents * sizeof(Entry))),
      Known(reserve_array<std::atomic<std::uint8_t>>(num_extents,
                                                     "the table of homes")),
      Moved(reserve_array<std::atomic<std::uint8_t>>(
          std::size_t{num_extents} * BlocksPerExtent,
          "the homes of blocks that moved")) {}

int Homes::directory_node(Extent extent) const {
  // The window's entries lie with the node that allocates from there, so that
  // claiming one's own allocations stays on the node.
  int nodes = ComputeNodes;
  int node = extent < WindowExtents ? owner(extent)
                                    : static_cast<int>(extent) % nodes;
  return node < nodes ? node : nodes - 1;
}

Homes::Entry Homes::load(Extent extent) {
  fabric::WaitFor cause(fabric::Cause::Claim);
  Entry entry;
  Fabric.atomic_load(directory_node(extent), Segment::Control,
                     directory_offset(extent), &entry, sizeof entry);
  return entry;
}

bool Homes::exchange(Extent extent, Entry &expected, Entry desired) {
  fabric::WaitFor cause(fabric::Cause::Claim);
  return Fabric.compare_exchange(directory_node(extent), Segment::Control,
                                 directory_offset(extent), &expected, &desired,
                                 sizeof expected);
}

int Homes::claim(Block block) {
  if (std::uint8_t moved = Moved[block].load(std::memory_order_relaxed))
    return moved - 1;
  return claim_extent(extent_of(block));
}

Homes::Run Homes::claim_run(Block first, Block limit) {
  limit = std::min(limit, first_block(extent_of(first) + 1) - first);
  std::uint8_t moved = Moved[first].load(std::memory_order_relaxed);
  int home = moved != 0 ? moved - 1 : claim_extent(extent_of(first));
  Block count = 1;
  while (count < limit && claim(first + count) == home)
    ++count;
  return {home, count};
}

int Homes::claim_extent(Extent extent) {
  if (std::uint8_t known = Known[extent].load(std::memory_order_relaxed))
    return (known & ~KnownPinned) - 1;
  Entry entry = 0;
  Entry home = of_node(Policy.home_for(extent, Fabric.node()));
  while (!exchange(extent, entry, home)) {
    if (entry != 0 && !(entry & Planned)) {
      home = entry;
      break;
    }
    home = entry & NodeBits ? static_cast<Entry>(entry & NodeBits)
                            : of_node(Fabric.node());
  }
  Known[extent].store(static_cast<std::uint8_t>(home & NodeBits),
                      std::memory_order_relaxed);
  return node_of(home);
}

int Homes::find(Block block) {
  if (std::uint8_t moved = Moved[block].load(std::memory_order_relaxed))
    return moved - 1;
  Extent extent = extent_of(block);
  if (std::uint8_t known = Known[extent].load(std::memory_order_relaxed))
    return (known & ~KnownPinned) - 1;
  Entry entry = load(extent);
  return entry & Planned ? -1 : node_of(entry);
}

int Homes::pin(Block block) {
  Extent extent = extent_of(block);
  int home = claim_extent(extent);
  if (Known[extent].load(std::memory_order_relaxed) & KnownPinned)
    return claim(block);
  Entry entry = of_node(home);
  while (!(entry & Pinned) &&
         !exchange(extent, entry, static_cast<Entry>(entry | Pinned)))
    ;
  Known[extent].fetch_or(KnownPinned, std::memory_order_relaxed);
  return claim(block);
}

bool Homes::is_pinned(Extent extent) { return load(extent) & Pinned; }

Extent Homes::plan(ExtentRange range, loco_placement policy) {
  Extent elsewhere = 0;
  for (Extent i = 0; i < range.count; ++i) {
    Extent extent = range.first + i;
    int home = Policy.choose(policy, i, range.count, Fabric.node());
    // Node bits of 0 where anyone may have it.
    Entry wanted = static_cast<Entry>(Planned | of_node(home));
    Entry entry = 0;
    while (!exchange(extent, entry, wanted))
      if (entry != 0 && !(entry & Planned)) {
        elsewhere += home != Placement::Anyone && node_of(entry) != home;
        break;
      }
  }
  return elsewhere;
}

void Homes::moved(Block first, Block count, int home) {
  for (Block b = first; b < first + count; ++b)
    Moved[b].store(static_cast<std::uint8_t>(home + 1),
                   std::memory_order_relaxed);
}

} // namespace loco::memory
