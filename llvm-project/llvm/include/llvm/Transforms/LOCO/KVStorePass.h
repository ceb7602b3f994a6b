//===- KVStorePass.h - Every access a call ----------------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_KVSTOREPASS_H
#define LLVM_TRANSFORMS_LOCO_KVSTOREPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-kvstore: -floco-mode=kvstore in place of hoisting and checks. What is
/// marked with addrspace(7) becomes a remote read or write by libloco, past any
/// cache.
///
/// \code
///   %v = load i32, ptr addrspace(7) %p.loco
/// \endcode
/// becomes
/// \code
///   %flag = load i8, ptr inttoptr (i64 LOCO_FLAG_MULTI to ptr)
///   %multi = icmp ne i8 %flag, 0
///   br i1 %multi, label %remote, label %plain
/// remote:
///   call void @__loco_kv_get(ptr %p, ptr %buffer, i64 4)
///   %v1 = load i32, ptr %buffer
///   br label %go
/// plain:
///   %v2 = load i32, ptr %p
///   br label %go
/// go:
///   %v = phi i32 [ %v1, %remote ], [ %v2, %plain ]
/// \endcode
///
/// A store goes the other way through the buffer; mem* intrinsics become
/// __loco_kv_move and __loco_kv_fill; vectors under a mask an access a lane.
/// Atomics, fences and what can only be made ready in place are left to
/// loco-lower.
class KVStorePass : public PassInfoMixin<KVStorePass> {
public:
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
  static bool isRequired() { return true; }
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_KVSTOREPASS_H
