// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cores.h - which of this machine's cores a node runs on.
#pragma once

namespace loco::launch {

/// The cores that this process may use.
int available_cores();

/// Gives this process, and what it starts, node `index`'s share of the cores:
/// the nodes' shares are of equal size (to one) and have no core in common.
/// False, and all as it was, where there are fewer cores than nodes.
bool bind_to_share(int index, int num_nodes);

} // namespace loco::launch
