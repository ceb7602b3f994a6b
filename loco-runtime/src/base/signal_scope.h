// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signal_scope.h - signals wait while their thread is inside the runtime, where a
// handler of the program would wait for what that thread holds (M20). Faults
// (SIGSEGV and the like) do not: the thread cannot go on before they are handled.
#pragma once

#include "base/syscall_selector.h"

#include <atomic>
#include <csignal>
#include <cstdint>

namespace loco {

/// Of signals that an instruction of the thread itself causes, and abort()'s.
bool is_fault(int signal);
sigset_t all_but_faults();

/// To that thread of this process, with all that is known of it; pending where it
/// is blocked. Leaves errno. From handlers, too.
void send_again(int signal, siginfo_t *info, pid_t thread);

/// The kernel's number of the calling thread.
pid_t own_thread();

/// While one lives, signals of this thread wait, and its system calls pass.
class SignalScope {
public:
  SignalScope() {
    Depth = Depth + 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~SignalScope() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    Depth = Depth - 1;
    if (IsPutOff && Depth == 0) [[unlikely]]
      deliver();
  }
  SignalScope(const SignalScope &) = delete;

  /// For the handler: whether the thread is in such a scope. Then it goes on
  /// with all signals blocked, this one pending, until the scope ends.
  static bool put_off(int signal, siginfo_t *info, sigset_t &mask_after);

private:
  static void deliver();

  DirectSyscalls Direct;
  static inline thread_local volatile int Depth
      __attribute__((tls_model("initial-exec"))) = 0;
  static inline thread_local volatile bool IsPutOff
      __attribute__((tls_model("initial-exec"))) = false;
};

} // namespace loco
