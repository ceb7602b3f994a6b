//===- FlushPass.cpp - Loops that wait by flushing ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/FlushPass.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

static constexpr StringLiteral FlushName = "__kmpc_flush";

PreservedAnalyses FlushPass::run(Function &F, FunctionAnalysisManager &AM) {
  Module &M = *F.getParent();
  Function *Flush = M.getFunction(FlushName);
  if (!Flush || isLowered(M))
    return PreservedAnalyses::all();
  LoopInfo &Loops = AM.getResult<LoopAnalysis>(F);
  SmallPtrSet<BasicBlock *, 8> Exits;
  for (User *U : Flush->users()) {
    auto *Call = dyn_cast<CallBase>(U);
    Loop *L = Call && Call->getFunction() == &F
                  ? Loops.getLoopFor(Call->getParent())
                  : nullptr;
    if (!L)
      continue;
    SmallVector<BasicBlock *, 4> Left;
    L->getUniqueExitBlocks(Left);
    Exits.insert(Left.begin(), Left.end());
  }
  bool Changed = false;
  for (BasicBlock &BB : F) { // in their order, not in that of addresses
    if (!Exits.contains(&BB) || BB.isEHPad())
      continue;
    IRBuilder<> B(&BB, BB.getFirstInsertionPt());
    Runtime(M).callAcquireFromAll(B);
    Changed = true;
  }
  if (!Changed)
    return PreservedAnalyses::all();
  PreservedAnalyses PA;
  PA.preserveSet<CFGAnalyses>();
  return PA;
}
