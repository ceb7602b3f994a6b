//===- LibraryCalls.h - What calls of libc reach ----------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_LIBRARYCALLS_H
#define LLVM_LIB_TRANSFORMS_LOCO_LIBRARYCALLS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Transforms/LOCO/ABI.h"
#include <optional>

namespace llvm {

class CallBase;
class TargetLibraryInfo;

namespace loco {

/// Memory that a library function reaches through an argument.
struct ArgumentRange {
  unsigned Pointer; ///< Argument that it starts at.
  abi::TouchKind Kind;
  std::optional<unsigned> Size;  ///< Argument with its bytes; else unknown: a
                                 ///< string, of which the first byte will do.
  std::optional<unsigned> Count; ///< Argument by which the size is multiplied.
};

/// What \p Call of a function that LLVM knows will reach for sure. Its code has
/// no checks: what is missing would come by a page fault a block.
SmallVector<ArgumentRange, 4> getLibraryRanges(const CallBase &Call,
                                               const TargetLibraryInfo &TLI);

} // namespace loco
} // namespace llvm

#endif // LLVM_LIB_TRANSFORMS_LOCO_LIBRARYCALLS_H
