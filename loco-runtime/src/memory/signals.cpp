// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signals.cpp - the handler in front of the program's, and the libc functions
// that set handlers.

#include "memory/signals.h"

#include "base/result.h"
#include "memory/coherence.h"

#include <cerrno>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace loco::memory {

namespace {

/// Signals that an instruction of the thread itself causes, and abort()'s: the
/// thread cannot go on before they are handled.
constexpr int Faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE,
                          SIGTRAP, SIGSYS, SIGABRT};

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

/// What the program has asked for. A signal that arrives while it is changed
/// may see some of the old and some of the new, as it may come before or after.
struct Wanted {
  std::atomic<void (*)(int, siginfo_t *, void *)> Handler;
  std::atomic<int> Flags;
  std::atomic<std::uint64_t> Mask; ///< as the kernel has it
};
Wanted wanted[NSIG];

thread_local sigset_t mask_before
    __attribute__((tls_model("initial-exec"))); // of what was put off

std::uint64_t bits_of(const sigset_t &set) {
  std::uint64_t bits;
  static_assert(sizeof set >= sizeof bits);
  __builtin_memcpy(&bits, &set, sizeof bits);
  return bits;
}

sigset_t set_of(std::uint64_t bits) {
  sigset_t set;
  sigemptyset(&set);
  __builtin_memcpy(&set, &bits, sizeof bits);
  return set;
}

using SigactionFn = int(int, const struct sigaction *, struct sigaction *);

SigactionFn *next_sigaction() {
  static auto *next =
      reinterpret_cast<SigactionFn *>(dlsym(RTLD_NEXT, "sigaction"));
  if (next == nullptr)
    fatal("libc has no sigaction");
  return next;
}

/// All signals but faults are blocked while it decides.
void on_signal(int signal, siginfo_t *info, void *context) {
  auto &interrupted = static_cast<ucontext_t *>(context)->uc_sigmask;
  // Only the kernel's part of the set is there.
  std::uint64_t before;
  __builtin_memcpy(&before, &interrupted, sizeof before);
  sigset_t mask = set_of(before);
  if (SignalScope::put_off(signal, info, mask)) {
    std::uint64_t after = bits_of(mask);
    __builtin_memcpy(&interrupted, &after, sizeof after);
    return;
  }
  Wanted &want = wanted[signal];
  auto *handler = want.Handler.load(std::memory_order_acquire);
  const int flags = want.Flags.load(std::memory_order_relaxed);
  mask = set_of(before | want.Mask.load(std::memory_order_relaxed));
  if (!(flags & SA_NODEFER))
    sigaddset(&mask, signal);
  if (flags & SA_RESETHAND) {
    struct sigaction once {};
    once.sa_handler = SIG_DFL;
    next_sigaction()(signal, &once, nullptr);
  }
  const int saved_errno = errno;
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  errno = saved_errno;
  ProgramSyscalls program;
  // One that takes the number alone does not mind the others.
  handler(signal, info, context);
}

bool is_ours(const struct sigaction &action) {
  return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == on_signal;
}

int set_handler(int signal, const struct sigaction *act,
                struct sigaction *old) {
  if (coherence == nullptr || signal <= 0 || signal >= NSIG || is_fault(signal))
    return next_sigaction()(signal, act, old);
  Wanted &want = wanted[signal];
  struct sigaction was {};
  was.sa_sigaction = want.Handler.load(std::memory_order_acquire);
  was.sa_flags = want.Flags.load(std::memory_order_relaxed);
  was.sa_mask = set_of(want.Mask.load(std::memory_order_relaxed));
  struct sigaction ours {};
  if (act != nullptr) {
    ours = *act;
    if (act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN) {
      // Before the kernel knows of it. Both kinds of handler are in one union.
      want.Flags.store(act->sa_flags, std::memory_order_relaxed);
      want.Mask.store(bits_of(act->sa_mask), std::memory_order_relaxed);
      want.Handler.store(act->sa_sigaction, std::memory_order_release);
      ours.sa_sigaction = on_signal;
      ours.sa_flags |= SA_SIGINFO;
      ours.sa_flags &= ~(SA_NODEFER | static_cast<int>(SA_RESETHAND));
      ours.sa_mask = all_but_faults();
    }
  }
  struct sigaction told {};
  int error = next_sigaction()(signal, act ? &ours : nullptr, &told);
  if (error == 0 && old != nullptr) {
    *old = is_ours(told) ? was : told;
  }
  return error;
}

sighandler_t set_simple_handler(int signal, sighandler_t handler, int flags) {
  struct sigaction action {
  }, old{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  return set_handler(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

} // namespace

bool SignalScope::put_off(int signal, siginfo_t *info, sigset_t &mask_after) {
  if (Depth == 0)
    return false;
  if (!IsPutOff) {
    mask_before = mask_after;
    IsPutOff = true;
  }
  // It stays pending, with all that is known of it.
  const int saved_errno = errno;
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal,
              info) != 0)
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
  errno = saved_errno;
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

} // namespace loco::memory

// ------------------------------------------------------- interposed functions

using namespace loco::memory;

extern "C" {

#define LOCO_INTERPOSED __attribute__((visibility("default")))

LOCO_INTERPOSED int sigaction(int signal,
                              const struct sigaction *__restrict act,
                              struct sigaction *__restrict old) {
  return set_handler(signal, act, old);
}

LOCO_INTERPOSED sighandler_t signal(int signal, sighandler_t handler) {
  return set_simple_handler(signal, handler, SA_RESTART);
}

LOCO_INTERPOSED sighandler_t bsd_signal(int signal, sighandler_t handler) {
  return set_simple_handler(signal, handler, SA_RESTART);
}

LOCO_INTERPOSED sighandler_t ssignal(int signal, sighandler_t handler) {
  return set_simple_handler(signal, handler, SA_RESTART);
}

LOCO_INTERPOSED sighandler_t __sysv_signal(int signal, sighandler_t handler) {
  return set_simple_handler(signal, handler,
                            static_cast<int>(SA_RESETHAND) | SA_NODEFER);
}

LOCO_INTERPOSED sighandler_t sysv_signal(int signal, sighandler_t handler) {
  return __sysv_signal(signal, handler);
}

#undef LOCO_INTERPOSED

} // extern "C"
