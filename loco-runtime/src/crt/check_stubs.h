/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * check_stubs.h - what a place for a check calls where the job has several
 * nodes: for each register and kind of access a function that looks at the
 * shadow of the address in that register. They keep every register (flags
 * apart), since the code around a place knows of no call.
 *
 * In the module itself, so that a 5-byte call reaches them.
 */

#ifndef __x86_64__
#error "places for checks are written for x86-64"
#endif

/* r11 goes to the stack; then the block is in r11, and for the slow path the
 * address, `again`. */
#define LOCO_CHECK_STUB(kind, limit, reg, again)                               \
  ".hidden __loco_check_" kind "_" reg "\n"                                    \
  ".globl __loco_check_" kind "_" reg "\n"                                     \
  ".type __loco_check_" kind "_" reg ",@function\n"                            \
  ".p2align 4\n"                                                               \
  "__loco_check_" kind "_" reg ":\n"                                           \
  ".cfi_startproc\n"                                                           \
  "  pushq %r11\n"                                                             \
  ".cfi_adjust_cfa_offset 8\n"                                                 \
  "  movq %" reg ", %r11\n"                                                    \
  "  shrq $12, %r11\n"                                                         \
  "  cmpb $" limit ", 0x7fff8000(%r11)\n"                                      \
  "  ja 1f\n"                                                                  \
  "  popq %r11\n"                                                              \
  ".cfi_adjust_cfa_offset -8\n"                                                \
  "  retq\n"                                                                   \
  ".cfi_adjust_cfa_offset 8\n"                                                 \
  "1: movq " again ", %r11\n"                                                  \
  "  jmp __loco_check_slow_" kind "\n"                                         \
  ".cfi_endproc\n"                                                             \
  ".size __loco_check_" kind "_" reg ", .-__loco_check_" kind "_" reg "\n"

#define LOCO_CHECK_STUBS(kind, limit)                                          \
  LOCO_CHECK_STUB(kind, limit, "rax", "%rax")                                  \
  LOCO_CHECK_STUB(kind, limit, "rbx", "%rbx")                                  \
  LOCO_CHECK_STUB(kind, limit, "rcx", "%rcx")                                  \
  LOCO_CHECK_STUB(kind, limit, "rdx", "%rdx")                                  \
  LOCO_CHECK_STUB(kind, limit, "rsi", "%rsi")                                  \
  LOCO_CHECK_STUB(kind, limit, "rdi", "%rdi")                                  \
  LOCO_CHECK_STUB(kind, limit, "rbp", "%rbp")                                  \
  LOCO_CHECK_STUB(kind, limit, "r8", "%r8")                                    \
  LOCO_CHECK_STUB(kind, limit, "r9", "%r9")                                    \
  LOCO_CHECK_STUB(kind, limit, "r10", "%r10")                                  \
  LOCO_CHECK_STUB(kind, limit, "r11", "(%rsp)")                                \
  LOCO_CHECK_STUB(kind, limit, "r12", "%r12")                                  \
  LOCO_CHECK_STUB(kind, limit, "r13", "%r13")                                  \
  LOCO_CHECK_STUB(kind, limit, "r14", "%r14")                                  \
  LOCO_CHECK_STUB(kind, limit, "r15", "%r15")

/* The address is in r11, whose value the stub pushed. The slow path keeps the
 * general-purpose registers but r11; what else code may hold (x87, vectors,
 * masks) is kept by xsave: its area of 2688 bytes ends with the 32 vectors of
 * 512 bits, and its header has to be zero. 64 bytes are made ready, as the check
 * may stand for one of a few bytes further on. The third argument is where the
 * check is. */
#define LOCO_CHECK_SLOW(kind, function)                                        \
  ".type __loco_check_slow_" kind ",@function\n"                               \
  ".p2align 4\n"                                                               \
  "__loco_check_slow_" kind ":\n"                                              \
  ".cfi_startproc\n"                                                           \
  ".cfi_adjust_cfa_offset 8\n"                                                 \
  "  pushq %rbp\n"                                                             \
  ".cfi_adjust_cfa_offset 8\n"                                                 \
  ".cfi_rel_offset %rbp, 0\n"                                                  \
  "  movq %rsp, %rbp\n"                                                        \
  ".cfi_def_cfa_register %rbp\n"                                               \
  "  pushq %rax\n"                                                             \
  "  pushq %rdx\n"                                                             \
  "  pushq %rsi\n"                                                             \
  "  pushq %rdi\n"                                                             \
  "  andq $-64, %rsp\n"                                                        \
  "  subq $2688, %rsp\n"                                                       \
  "  xorl %edx, %edx\n"                                                        \
  "  movq %rdx, 512(%rsp)\n"                                                   \
  "  movq %rdx, 520(%rsp)\n"                                                   \
  "  movq %rdx, 528(%rsp)\n"                                                   \
  "  movq %rdx, 536(%rsp)\n"                                                   \
  "  movq %rdx, 544(%rsp)\n"                                                   \
  "  movq %rdx, 552(%rsp)\n"                                                   \
  "  movq %rdx, 560(%rsp)\n"                                                   \
  "  movq %rdx, 568(%rsp)\n"                                                   \
  "  movl $0xe7, %eax\n"                                                       \
  "  xsave (%rsp)\n"                                                           \
  "  movq %r11, %rdi\n"                                                        \
  "  movl $64, %esi\n"                                                         \
  "  movq 16(%rbp), %rdx\n"                                                    \
  "  callq *" function "@GOTPCREL(%rip)\n"                                     \
  "  xorl %edx, %edx\n"                                                        \
  "  movl $0xe7, %eax\n"                                                       \
  "  xrstor (%rsp)\n"                                                          \
  "  movq -8(%rbp), %rax\n"                                                    \
  "  movq -16(%rbp), %rdx\n"                                                   \
  "  movq -24(%rbp), %rsi\n"                                                   \
  "  movq -32(%rbp), %rdi\n"                                                   \
  "  movq %rbp, %rsp\n"                                                        \
  "  popq %rbp\n"                                                              \
  ".cfi_def_cfa %rsp, 16\n"                                                    \
  "  popq %r11\n"                                                              \
  ".cfi_adjust_cfa_offset -8\n"                                                \
  "  retq\n"                                                                   \
  ".cfi_endproc\n"                                                             \
  ".size __loco_check_slow_" kind ", .-__loco_check_slow_" kind "\n"

__asm__(".text\n" LOCO_CHECK_SLOW("load", "__loco_load")
            LOCO_CHECK_SLOW("store", "__loco_store_from")
            LOCO_CHECK_STUBS("load", "1") LOCO_CHECK_STUBS("store", "0"));
