//===- Accesses.h - Marked accesses and what synchronises -------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the passes between loco-tag and loco-lower ask of an instruction: is it
// an access that can do without a check, and may it synchronise?
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_ACCESSES_H
#define LLVM_LIB_TRANSFORMS_LOCO_ACCESSES_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/AtomicOrdering.h"
#include "llvm/Transforms/LOCO/ABI.h"
#include <optional>

namespace llvm {

class BasicBlock;
class DataLayout;
class Instruction;
class TargetLibraryInfo;
class Value;

namespace loco {

/// A marked access that can do without a check of its own: a plain load or
/// store, or a vector under a mask.
struct Marked {
  Instruction *I;
  unsigned PointerOp;
  Value *Ptr; ///< Below the mark.
  uint64_t Bytes;
  abi::TouchKind Kind;
};

std::optional<Marked> getMarked(Instruction &I);

/// The marked accesses of \p I: also the two of a copy of constant length,
/// loads first.
SmallVector<Marked, 2> getAllMarked(Instruction &I);

/// Takes the mark away: the access has no check.
void unmark(const Marked &M);

/// Whether \p I is loco.ready, the check of what cannot carry a mark.
bool isReadyCall(const Instruction &I);

/// The order of \p I where it is a fence between threads: LLVM's, and those of x86,
/// as intrinsics or as text of inline assembly, by which older codes order flags and
/// data.
std::optional<AtomicOrdering> getFenceOrder(const Instruction &I);

/// Knows which instructions may let another node's writes in, or ours out.
class Synchronisation {
public:
  explicit Synchronisation(const TargetLibraryInfo &TLI) : TLI(TLI) {}

  bool at(const Instruction &I) const;
  /// Remembered, until clear().
  bool in(const BasicBlock &BB);
  /// To be called when blocks were split, or instructions moved.
  void clear() { Blocks.clear(); }

private:
  const TargetLibraryInfo &TLI;
  DenseMap<const BasicBlock *, bool> Blocks;
};

} // namespace loco
} // namespace llvm

#endif // LLVM_LIB_TRANSFORMS_LOCO_ACCESSES_H
