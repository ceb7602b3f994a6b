// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signals.cpp - the handler in front of the program's, and the libc functions
// that set handlers.

#include "memory/process/signals.h"

#include "base/result.h"
#include "base/signal_scope.h"
#include "memory/coherence/coherence.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <optional>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace loco::memory {

namespace {

/// What the program has asked for. A signal that arrives while it is changed
/// may see some of the old and some of the new, as it may come before or after.
struct Wanted {
  std::atomic<void (*)(int, siginfo_t *, void *)> Handler;
  std::atomic<int> Flags;
  std::atomic<std::uint64_t> Mask; ///< as the kernel has it
};
Wanted wanted[NSIG];

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

std::optional<SignalStacks> stacks;

/// The mask that a handler returns to; only the kernel's part of the set is there.
std::uint64_t mask_in(void *context) {
  std::uint64_t bits;
  __builtin_memcpy(&bits, &static_cast<ucontext_t *>(context)->uc_sigmask,
                   sizeof bits);
  return bits;
}

/// The thread that runs main, or waits for its node's part of regions.
std::atomic<pid_t> main_thread{0};

/// Whether a thread of this process has the signal blocked: "SigBlk" of proc(5).
bool is_blocked_by(pid_t thread, int signal) {
  char text[4096];
  snprintf(text, sizeof text, "/proc/self/task/%d/status", thread);
  const int file = open(text, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return true; // it has ended
  const ssize_t bytes = ::read(file, text, sizeof text - 1);
  close(file);
  text[bytes > 0 ? bytes : 0] = '\0';
  const char *field = std::strstr(text, "SigBlk:");
  return field == nullptr ||
         (std::strtoull(field + std::strlen("SigBlk:"), nullptr, 16) >>
          (signal - 1) & 1) != 0;
}

/// One for the process: the kernel prefers the first thread, which in a program is
/// that of main, but here another, which has all blocked; so any may get it.
bool is_for_main(int signal, const siginfo_t *info) {
  const pid_t to = main_thread.load(std::memory_order_relaxed);
  if (to == 0 || (info->si_code != SI_USER && info->si_code != SI_KERNEL) ||
      own_thread() == to)
    return false;
  const int saved_errno = errno;
  const bool blocked = is_blocked_by(to, signal);
  errno = saved_errno;
  return !blocked;
}

/// Calls the program's handler.
void run_handler(int signal, siginfo_t *info, void *context) {
  const std::uint64_t before = mask_in(context);
  sigset_t mask;
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

/// What the kernel pushes for a handler, downwards from the state of the FPU:
/// struct rt_sigframe of x86-64, where the return address comes first.
struct KernelFrame {
  std::byte *Start;
  std::size_t Bytes;
  std::byte *Fpu;
  std::size_t FpuBytes;
};

KernelFrame frame_of(siginfo_t *info, ucontext_t *context) {
  auto *start = reinterpret_cast<std::byte *>(context) - sizeof(void *);
  auto *end = reinterpret_cast<std::byte *>(info + 1);
  KernelFrame frame{start, static_cast<std::size_t>(end - start),
                    reinterpret_cast<std::byte *>(context->uc_mcontext.fpregs),
                    0};
  if (frame.Fpu != nullptr) {
    // struct _fpx_sw_bytes, in what the hardware leaves to software.
    static constexpr std::size_t SoftwareOffset = 464, LegacyBytes = 512;
    static constexpr std::uint32_t Magic = 0x46505853; // FP_XSTATE_MAGIC1
    std::uint32_t software[2];
    std::memcpy(software, frame.Fpu + SoftwareOffset, sizeof software);
    frame.FpuBytes = software[0] == Magic ? software[1] : LegacyBytes;
  }
  return frame;
}

/// Goes on in run_handler() on the stack below `top`, which gets the kernel's frame:
/// its own stack is used again by the next signal. The handler returns as ever.
[[noreturn]] void run_handler_below(std::uintptr_t top, int signal,
                                    siginfo_t *info, ucontext_t *context) {
  static constexpr std::uintptr_t FpuAlign = 64, StackAlign = 16;
  const KernelFrame frame = frame_of(info, context);
  const std::uintptr_t fpu = (top - frame.FpuBytes) & ~(FpuAlign - 1);
  // As at the entry of a function.
  const std::uintptr_t start =
      ((fpu - frame.Bytes) & ~(StackAlign - 1)) - sizeof(void *);
  auto *copy = reinterpret_cast<std::byte *>(start);
  std::memcpy(reinterpret_cast<void *>(fpu), frame.Fpu, frame.FpuBytes);
  std::memcpy(copy, frame.Start, frame.Bytes);
  auto *new_context = reinterpret_cast<ucontext_t *>(copy + sizeof(void *));
  if (frame.Fpu != nullptr)
    new_context->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(fpu);
  auto *new_info = copy + (reinterpret_cast<std::byte *>(info) - frame.Start);
  asm volatile("mov %0, %%rsp\n\t"
               "jmp *%1"
               :
               : "r"(copy), "r"(&run_handler), "D"(signal), "S"(new_info),
                 "d"(new_context)
               : "memory");
  __builtin_unreachable();
}

/// Whether the stack pointer is on the stack.
bool is_on(const stack_t &stack, std::uintptr_t sp) {
  return !(stack.ss_flags & SS_DISABLE) &&
         sp - reinterpret_cast<std::uintptr_t>(stack.ss_sp) < stack.ss_size;
}

/// All signals but faults are blocked while it decides.
void on_signal(int signal, siginfo_t *info, void *opaque) {
  auto *context = static_cast<ucontext_t *>(opaque);
  auto sp = static_cast<std::uintptr_t>(context->uc_mcontext.gregs[REG_RSP]);
  if (is_for_main(signal, info))
    return send_again(signal, info, main_thread);
  sigset_t mask = set_of(mask_in(context));
  bool waits = SignalScope::put_off(signal, info, mask);
  if (!waits && stacks && stacks->is_kernels(sp)) {
    send_again(signal, info, own_thread());
    mask = all_but_faults();
    waits = true;
  }
  if (waits) {
    std::uint64_t after = bits_of(mask);
    __builtin_memcpy(&context->uc_sigmask, &after, sizeof after);
    return;
  }
  if (!stacks)
    return run_handler(signal, info, context);
  static constexpr std::size_t RedZoneBytes = 128;
  const stack_t &alternate = stacks->of_program();
  const bool wants_it =
      wanted[signal].Flags.load(std::memory_order_relaxed) & SA_ONSTACK;
  if (wants_it && !(alternate.ss_flags & SS_DISABLE) && !is_on(alternate, sp))
    sp = reinterpret_cast<std::uintptr_t>(alternate.ss_sp) + alternate.ss_size;
  else
    sp -= RedZoneBytes;
  run_handler_below(sp, signal, info, context);
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
      if (stacks)
        ours.sa_flags |= SA_ONSTACK;
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

void handle_signals_here() { main_thread = own_thread(); }

void move_handlers(const SignalStacks &wanted_stacks) {
  stacks = wanted_stacks;
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
