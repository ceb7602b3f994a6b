// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fault_thread.h - the net under the compiled checks: one thread that serves
// the page faults of code that was not instrumented (libc, a vendor's library,
// the kernel inside read(2)), and of accesses that a check let pass just before
// the block went away.
#pragma once

#include "base/thread.h"
#include "memory/coherence/coherence.h"
#include "memory/space/page_table.h"

namespace loco::memory {

/// Starts the thread; it runs until the process ends.
void start_fault_thread(Coherence &coherence, PageTable &pages);

} // namespace loco::memory
