// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// direct.S - the section whose system calls pass, whatever the selector says:
// the kernel is told its bounds. A system call keeps all registers but rax, rcx
// and r11, so those two are what the code here may use.

  .hidden __start_loco_direct
  .hidden __stop_loco_direct
  .hidden loco_selector_offset
  .hidden loco_clone_targets
  .hidden loco_finish_call

  .section loco_direct, "ax", @progbits

// long loco_direct_syscall(long number, long a, ..., long f)
  .globl loco_direct_syscall
  .hidden loco_direct_syscall
  .type loco_direct_syscall, @function
  .balign 16
loco_direct_syscall:
  .cfi_startproc
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  mov %r8, %r10
  mov %r9, %r8
  mov 8(%rsp), %r9
  syscall
  ret
  .cfi_endproc
  .size loco_direct_syscall, . - loco_direct_syscall

// int sched_yield(void), in libc's place: waiting loops are full of it, and it
// gives the kernel no memory.
  .globl sched_yield
  .type sched_yield, @function
  .balign 16
sched_yield:
  .cfi_startproc
  mov $24, %eax
  syscall
  ret
  .cfi_endproc
  .size sched_yield, . - sched_yield

  .globl loco_direct_sigreturn
  .hidden loco_direct_sigreturn
  .type loco_direct_sigreturn, @function
  .balign 16
loco_direct_sigreturn:
  mov $15, %eax
  syscall
  ud2
  .size loco_direct_sigreturn, . - loco_direct_sigreturn

// The frame at the stack pointer says where the caller goes on and with which
// stack pointer: so the unwinder finds it.
  .globl loco_direct_resume
  .hidden loco_direct_resume
  .type loco_direct_resume, @function
  .balign 16
loco_direct_resume:
  .cfi_startproc
  .cfi_signal_frame
  // CFA: *(rsp + 8); return address: at rsp.
  .cfi_escape 0x0f, 3, 0x77, 8, 0x06
  .cfi_escape 0x10, 16, 2, 0x77, 0
  syscall
  cmpq $0, 120(%rsp)
  je 1f
  mov %rsp, %rdi
  mov %rax, %rsi
  call loco_finish_call
  test %rdx, %rdx
  jne 2f
  mov 72(%rsp), %rdi
  mov 80(%rsp), %rsi
  mov 88(%rsp), %rdx
  mov 96(%rsp), %r10
  mov 104(%rsp), %r8
  mov 112(%rsp), %r9
1:
  mov (%rsp), %rcx
  mov 8(%rsp), %rsp
  .cfi_def_cfa %rsp, 0
  .cfi_register %rip, %rcx
  jmp *%rcx
  .cfi_escape 0x0f, 3, 0x77, 8, 0x06
  .cfi_escape 0x10, 16, 2, 0x77, 0
2:
  mov 16(%rsp), %rax
  mov 24(%rsp), %rdi
  mov 32(%rsp), %rsi
  mov 40(%rsp), %rdx
  mov 48(%rsp), %r10
  mov 56(%rsp), %r8
  mov 64(%rsp), %r9
  jmp loco_direct_resume
  .cfi_endproc
  .size loco_direct_resume, . - loco_direct_resume

// Slots: the child of a clone has another stack, and that of a vfork spoils its
// parent's; so where to go on stands beside the code.
  .globl loco_clone_slots
  .hidden loco_clone_slots
  .type loco_clone_slots, @function
  .balign 16
loco_clone_slots:
  .set slot, 0
  .rept 16
  syscall
  jmp *(loco_clone_targets + 8 * slot)(%rip)
  .set slot, slot + 1
  .balign 16
  .endr
  .size loco_clone_slots, . - loco_clone_slots
.Lclone_end:

// The kernel ends dispatching in every child. That of a vfork shares this
// memory, and has nothing to do but to exec, with arguments that may be
// missing: it begins again. What it pushes lies below all that its parent
// needs.
  .globl loco_vfork_slots
  .hidden loco_vfork_slots
  .type loco_vfork_slots, @function
  .balign 64
loco_vfork_slots:
  .set slot, 0
  .rept 16
  syscall
  test %rax, %rax
  jne 1f
  call loco_dispatch_again
1:
  jmp *(loco_clone_targets + 8 * slot)(%rip)
  .set slot, slot + 1
  .balign 64
  .endr
  .size loco_vfork_slots, . - loco_vfork_slots
.Lvfork_end:

  .type loco_dispatch_again, @function
  .balign 16
loco_dispatch_again:
  push %rdi
  push %rsi
  push %rdx
  push %r10
  push %r8
  mov $157, %eax // prctl
  mov $59, %edi  // PR_SET_SYSCALL_USER_DISPATCH
  mov $1, %esi   // PR_SYS_DISPATCH_ON
  lea __start_loco_direct(%rip), %rdx
  lea __stop_loco_direct(%rip), %r10
  sub %rdx, %r10
  mov loco_selector_offset(%rip), %r8
  add %fs:0, %r8
  syscall
  pop %r8
  pop %r10
  pop %rdx
  pop %rsi
  pop %rdi
  xor %eax, %eax
  ret
  .size loco_dispatch_again, . - loco_dispatch_again

  .section .rodata
  .globl loco_clone_slot_bytes, loco_vfork_slot_bytes
  .hidden loco_clone_slot_bytes, loco_vfork_slot_bytes
  .balign 4
loco_clone_slot_bytes:
  .long (.Lclone_end - loco_clone_slots) / 16
loco_vfork_slot_bytes:
  .long (.Lvfork_end - loco_vfork_slots) / 16

  .section .note.GNU-stack, "", @progbits
