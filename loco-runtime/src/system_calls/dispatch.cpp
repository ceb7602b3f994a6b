// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dispatch.cpp - the handler of SIGSYS.

#include "system_calls/dispatch.h"

#include "base/fatal.h"
#include "base/signal_scope.h"
#include "base/syscall_selector.h"
#include "memory/process/signals.h"
#include "system_calls/copies.h"
#include "system_calls/direct.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif

// Of the selector, from the thread pointer: direct.S.
extern "C" __attribute__((visibility("hidden"))) long loco_selector_offset;
long loco_selector_offset;
std::uint64_t loco_clone_targets[loco::system_calls::NumCloneSlots];

namespace loco::system_calls {

namespace {

constexpr std::size_t RedZoneBytes = 128;
/// Copies of this size go onto the thread's stack: then nothing is left over
/// where a handler of the program jumps out of the call. A stack that is not the
/// window's may be small.
constexpr std::size_t MostOnOwnStackBytes = 20 << 10;
constexpr std::size_t MostOnStackBytes = 2 << 10;
/// Larger ones go into the room of the thread, or into a mapping of their own.
constexpr std::size_t RoomBytes = 1 << 20;
constexpr std::size_t MostPopulatedBytes = 32 << 20;
constexpr std::size_t AltStackBytes = 256 << 10;

constexpr std::uint64_t RestorerFlag = 0x04000000; // SA_RESTORER
constexpr long SetBytes = sizeof(KernelAction::Mask);

template <typename T> long as_long(T *p) { return reinterpret_cast<long>(p); }
template <typename T> T *as(std::uint64_t address) {
  return reinterpret_cast<T *>(address);
}

/// What the program wants SIGSYS to do: others may raise it.
KernelAction wanted{};
long own_process;

// ---- alternate stacks

/// What a thread needs for its calls: one mapping, with this at the start, then
/// the room for copies, then the alternate stack. Used again by another thread
/// when the first has ended.
struct AltStack {
  std::atomic<pid_t> Thread;
  AltStack *Next;
  stack_t OfProgram; ///< as it has set it
  bool RoomTaken;    ///< a handler may come and want it too

