// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signal_scope.cpp - putting signals off, and handling them later.

#include "base/signal_scope.h"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace loco {

namespace {

constexpr int Faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE,
                          SIGTRAP, SIGSYS, SIGABRT};

thread_local sigset_t mask_before
    __attribute__((tls_model("initial-exec"))); // of what was put off

} // namespace

bool is_fault(int signal) {
  for (int fault : Faults)
    if (signal == fault)
      return true;
  return false;
}

sigset_t all_but_faults() {
  sigset_t set;
  sigfillset(&set);
  for (int fault : Faults)
    sigdelset(&set, fault);
  return set;
}

void send_again(int signal, siginfo_t *info, pid_t thread) {
  const int saved_errno = errno;
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, signal, info) != 0)
    syscall(SYS_tgkill, getpid(), thread, signal);
  errno = saved_errno;
}

pid_t own_thread() { return static_cast<pid_t>(syscall(SYS_gettid)); }

bool SignalScope::put_off(int signal, siginfo_t *info, sigset_t &mask_after) {
  if (Depth == 0)
    return false;
  if (!IsPutOff) {
    mask_before = mask_after;
    IsPutOff = true;
  }
  send_again(signal, info, own_thread());
  mask_after = all_but_faults();
  return true;
}

void SignalScope::deliver() {
  IsPutOff = false;
  const sigset_t before = mask_before;
  const int saved_errno = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr); // here they are handled
  errno = saved_errno;
}

} // namespace loco
