// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// syscall_selector.h - whether the kernel lets a system call of this thread
// pass, or has it looked at first (system_calls/dispatch.h). It reads a byte of
// the thread at each call: "Syscall User Dispatch" of the kernel's documentation.
#pragma once

namespace loco {

class SyscallSelector {
public:
  enum Value : char { Allow = 0, Block = 1 }; // as in linux/prctl.h

  /// From now on, calls of the program on this thread are looked at.
  static void block() {
    OfProgram = Block;
    Now = Block;
  }
  static volatile char *address() { return &Now; }

private:
  friend class DirectSyscalls;
  friend class ProgramSyscalls;
  static inline thread_local volatile char Now
      __attribute__((tls_model("initial-exec"))) = Allow;
  static inline thread_local volatile char OfProgram
      __attribute__((tls_model("initial-exec"))) = Allow;
};

/// While one lives, system calls of this thread pass: they are the runtime's,
/// which gives the kernel no memory that may be missing.
class DirectSyscalls {
public:
  DirectSyscalls() { SyscallSelector::Now = SyscallSelector::Allow; }
  ~DirectSyscalls() { SyscallSelector::Now = Before; }
  DirectSyscalls(const DirectSyscalls &) = delete;

private:
  const char Before = SyscallSelector::Now;
};

/// While one lives, the thread runs code of the program, wherever it was
/// interrupted.
class ProgramSyscalls {
public:
  ProgramSyscalls() { SyscallSelector::Now = SyscallSelector::OfProgram; }
  ~ProgramSyscalls() { SyscallSelector::Now = Before; }
  ProgramSyscalls(const ProgramSyscalls &) = delete;

private:
  const char Before = SyscallSelector::Now;
};

} // namespace loco
