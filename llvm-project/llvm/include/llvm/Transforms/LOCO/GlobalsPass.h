//===- GlobalsPass.h - Globals and static constructors ----------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_GLOBALSPASS_H
#define LLVM_TRANSFORMS_LOCO_GLOBALSPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-globals: makes a module's static data one for all nodes.
///
/// Mutable, non-thread-local variables go to sections that the linker script
/// gathers on pages of their own; static constructors and destructors run on
/// node 0 alone; function-local statics are guarded across nodes.
///
/// \code
///   @counter = global i32 7
///   @table = internal global [100 x i8] zeroinitializer
///   @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
///       [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
///   ... call i32 @__cxa_guard_acquire(ptr @_ZGVZ1fvE1x)
/// \endcode
/// becomes
/// \code
///   @counter = global i32 7, section ".data.loco.counter"
///   @table = internal global [100 x i8] zeroinitializer,
///            section ".bss.loco.table"
///   @llvm.global_ctors = ... ptr @__loco_node0.init ...
///   ... call i32 @__loco_guard_acquire(ptr @_ZGVZ1fvE1x)
///
///   define internal void @__loco_node0.init() {
///     %flag = load i8, ptr inttoptr (i64 LOCO_FLAG_WORKER to ptr)
///     %node0 = icmp eq i8 %flag, 0
///     br i1 %node0, label %run, label %done
///   run:
///     call void @init()
///     br label %done
///   done:
///     ret void
///   }
/// \endcode
///
/// Left where they are: constants, thread-local variables, those that the user
/// (or clang) gave a section, and the few that hold what belongs to one node.
/// A common variable becomes a weak one, as only that can have a section; the
/// linker still merges the definitions of several files.
class GlobalsPass : public PassInfoMixin<GlobalsPass> {
public:
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
  static bool isRequired() { return true; }
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_GLOBALSPASS_H
