//===- VersionPass.h - Copies of code that need no checks -------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_VERSIONPASS_H
#define LLVM_TRANSFORMS_LOCO_VERSIONPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-version: has code that still has checks run without them where it can
/// be known beforehand that all of them would pass.
///
/// A loop with many checks gets a copy without any, which runs where the job
/// has one node; those of the loop itself shall stand in line then
/// (`!loco.inline`). Where nothing in the loop synchronises, several nodes may
/// run the copy too: the runtime says before it whether that is likely to be
/// faster. A check is a matter of speed alone: what it would have found, a page
/// fault finds.
///
/// \code
///   entry:
///     br label %loop
///   loop:
///     ...
///     %v = load i32, ptr addrspace(7) %p.loco
///     br i1 %more, label %loop, label %end
/// \endcode
/// becomes
/// \code
///   entry:
///     %flag = load i8, ptr inttoptr (i64 LOCO_FLAG_MULTI to ptr)
///     %multi = icmp ne i8 %flag, 0
///     br i1 %multi, label %ask, label %loop.loco.one
///   ask:
///     %decided = load i32, ptr @__loco_nest
///     %epoch = load i32, ptr inttoptr (i64 LOCO_NEST_EPOCH to ptr)
///     %holds = icmp eq i32 %decided, %epoch
///     br i1 %holds, label %loop.loco.one, label %call
///   call:
///     %answer = call preserve_mostcc i32 @__loco_enter_nest(ptr @__loco_nest)
///     %unchecked = icmp ne i32 %answer, 0
///     br i1 %unchecked, label %loop.loco.one, label %loop
///   loop.loco.one:
///     ...
///     %v1 = load i32, ptr %p1
///     br i1 %more1, label %loop.loco.one, label %end
///   loop:
///     ...
///     br i1 %more, label %loop, label %leave
///   leave:
///     call preserve_mostcc void @__loco_leave_nest(ptr @__loco_nest)
///     br label %end
/// \endcode
///
/// Not in functions that are to be small, nor where checks are few: there
/// loco-lower leaves a place for each, which is a nop on one node.
/// `-Rpass=loco-version` tells what was copied.
class VersionPass : public PassInfoMixin<VersionPass> {
public:
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &AM);
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_VERSIONPASS_H
