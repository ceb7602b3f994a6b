//===- DominatedChecks.h - Checks that follow from others -------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes the mark from accesses whose block was checked, at least as strictly,
// on every way there since the last call that may have synchronised.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_DOMINATEDCHECKS_H
#define LLVM_LIB_TRANSFORMS_LOCO_DOMINATEDCHECKS_H

#include "Accesses.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Support/Allocator.h"

namespace llvm {

class DominatorTree;
class LoopInfo;
class ScalarEvolution;

namespace loco {

class DominatedChecks {
public:
  DominatedChecks(Function &F, DominatorTree &DT, LoopInfo &LI,
                  ScalarEvolution &SE, Synchronisation &Synchronises)
      : F(F), DT(DT), LI(LI), SE(SE), Synchronises(Synchronises) {}

  bool run();

private:
  /// An access that is checked, at a distance from what it is based on.
  struct Checked {
    const Value *Base;
    int64_t Offset;
    Marked Access;
    BasicBlock *BB; ///< Null where it stands for one on each way here.
  };
  /// What holds at a place: checks of the blocks that dominate it, shared with
  /// the other blocks below those, and such as were made on all ways there.
  using CheckedSet = SmallVector<Checked *, 16>;

  void visit(BasicBlock &BB, CheckedSet &Set);
  void addCommon(BasicBlock &BB, CheckedSet &Set);
  bool isCovered(const Checked &By, const Checked &C);
  bool isCleanPath(BasicBlock *From, BasicBlock *To);
  bool mayCheckAsStore(const Checked &Load, const Checked &Store);
  void checkAsStore(Checked &Load, const Marked &Store);

  Function &F;
  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  Synchronisation &Synchronises;
  std::optional<PostDominatorTree> PDT;
  DenseMap<const BasicBlock *, CheckedSet> AtEnd; ///< Of a block.
  SpecificBumpPtrAllocator<Checked> Allocator;
  bool Changed = false;
};

} // namespace loco
} // namespace llvm

#endif // LLVM_LIB_TRANSFORMS_LOCO_DOMINATEDCHECKS_H
