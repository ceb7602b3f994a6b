//===- TagPass.h - Mark what may be remote ----------------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_TAGPASS_H
#define LLVM_TRANSFORMS_LOCO_TAGPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-tag: marks each access that may reach another node's memory.
///
/// The mark is the pointer's address space, 7. What provably stays on this
/// node keeps address space 0: the function's own allocas and byval arguments,
/// constants, thread-local variables, vtables.
///
/// \code
///   %v = load i32, ptr %p
///   store i32 %v, ptr %own_alloca
///   call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)
///   call void @f(ptr byval(%struct.S) %p)
/// \endcode
/// becomes
/// \code
///   %p.loco = addrspacecast ptr %p to ptr addrspace(7)
///   %v = load i32, ptr addrspace(7) %p.loco
///   store i32 %v, ptr %own_alloca
///   %p.loco1 = addrspacecast ptr %p to ptr addrspace(7)
///   call void @llvm.memset.p7.i64(ptr addrspace(7) %p.loco1, ...)
///   %p.loco2 = addrspacecast ptr %p to ptr addrspace(7)
///   call void @loco.ready(ptr addrspace(7) %p.loco2, i64 24, i32 0)
///   call void @f(ptr byval(%struct.S) %p)
/// \endcode
///
/// loco.ready stands before an instruction whose own operand cannot change its
/// type: byval arguments, memory operands of inline asm, intrinsics that take
/// plain pointers only, and calls of library functions that are known to reach
/// it (LibraryCalls.cpp). Its arguments are those of __loco_touch.
///
/// How far inline asm reaches through a pointer in a register, or an intrinsic of
/// the target through its argument, is not known: `-Rpass-missed=loco-tag` names
/// those, which the page-fault net serves.
///
/// Atomics are marked even on an own alloca, unless its address never leaves
/// the function: their order concerns other memory too.
///
/// A module that uses address space 7 itself is refused with an error.
class TagPass : public PassInfoMixin<TagPass> {
public:
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
  static bool isRequired() { return true; }
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_TAGPASS_H
