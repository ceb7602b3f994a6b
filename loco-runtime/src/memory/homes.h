// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// homes.h - which node is home to an extent. A directory of one byte an extent
// lies in the Control segments; the first node to touch an extent claims it
// there with a compare-exchange (first-touch placement), and homes do not
// change, so every node remembers what it has learned.
#pragma once

#include "fabric/fabric.h"
#include "memory/layout.h"

#include <atomic>

namespace loco::memory {

class Homes {
public:
  /// Collective, in the start-up order of Control reservations.
  Homes(fabric::Fabric &fabric, std::uint64_t window_bytes,
        Extent num_extents);

  /// The home of the extent; if it has none yet, this node becomes it.
  int claim(Extent extent);

  /// The home of the extent, or -1 where it has none yet. Does not claim.
  int find(Extent extent);

  /// Which node's part of the window an extent is allocated from.
  int owner(Extent extent) const {
    return static_cast<int>(extent / ExtentsPerOwner);
  }
  /// This node's part of the window.
  Extent first_owned() const {
    return static_cast<Extent>(Fabric.node()) * ExtentsPerOwner;
  }
  Extent num_owned() const { return ExtentsPerOwner; }

private:
  struct Entry {
    int node;
    std::uint64_t offset;
  };
  Entry entry(Extent extent) const;

  fabric::Fabric &Fabric;
  Extent WindowExtents;
  Extent ExtentsPerOwner;
  std::uint64_t Directory;           ///< in Control: node + 1, or 0
  std::atomic<std::uint8_t> *Known;  ///< by extent: node + 1, or 0
};

} // namespace loco::memory
