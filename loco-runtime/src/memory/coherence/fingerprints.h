// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fingerprints.h - by which a node tells, without fetching a block, that its
// copy is what the home had at a release (M17). A home publishes the
// fingerprint of a block of which it does not know whether it has changed since
// it was fetched.
#pragma once

#include "fabric/fabric.h"
#include "memory/space/layout.h"

#include <vector>

namespace loco::memory {

/// 61 bits of a block, 8-byte aligned. Two blocks that differ, and were not
/// made to fit the constants inside, have one fingerprint with a probability
/// below 2^-60.
std::uint64_t fingerprint(const std::byte *block);
/// The same in every way in which this CPU can do it: for tests.
std::vector<std::uint64_t> fingerprint_by_each(const std::byte *block);

/// The table of them, by block, in the Control segment of the home. It takes
/// memory where it is used.
class Fingerprints {
public:
  /// Collective, in the start-up order of Control reservations.
  Fingerprints(fabric::Fabric &fabric, Block num_blocks)
      : Fabric(fabric), Offset(fabric.reserve_control(std::size_t{num_blocks} *
                                                      sizeof(std::uint64_t))) {}

  /// Sets this node's; before the notice that tells of it is published.
  void set(Block block, std::uint64_t value) {
    reinterpret_cast<std::atomic<std::uint64_t> *>(Fabric.control() +
                                                   Offset)[block]
        .store(value, std::memory_order_relaxed);
  }
  /// What this node has set last.
  std::uint64_t own(Block block) const {
    return reinterpret_cast<std::atomic<std::uint64_t> *>(Fabric.control() +
                                                          Offset)[block]
        .load(std::memory_order_relaxed);
  }
  /// What `node` has published for `count` blocks: this, or a later one; once
  /// Fabric::wait() has returned.
  void ask(int node, Block first, Block count, std::uint64_t *into) {
    Fabric.get_later(node, fabric::Segment::Control,
               Offset + std::size_t{first} * sizeof(std::uint64_t), into,
               count * sizeof(std::uint64_t));
  }

private:
  fabric::Fabric &Fabric;
  std::uint64_t Offset;
};

} // namespace loco::memory
