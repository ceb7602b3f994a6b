// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bootstrap.h - how the processes of a job find each other before there is a
// fabric: a rank, a size, and collective exchange. launch/bootstrap.h makes one.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace loco {

class Bootstrap {
public:
  virtual ~Bootstrap() = default;

  int node() const { return Node; }
  int num_nodes() const { return NumNodes; }
  /// The first of them; the others only give memory.
  int num_compute_nodes() const { return NumNodes - MemoryNodes; }
  bool is_memory_node() const { return Node >= num_compute_nodes(); }

  /// Collective: every node gives some bytes and gets those of all, by node.
  /// One thread at a time. Also a barrier.
  virtual Result<std::vector<std::string>> all_gather(std::string mine) = 0;

  /// Tells the launcher of this node's statistics (one JSON object), its exit
  /// (status of the whole job; only node 0, or a node on which the program
  /// called exit()), or that it fails. Any thread; never blocks for long.
  virtual void report_stats(const std::string &json) = 0;
  virtual void report_exit(int status) = 0;
  virtual void report_failure(const std::string &message) = 0;

protected:
  Bootstrap(int node, int num_nodes, int memory_nodes)
      : Node(node), NumNodes(num_nodes), MemoryNodes(memory_nodes) {}

private:
  int Node;
  int NumNodes;
  int MemoryNodes;
};

} // namespace loco
