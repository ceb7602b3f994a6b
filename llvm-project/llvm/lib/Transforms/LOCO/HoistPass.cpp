//===- HoistPass.cpp - Fewer checks for the same accesses -----------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of things; the work is in RangeChecks.cpp and DominatedChecks.cpp.
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/HoistPass.h"
#include "Accesses.h"
#include "DominatedChecks.h"
#include "RangeChecks.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-hoist"

/// Names what is still checked in innermost loops, and why.
static void reportMissed(Function &F, LoopInfo &LI, const RangeChecks &Ranges,
                         OptimizationRemarkEmitter &ORE) {
  if (!ORE.allowExtraAnalysis(DEBUG_TYPE))
    return;
  for (BasicBlock &BB : F) {
    Loop *L = LI.getLoopFor(&BB);
    if (!L || !L->isInnermost())
      continue;
    for (Instruction &I : BB) {
      std::optional<Marked> M = getMarked(I);
      if (!M)
        continue;
      const char *Reason = Ranges.whyNot(I);
      ORE.emit([&] {
        return OptimizationRemarkMissed(DEBUG_TYPE, "StillChecked", &I)
               << (M->Kind == abi::TouchStore ? "store" : "load")
               << " is checked at every iteration: "
               << (Reason ? Reason : "its range is not known before the loop");
      });
    }
  }
}

PreservedAnalyses HoistPass::run(Function &F, FunctionAnalysisManager &AM) {
  if (isLeftAlone(F))
    return PreservedAnalyses::all();
  auto &DT = AM.getResult<DominatorTreeAnalysis>(F);
  auto &LI = AM.getResult<LoopAnalysis>(F);
  auto &SE = AM.getResult<ScalarEvolutionAnalysis>(F);
  auto &ORE = AM.getResult<OptimizationRemarkEmitterAnalysis>(F);
  Synchronisation Synchronises(AM.getResult<TargetLibraryAnalysis>(F));
  RangeChecks Ranges(F, DT, LI, SE, ORE, Synchronises);
  bool Changed = Ranges.run();
  Changed |= DominatedChecks(F, DT, LI, SE, Synchronises).run();
  reportMissed(F, LI, Ranges, ORE);
  return Changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
