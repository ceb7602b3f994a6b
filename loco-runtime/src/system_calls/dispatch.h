// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dispatch.h - system calls where the kernel may not serve page faults of its
// own: an ordinary user's userfaultfd serves those of the program alone, so a
// call that is given memory which is missing, or protected, would fail with
// EFAULT. There each system call of a user thread, wherever in the process its
// code is, raises SIGSYS first (Syscall User Dispatch: the kernel's
// admin-guide/syscall-user-dispatch, Linux 5.11 and later). The handler gives
// the kernel private copies of such memory (copies.h), and lets the call be made
// again by code that may (direct.S).
//
// The handler runs on a stack of its own, so it works wherever the thread is. To
// the program sigaltstack(2) looks as if none of this were there, and so does
// SIGSYS, except that it cannot be blocked.
#pragma once

#include "base/result.h"

namespace loco::system_calls {

/// Once, before the first thread.
Result<void> open();

/// From now on the calling thread's system calls are dispatched, until it ends.
void enter_thread();

} // namespace loco::system_calls
