//===- HoistPass.h - Fewer checks for the same accesses ---------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_HOISTPASS_H
#define LLVM_TRANSFORMS_LOCO_HOISTPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-hoist: takes the mark from accesses that need no check of their own.
///
/// 1. An access whose block was checked, at least as strictly, on every way
///    there since the last call that may have synchronised; also the check of a
///    load that a store of the same place is sure to follow becomes that of the
///    store.
/// 2. Accesses of a call-free loop nest that use a range, or rows at a stride:
///    one check before the widest such loop, asked for only where the job has
///    several nodes. See Sections.h for what counts as known.
///
/// \code
///   loop:
///     %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
///     %q = getelementptr double, ptr %a, i64 %i
///     %q.loco = addrspacecast ptr %q to ptr addrspace(7)
///     store double 0.0, ptr addrspace(7) %q.loco
///     ...
/// \endcode
/// becomes
/// \code
///   entry:
///     %flag = load i8, ptr inttoptr (i64 LOCO_FLAG_MULTI to ptr)
///     %multi = icmp ne i8 %flag, 0
///     br i1 %multi, label %ranges, label %loop
///   ranges:
///     call preserve_mostcc void @__loco_touch(ptr %a, i64 %bytes, i32 1)
///     br label %loop
///   loop:
///     %q = getelementptr double, ptr %a, i64 %i
///     store double 0.0, ptr %q
///     ...
/// \endcode
///
/// All of this concerns speed alone: an access that is not checked and finds
/// its block missing is served by the page-fault net. So is one that a range
/// check left behind because another thread dropped the block meanwhile.
///
/// `-Rpass=loco-hoist` tells what was hoisted, `-Rpass-missed=loco-hoist` what
/// is still checked in an innermost loop, and why.
class HoistPass : public PassInfoMixin<HoistPass> {
public:
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &AM);
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_HOISTPASS_H
