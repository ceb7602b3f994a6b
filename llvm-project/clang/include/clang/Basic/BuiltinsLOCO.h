//===--- BuiltinsLOCO.h - Numbers of the LOCO builtins ----------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They come behind the last of X86's own, so that no number of upstream's
// moves: files that are not compiled anew have those in them.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_CLANG_BASIC_BUILTINSLOCO_H
#define LLVM_CLANG_BASIC_BUILTINSLOCO_H

#include "clang/Basic/TargetBuiltins.h"

namespace clang::X86 {
enum {
  LastOwnBuiltin = LastTSBuiltin - 1,
#define BUILTIN(ID, TYPE, ATTRS) BI##ID,
#include "clang/Basic/BuiltinsLOCO.def"
  LastLOCOBuiltin
};
static_assert(uint64_t(LastLOCOBuiltin) <= LargestBuiltinID,
              "an identifier has no room for these numbers");

/// Whether \p BuiltinID, a number of the X86 target's, is one of them.
inline bool isLOCOBuiltin(unsigned BuiltinID) {
  return BuiltinID > LastOwnBuiltin && BuiltinID < LastLOCOBuiltin;
}
} // namespace clang::X86

#endif // LLVM_CLANG_BASIC_BUILTINSLOCO_H