  static constexpr std::size_t MappedBytes = 4096 + RoomBytes + AltStackBytes;
  std::byte *room() { return reinterpret_cast<std::byte *>(this) + 4096; }
  stack_t whole() { return {room() + RoomBytes, 0, AltStackBytes}; }
  bool holds(std::uint64_t sp) {
    return sp - reinterpret_cast<std::uintptr_t>(whole().ss_sp) <
           AltStackBytes;
  }
};

std::atomic<AltStack *> alt_stacks{nullptr};
thread_local AltStack *own_alt_stack
    __attribute__((tls_model("initial-exec"))) = nullptr;

long own_id() { return loco_direct_syscall(SYS_gettid); }

void *map(std::size_t bytes, int flags = 0) {
  long mapped = loco_direct_syscall(
      SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return mapped < 0 && mapped > -4096 ? nullptr
                                      : reinterpret_cast<void *>(mapped);
}

/// One whose thread has ended, or a new one; null where there is no memory.
AltStack *take_alt_stack() {
  const auto self = static_cast<pid_t>(own_id());
  const long process = loco_direct_syscall(SYS_getpid);
  for (AltStack *s = alt_stacks.load(); s != nullptr; s = s->Next) {
    pid_t owner = s->Thread.load();
    if (loco_direct_syscall(SYS_tgkill, process, owner, 0) == -ESRCH &&
        s->Thread.compare_exchange_strong(owner, self)) {
      s->RoomTaken = false;
      return s;
    }
  }
  void *memory = map(AltStack::MappedBytes);
  if (memory == nullptr)
    return nullptr;
  auto *stack =
      new (memory) AltStack{self, alt_stacks.load(), {}, false};
  while (!alt_stacks.compare_exchange_weak(stack->Next, stack))
    ;
  return stack;
}

// ---- calls that are answered here

long set_dispatch_action(std::uint64_t act, std::uint64_t old) {
  // The child of a vfork shares this memory, but no handlers.
  if (loco_direct_syscall(SYS_getpid) != own_process)
    return 0;
  const KernelAction before = wanted;
  KernelAction want = wanted;
  if ((act != 0 && !read_memory(act, &want, sizeof want)) ||
      (old != 0 && !write_memory(old, &before, sizeof before)))
    return -EFAULT;
  wanted = want;
  return 0;
}

/// sigaltstack(2). The kernel keeps to a stack of ours; handlers are called on the
/// program's (memory/process/signals.h), those of faults excepted.
long set_alt_stack(std::uint64_t ss, std::uint64_t old, std::uint64_t sp) {
  stack_t before = own_alt_stack->OfProgram;
  const bool on_it =
      own_alt_stack->holds(sp) ||
      (!(before.ss_flags & SS_DISABLE) &&
       sp - reinterpret_cast<std::uintptr_t>(before.ss_sp) < before.ss_size);
  if (ss != 0) {
    stack_t want;
    if (!read_memory(ss, &want, sizeof want))
      return -EFAULT;
    const int mode = want.ss_flags & (SS_ONSTACK | SS_DISABLE);
    if (on_it)
      return -EPERM;
    if (mode == (SS_ONSTACK | SS_DISABLE))
      return -EINVAL;
    if (mode == SS_DISABLE) {
      want = {nullptr, SS_DISABLE, 0};
    } else {
      if (want.ss_size < 2048) // the kernel's MINSIGSTKSZ
        return -ENOMEM;
      want.ss_flags &= ~SS_ONSTACK;
    }
    own_alt_stack->OfProgram = want;
  }
  if (old != 0) {
    // A fault's handler may be on ours though the program has set none.
    if (own_alt_stack->holds(sp) && (before.ss_flags & SS_DISABLE))
      before = own_alt_stack->whole();
    if (on_it)
      before.ss_flags |= SS_ONSTACK;
    if (!write_memory(old, &before, sizeof before))
      return -EFAULT;
  }
  return 0;
}

// ---- calls that are made again

/// Arguments of an exec outlive the call in the parent of a vfork, which cannot
/// know when they are done with: the next exec of the thread frees them.
struct Kept {
  void *Memory;
  std::size_t Bytes;
};
thread_local Kept kept __attribute__((tls_model("initial-exec"))) = {};

void *map_kept(std::size_t bytes) {
  if (kept.Memory != nullptr)
    loco_direct_syscall(SYS_munmap, as_long(kept.Memory),
                        static_cast<long>(kept.Bytes));
  kept = {map(bytes), bytes};
  return kept.Memory;
}

/// Which of the six registers is which argument.
constexpr int ArgumentRegister[] = {REG_RDI, REG_RSI, REG_RDX,
                                    REG_R10, REG_R8,  REG_R9};

/// Where a call's copies are, until it is over.
struct Place {
  void *Memory;
  std::size_t MappedBytes;
  bool *Room;
};

/// `top`: of what is free on the thread's stack.
Place find_place(std::uint64_t number, std::size_t bytes, std::uint64_t &top) {
  if (number == SYS_execve || number == SYS_execveat)
    return {map_kept(bytes), 0, nullptr};
  const bool is_own = is_own_stack(top);
  if (bytes <= (is_own ? MostOnOwnStackBytes : MostOnStackBytes) &&
      (is_own || !may_be_missing(top))) {
    top = (top - bytes) & ~std::uint64_t{15};
    return {as<void>(top), 0, nullptr};
  }
  bool *taken = &own_alt_stack->RoomTaken;
  if (bytes <= RoomBytes && !__atomic_exchange_n(taken, true, __ATOMIC_ACQUIRE))
    return {own_alt_stack->room(), 0, taken};
  // Faults one by one would take longer than the copying.
  const int at_once = bytes <= MostPopulatedBytes ? MAP_POPULATE : 0;
  return {map(bytes, at_once), bytes, nullptr};
}

/// Has the call made by loco_direct_resume, with a frame on the stack. False
/// where there is no memory for copies.
bool make_again(std::uint64_t number, gregset_t &registers) {
  std::uint64_t args[6];
  for (int i = 0; i < 6; ++i)
    args[i] = static_cast<std::uint64_t>(registers[ArgumentRegister[i]]);
  CopyPlan plan(number, args);

  auto sp = static_cast<std::uint64_t>(registers[REG_RSP]);
  std::uint64_t top = sp - RedZoneBytes;
  Place place{};
  if (plan.bytes() != 0) {
    place = find_place(number, plan.bytes(), top);
    if (place.Memory == nullptr)
      return false;
  }
  top = (top - sizeof(Frame)) & ~std::uint64_t{15};
  auto *frame = new (as<void>(top)) Frame;
  frame->ReturnAddress = static_cast<std::uint64_t>(registers[REG_RIP]);
  frame->StackPointer = sp;
  frame->Number = number;
  std::memcpy(frame->Original, args, sizeof args);
  std::memcpy(frame->Passed, args, sizeof args);
  frame->Lent = nullptr;
  if (place.Memory != nullptr) {
    frame->Lent = plan.make(place.Memory, frame->Passed);
    frame->Lent->MappedBytes = place.MappedBytes;
    frame->Lent->Room = place.Room;
  }
  for (int i = 0; i < 6; ++i)
    registers[ArgumentRegister[i]] =
        static_cast<greg_t>(frame->Passed[i]);
  registers[REG_RSP] = static_cast<greg_t>(top);
  registers[REG_RIP] = reinterpret_cast<greg_t>(loco_direct_resume);
  return true;
}

/// Goes on in the slot of the place that makes the call.
void make_in_slot(bool shares_memory, gregset_t &registers) {
  const auto target = static_cast<std::uint64_t>(registers[REG_RIP]);
  unsigned slot = 0;
  for (; slot < NumCloneSlots; ++slot) {
    std::uint64_t none = 0;
    if (__atomic_compare_exchange_n(&loco_clone_targets[slot], &none, target,
                                    false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST) ||
        none == target)
      break;
  }
  if (slot == NumCloneSlots)
    fatal("the program makes the system calls fork, vfork and clone from more "
          "than " + std::to_string(NumCloneSlots) + " places");
  auto code = shares_memory
                  ? reinterpret_cast<std::uint64_t>(loco_vfork_slots) +
                        slot * loco_vfork_slot_bytes
                  : reinterpret_cast<std::uint64_t>(loco_clone_slots) +
                        slot * loco_clone_slot_bytes;
  registers[REG_RIP] = static_cast<greg_t>(code);
}

/// Whether the child is one that shares its parent's memory, and has its
/// handlers (which CLONE_CLEAR_SIGHAND takes away).
bool is_vfork(std::uint64_t number, const gregset_t &registers) {
  constexpr std::uint64_t Both = CLONE_VM | CLONE_VFORK;
  std::uint64_t flags = static_cast<std::uint64_t>(registers[REG_RDI]);
  if (number == SYS_clone3 && // clone_args::flags
      !read_memory(flags, &flags, sizeof flags))
    return false; // the kernel says so
  return number == SYS_vfork ||
         (number != SYS_fork &&
          (flags & (Both | CLONE_CLEAR_SIGHAND)) == Both);
}

/// A handler of the program may have put it into the mask that it returns to.
void unblock_in_frame(std::uint64_t context) {
  const std::uint64_t at = context + offsetof(ucontext_t, uc_sigmask);
  std::uint64_t mask;
  if (!read_memory(at, &mask, sizeof mask) || !(mask & DispatchSignal))
    return;
  mask &= ~DispatchSignal;
  write_memory(at, &mask, sizeof mask);
}

/// Some other's SIGSYS, of a seccomp filter or kill(2).
void forward(int signal, siginfo_t *info, void *context) {
  if (wanted.Handler == reinterpret_cast<std::uint64_t>(SIG_IGN))
    return;
  if (wanted.Handler == reinterpret_cast<std::uint64_t>(SIG_DFL)) {
    KernelAction none{};
    loco_direct_syscall(SYS_rt_sigaction, signal, as_long(&none), 0, SetBytes);
    // Pending until the handler returns.
    loco_direct_syscall(SYS_tgkill, loco_direct_syscall(SYS_getpid), own_id(),
                        signal);
    return;
  }
  std::uint64_t mask;
  std::memcpy(&mask, &static_cast<ucontext_t *>(context)->uc_sigmask,
              sizeof mask);
  mask = (mask | wanted.Mask) & ~DispatchSignal;
  loco_direct_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_long(&mask), 0,
                      SetBytes);
  ProgramSyscalls program;
  as<void(int, siginfo_t *, void *)>(wanted.Handler)(signal, info, context);
}

/// On the alternate stack. Other signals are not blocked, as the kernel would give
/// them to another thread then; those that come are put off until it returns.
void on_sigsys(int signal, siginfo_t *info, void *opaque) {
  if (info->si_code != SYS_USER_DISPATCH)
    return forward(signal, info, opaque);
  DirectSyscalls direct;
  auto *context = static_cast<ucontext_t *>(opaque);
  gregset_t &registers = context->uc_mcontext.gregs;
  const auto number = static_cast<std::uint64_t>(registers[REG_RAX]);
  const auto a = static_cast<std::uint64_t>(registers[REG_RDI]);
  const auto b = static_cast<std::uint64_t>(registers[REG_RSI]);
  const auto c = static_cast<std::uint64_t>(registers[REG_RDX]);
  switch (number) {
  case SYS_rt_sigreturn: // finds its frame by the stack pointer
    unblock_in_frame(static_cast<std::uint64_t>(registers[REG_RSP]));
    registers[REG_RIP] = reinterpret_cast<greg_t>(loco_direct_sigreturn);
    return;
  case SYS_clone:
  case SYS_clone3:
  case SYS_fork:
  case SYS_vfork:
    return make_in_slot(is_vfork(number, registers), registers);
  case SYS_sigaltstack:
    registers[REG_RAX] = set_alt_stack(
        a, b, static_cast<std::uint64_t>(registers[REG_RSP]));
    return;
  case SYS_rt_sigaction:
    if (a == SIGSYS) {
      registers[REG_RAX] = set_dispatch_action(b, c);
      return;
    }
    break;
  default:
    break;
  }
  if (!make_again(number, registers))
    registers[REG_RAX] = -ENOMEM;
}

} // namespace

Result<void> open() {
  loco_selector_offset =
      SyscallSelector::address() -
      static_cast<volatile char *>(__builtin_thread_pointer());
  KernelAction ours{reinterpret_cast<std::uint64_t>(on_sigsys),
                    SA_SIGINFO | SA_ONSTACK | SA_NODEFER | RestorerFlag,
                    reinterpret_cast<std::uint64_t>(loco_direct_sigreturn),
                    0};
  memory::move_handlers(
      {.is_kernels =
           [](std::uintptr_t sp) {
             return own_alt_stack != nullptr && own_alt_stack->holds(sp);
           },
       .of_program = []() -> const stack_t & {
         // A thread that libc has started has none.
         static constexpr stack_t None = {nullptr, SS_DISABLE, 0};
         return own_alt_stack != nullptr ? own_alt_stack->OfProgram : None;
       }});
  own_process = loco_direct_syscall(SYS_getpid);
  long error = loco_direct_syscall(SYS_rt_sigaction, SIGSYS, as_long(&ours),
                                   as_long(&wanted), SetBytes);
  if (error == 0)
    error = loco_direct_syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
                                PR_SYS_DISPATCH_OFF);
  if (error != 0)
    return Error{std::string("this user's userfaultfd serves no faults of "
                             "system calls, and they cannot be dispatched "
                             "(PR_SET_SYSCALL_USER_DISPATCH): ") +
                 std::strerror(static_cast<int>(-error)) +
                 " (run loco-doctor; as root: sysctl "
                 "vm.unprivileged_userfaultfd=1)"};
  return {};
}

void enter_thread() {
  own_alt_stack = take_alt_stack();
  if (own_alt_stack == nullptr)
    fatal("out of memory: no stack for the dispatch of system calls");
  // What a thread starts with.
  own_alt_stack->OfProgram = {nullptr, SS_DISABLE, 0};
  stack_t stack = own_alt_stack->whole();
  std::uint64_t set = DispatchSignal;
  const char *start = __start_loco_direct;
  loco_direct_syscall(SYS_sigaltstack, as_long(&stack), 0);
  loco_direct_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, as_long(&set), 0,
                      SetBytes);
  if (loco_direct_syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
                          PR_SYS_DISPATCH_ON, as_long(start),
                          __stop_loco_direct - start,
                          reinterpret_cast<long>(
                              SyscallSelector::address())) != 0)
    fatal("cannot dispatch system calls (PR_SET_SYSCALL_USER_DISPATCH)");
  SyscallSelector::block();
}

} // namespace loco::system_calls
