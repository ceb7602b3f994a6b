// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// layout.h - the units of the global address space, and where its parts lie.
//
// The Memory segment of a node (fabric.h) is one sparse memfd:
//
//   offset 0                        WindowBytes          + GlobalsBytes
//   | window: heap, stacks          | globals of -floco objects |
//
// An offset means the same bytes of the program on every node. Blocks are the
// unit of caching, extents the unit of home placement.
#pragma once

#include "loco/abi.h"

#include <cstddef>
#include <cstdint>

namespace loco::memory {

inline constexpr std::uint64_t BlockBytes = LOCO_BLOCK_BYTES;
inline constexpr unsigned BlocksPerExtent = 16;
inline constexpr std::uint64_t ExtentBytes = BlockBytes * BlocksPerExtent;

/// Where the window starts in every process of a job.
inline constexpr std::uintptr_t WindowBase = 0x200000000000;

/// Index of a block or an extent in the Memory segment.
using Block = std::uint32_t;
using Extent = std::uint32_t;

inline constexpr Extent extent_of(Block block) {
  return block / BlocksPerExtent;
}
inline constexpr Block first_block(Extent extent) {
  return extent * BlocksPerExtent;
}
inline constexpr std::uint64_t offset_of(Block block) {
  return std::uint64_t{block} * BlockBytes;
}
inline constexpr Block block_at(std::uint64_t offset) {
  return static_cast<Block>(offset / BlockBytes);
}
inline constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t unit) {
  return (n + unit - 1) / unit * unit;
}

} // namespace loco::memory
