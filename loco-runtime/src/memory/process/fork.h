// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fork.h - fork() with several nodes. A child is no node: it gets a private copy of
// what its node has of the address space, and runs no protocol. Blocks that were
// not on the node hold old or zero bytes in the child.
#pragma once

#include "memory/coherence/coherence.h"

namespace loco::memory {

/// From now on fork() gives the child its own memory. `leave` is called in the
/// child: the job goes on without it. Once, with > 1 node.
void open_fork(AddressSpace &space, void (*leave)());

} // namespace loco::memory
