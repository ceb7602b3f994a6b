//===--- SemaLOCO.h - Semantic checks of the LOCO builtins ------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_CLANG_SEMA_SEMALOCO_H
#define LLVM_CLANG_SEMA_SEMALOCO_H

namespace clang {
class CallExpr;
class Sema;

/// Diagnoses a __builtin_loco_* without -floco: its code would find no runtime
/// to call. True where \p Call is in error. Counts and types of the arguments
/// follow from the prototypes in BuiltinsLOCO.def.
bool checkLOCOBuiltinCall(Sema &S, unsigned BuiltinID, const CallExpr *Call);

} // namespace clang

#endif // LLVM_CLANG_SEMA_SEMALOCO_H
