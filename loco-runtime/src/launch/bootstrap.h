// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bootstrap.h - how the processes that a launcher has started find each other:
// through it.
#pragma once

#include "base/bootstrap.h"

#include <memory>

namespace loco {

/// From the environment that loco-run sets: LOCO_NODE, LOCO_NUM_NODES,
/// LOCO_MEMORY_NODES and LOCO_LAUNCH_FD (a connected stream socket). Without
/// them: one node.
Result<std::unique_ptr<Bootstrap>> make_bootstrap();

} // namespace loco
