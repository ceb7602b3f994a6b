//===- RangeChecks.h - One check for what a loop uses -----------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Puts a check of a whole section of memory (Sections.h) before the widest loop
// that allows it, in place of one at each access.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_LIB_TRANSFORMS_LOCO_RANGECHECKS_H
#define LLVM_LIB_TRANSFORMS_LOCO_RANGECHECKS_H

#include "Accesses.h"
#include "Sections.h"
#include "llvm/Transforms/LOCO/Runtime.h"

namespace llvm {

class DomTreeUpdater;
class OptimizationRemarkEmitter;
class SCEVExpander;

namespace loco {

class RangeChecks {
public:
  RangeChecks(Function &F, DominatorTree &DT, LoopInfo &LI, ScalarEvolution &SE,
              OptimizationRemarkEmitter &ORE, Synchronisation &Synchronises);

  bool run();
  /// Why \p I was not hoisted out of its innermost loop; null where it was, or
  /// is in none.
  const char *whyNot(const Instruction &I) const { return Reasons.lookup(&I); }

private:
  void hoistFrom(Loop &L, ArrayRef<Marked> Candidates);
  bool emit(Loop &L, SmallVectorImpl<Section> &Sections);
  bool isExpandable(const Section &S, SCEVExpander &Expander, Instruction *At);
  /// Where a section lies, computed before a loop.
  struct Place {
    Value *Low, *RowBytes, *Stride, *Rows;
  };
  Place expand(const Section &S, SCEVExpander &Expander, Instruction *At);
  void emitTouch(Instruction *Before, const Place &At, const Section &S);
  void report(Loop &L, const Section &S);

  Function &F;
  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  OptimizationRemarkEmitter &ORE;
  Synchronisation &Synchronises;
  Runtime RT;
  SectionFinder Finder;
  DenseMap<const Instruction *, const char *> Reasons;
  bool Changed = false;
};

} // namespace loco
} // namespace llvm

#endif // LLVM_LIB_TRANSFORMS_LOCO_RANGECHECKS_H
