// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// threads.h - user threads: their stacks, and with them their thread-local
// storage (glibc puts it at the top of a stack it is given), lie in the window
// at home, so that the address of a local variable means the same everywhere.
// With several nodes pthread_create gives such stacks.
#pragma once

namespace loco::memory {

/// Each user thread that starts from now on calls `fn` first.
void set_thread_start(void (*fn)());

/// Runs fn(argument) on a new user thread and returns what it returned. Signals
/// of the calling thread are blocked meanwhile, so that the new one gets them.
void *run_as_user_thread(void *(*fn)(void *), void *argument);

/// With LOCO_RACE: what the calling thread has on its stack is looked at for
/// races from now on.
void watch_own_stack();

} // namespace loco::memory
