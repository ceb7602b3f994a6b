//===- LowerPass.h - Checks and runtime calls for marked accesses -*- C++
//-*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_LOWERPASS_H
#define LLVM_TRANSFORMS_LOCO_LOWERPASS_H

#include "llvm/IR/PassManager.h"
#include "llvm/Transforms/LOCO/Pipeline.h"

namespace llvm::loco {

/// loco-lower: turns what is marked with addrspace(7) into plain accesses with
/// a check before them, or into calls of libloco.
///
/// \code
///   %v = load i32, ptr addrspace(7) %p.loco
/// \endcode
/// becomes
/// \code
///   %a = ptrtoint ptr %p to i64
///   %block = lshr i64 %a, 12
///   %s = add i64 %block, LOCO_SHADOW_BASE
///   %sp = inttoptr i64 %s to ptr
///   %state = load i8, ptr %sp
///   %slow = icmp ugt i8 %state, 1        ; a store: 0
///   br i1 %slow, label %fetch, label %go, !prof !unlikely
/// fetch:
///   call preserve_mostcc void @__loco_load(ptr %p, i64 4)
///   br label %go
/// go:
///   %v = load i32, ptr %p
/// \endcode
///
/// Atomics, volatile accesses and fences ask LOCO_FLAG_MULTI: with one node the
/// plain instruction runs, else the runtime's function acts on the home. So do
/// vector accesses under a mask, and long mem* intrinsics, for which the check
/// is a range.
///
/// Afterwards no addrspace(7) is left in the module; an instruction that takes
/// such a pointer and is not known here is a fatal error.
class LowerPass : public PassInfoMixin<LowerPass> {
public:
  explicit LowerPass(Checks ChecksKind = Checks::Inline)
      : ChecksKind(ChecksKind) {}
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
  static bool isRequired() { return true; }

private:
  Checks ChecksKind;
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_LOWERPASS_H
