// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signals.h - a handler of the program may use shared memory, so it must not
// run on a thread that is inside the protocol, where it would wait for what
// that thread holds (M20). The program's handlers are called by one of ours,
// which puts the signal off while a SignalScope lives. Faults (SIGSEGV and the
// like) are not put off; nor is anything where the job has one node.
#pragma once

#include <csignal>
#include <cstdint>

namespace loco::memory {

/// The calling thread is the one that signals for the process go to.
void handle_signals_here();

/// Where the kernel may find the program's stack missing, it is to use one that it
/// never does (sigaltstack); a handler is then called on the stack on which the
/// program expects it.
struct SignalStacks {
  /// Whether the stack pointer is on the thread's stack for the kernel: there runs
  /// a handler of the runtime, and signals wait until it returns.
  bool (*is_kernels)(std::uintptr_t sp);
  /// What the program has set for the thread.
  const stack_t &(*of_program)();
};
/// Before the program sets a handler.
void move_handlers(const SignalStacks &stacks);

} // namespace loco::memory
