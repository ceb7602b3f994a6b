// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nodes.h - runs a function as the nodes of a job: real processes, forked, that
// find each other over the launch protocol.
#pragma once

#include "fabric/fabric.h"
#include "launch/bootstrap.h"

#include <functional>
#include <memory>
#include <sys/types.h>
#include <vector>

namespace loco::test {

/// How each node ended, as from waitpid().
struct NodesEnd {
  std::vector<int> wait_status;
  /// All exited with status 0: no expectation failed in any of them.
  bool all_passed() const;
};

struct NodesOptions {
  /// Nodes are killed after this time, and the test fails.
  int seconds = 40;
  /// Called in the test's process once all are started.
  std::function<void(const std::vector<pid_t> &)> started;
};

/// Each node makes its Bootstrap, runs `body` and exits with 0, or with 1 where
/// an expectation failed in it.
NodesEnd run_nodes(int count, const std::function<void(Bootstrap &)> &body,
                   const NodesOptions &options = {});

/// A fabric over its own memfd. The mapping stays until the process ends.
struct TestFabric {
  std::byte *memory;
  std::unique_ptr<fabric::Fabric> fabric;
};
TestFabric make_test_fabric(Bootstrap &bootstrap,
                            std::uint64_t memory_bytes = 1 << 20,
                            std::uint64_t control_bytes = 8 << 20);

/// run_nodes() with a fabric, which `body` starts where it wants messages (after
/// setting handlers); it is stopped once all nodes have left the body.
NodesEnd
run_fabric(int count,
           const std::function<void(fabric::Fabric &, Bootstrap &)> &body,
           const NodesOptions &options = {});

/// A barrier over the launcher's stream, for the steps of a test.
void meet(Bootstrap &bootstrap);

} // namespace loco::test
