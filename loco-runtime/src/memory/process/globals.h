// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// globals.h - the mutable globals of -floco objects, as part of the global
// address space.
#pragma once

#include "loco/abi.h"
#include "memory/coherence/coherence.h"
#include "memory/space/page_table.h"

namespace loco::memory {

/// From now on adopt_globals() works. Once, with > 1 node; without `pages` on a
/// memory node, where nobody accesses them.
void open_globals(AddressSpace &space, PageTable *pages);

/// Replaces the pages of an object's globals by ones of the Memory segment, with
/// the same bytes. All nodes load the same objects in the same order. With one
/// node there is nothing to do. An object that is loaded once spans can run
/// (dlopen on one node) is an error.
void adopt_globals(const loco_globals &globals);

/// No further objects may come: called when main begins.
void close_globals();

} // namespace loco::memory
