//===- Lowering.h - What the passes that lower marks share ------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Taking marks off, choosing between one node and several, and the few shapes
// of marked instructions, for loco-lower and loco-kvstore.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_LOWERING_H
#define LLVM_LIB_TRANSFORMS_LOCO_LOWERING_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include <optional>

namespace llvm::loco {

/// Ends the compilation with \p What and the instruction.
[[noreturn]] void failOn(const Instruction &I, const Twine &What);

/// Whether an operand of \p I is a marked pointer.
bool takesRemotePointer(const Instruction &I);

/// Takes the mark off operand \p OpNo and returns the plain pointer; null where
/// there is no mark.
Value *unmark(Instruction &I, unsigned OpNo);

/// A vector access under a mask: where its arguments stand.
struct MaskedAccess {
  unsigned PointerArg;
  unsigned MaskArg;
  Type *DataTy;
  abi::TouchKind Kind;
  bool IsGather; ///< A pointer a lane.
};

std::optional<MaskedAccess> getMaskedAccess(const Instruction &I);

/// Has \p I run with one node only, and what \p Build makes (its result, or
/// null) with several. Build inserts before the instruction that it is given.
void versionOnMulti(Runtime &RT, Instruction &I,
                    function_ref<Value *(Instruction *)> Build);

/// One alloca of a function, as large as the largest value that goes through it
/// on its way to or from libloco.
class AccessBuffer {
public:
  explicit AccessBuffer(Function &F) : F(F) {}
  AllocaInst *get(uint64_t Bytes);

private:
  Function &F;
  AllocaInst *Buffer = nullptr;
  uint64_t BufferBytes = 0;
};

/// When marks were taken off \p F: removes the casts that made them, and
/// attributes that no longer hold now that F reads flags and calls libloco.
void finishLowering(Function &F);

} // namespace llvm::loco

#endif // LLVM_LIB_TRANSFORMS_LOCO_LOWERING_H
