// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

Barrier::Barrier(fabric::Fabric &fabric)
    : Arrivals(fabric, static_cast<std::size_t>(fabric.num_nodes())),
      Node(fabric.node()), NumNodes(fabric.num_nodes()) {}

void Barrier::wait(int num_nodes) {
  if (num_nodes <= Node || num_nodes > NumNodes)
    fatal("internal error: node " + std::to_string(Node) +
          " waits at a barrier of " + std::to_string(num_nodes) + " of " +
          std::to_string(NumNodes) + " nodes");
  // Counts only go up, so a node that is a barrier ahead disturbs nobody.
  const std::size_t word = static_cast<std::size_t>(num_nodes) - 1;
  const std::uint64_t arrivals = Arrivals.read(Node, word) + 1;
  Arrivals.set(word, arrivals);
  Arrivals.push(word, 1, num_nodes);
  Arrivals.wait_at_least(word, arrivals, num_nodes);
}

} // namespace loco
