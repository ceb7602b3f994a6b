// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

Barrier::Barrier(fabric::Fabric &fabric)
    : Arrivals(fabric, static_cast<std::size_t>(fabric.num_nodes())),
      Node(fabric.node()), NumNodes(fabric.num_nodes()) {}

bool Barrier::wait(int num_nodes, bool vote) {
  if (num_nodes <= Node || num_nodes > NumNodes)
    fatal("internal error: node " + std::to_string(Node) +
          " waits at a barrier of " + std::to_string(num_nodes) + " of " +
          std::to_string(NumNodes) + " nodes");
  // Counts only go up, so a node that is a barrier ahead disturbs nobody.
  const std::size_t word = static_cast<std::size_t>(num_nodes) - 1;
  const std::uint64_t before = Arrivals.read(Node, word);
  const std::uint64_t count = (before >> 2) + 1;
  Arrivals.set(word, count << 2 | std::uint64_t{vote} << 1 | (before >> 1 & 1));
  Arrivals.push(word, 1, num_nodes);
  Arrivals.wait_at_least(word, count << 2, num_nodes);
  bool any = false;
  for (int node = 0; node < num_nodes; ++node) {
    const std::uint64_t arrival = Arrivals.read(node, word);
    const bool is_ahead =
        arrival >> 2 != count; // by one: this node is not there
    any |= (is_ahead ? arrival : arrival >> 1) & 1;
  }
  return any;
}

} // namespace loco
