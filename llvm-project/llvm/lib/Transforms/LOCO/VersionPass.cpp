//===- VersionPass.cpp - Copies of code that need no checks ---------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/VersionPass.h"
#include "Accesses.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

using namespace llvm;
using namespace llvm::loco;

/// A loop larger than this is not copied for the case of one node.
static constexpr unsigned LargestCopiedLoop = 400;

namespace {

class Versioner {
public:
  Versioner(Function &F, FunctionAnalysisManager &AM)
      : F(F), DT(AM.getResult<DominatorTreeAnalysis>(F)),
        LI(AM.getResult<LoopAnalysis>(F)),
        SE(AM.getResult<ScalarEvolutionAnalysis>(F)), RT(*F.getParent()),
        Synchronises(AM.getResult<TargetLibraryAnalysis>(F)) {}

  bool run();

private:
  void copyForOneNode(Loop &L);
  bool isWorthCopying(Loop &L);

  Function &F;
  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  Runtime RT;
  Synchronisation Synchronises;
  bool Changed = false;
};

} // namespace

bool Versioner::isWorthCopying(Loop &L) {
  unsigned Size = 0;
  bool HasChecks = false;
  for (BasicBlock *BB : L.blocks()) {
    if (Synchronises.in(*BB))
      return false;
    Size += BB->size();
    HasChecks |= any_of(
        *BB, [&](Instruction &I) { return getMarked(I) || isReadyCall(I); });
  }
  return HasChecks && Size <= LargestCopiedLoop && L.isSafeToClone();
}

/// Where \p L, or a loop in it, calls nothing but still has checks: makes a
/// copy that has none, and runs that one where the job has one node.
void Versioner::copyForOneNode(Loop &L) {
  if (!isWorthCopying(L) ||
      (!L.isLoopSimplifyForm() &&
       !simplifyLoop(&L, &DT, &LI, &SE, nullptr, nullptr,
                     /*PreserveLCSSA=*/false)) ||
      !L.isLoopSimplifyForm()) {
    SmallVector<Loop *, 4> Inner(L.begin(), L.end());
    for (Loop *Sub : Inner)
      copyForOneNode(*Sub);
    return;
  }
  formLCSSARecursively(L, DT, &LI, &SE);
  SE.forgetLoop(&L);
  SmallVector<Marked, 16> Checks;
  SmallVector<Instruction *, 4> ReadyCalls;
  for (BasicBlock *BB : L.blocks())
    for (Instruction &I : *BB)
      if (std::optional<Marked> M = getMarked(I))
        Checks.push_back(*M);
      else if (isReadyCall(I))
        ReadyCalls.push_back(&I);

  BasicBlock *Test = L.getLoopPreheader();
  BasicBlock *Preheader = SplitBlock(Test, Test->getTerminator(), &DT, &LI,
                                     nullptr, "loco.checked");
  ValueToValueMapTy Map;
  SmallVector<BasicBlock *, 16> Blocks;
  Loop *Copy = cloneLoopWithPreheader(Preheader, Test, &L, Map, ".loco.one",
                                      &LI, &DT, Blocks);
  remapInstructionsInBlocks(Blocks, Map);
  Instruction *Branch = Test->getTerminator();
  IRBuilder<> B(Branch);
  B.CreateCondBr(RT.isMulti(B), Preheader, Copy->getLoopPreheader(),
                 RT.unlikelyWeights());
  Branch->eraseFromParent();

  // Both loops leave to the same blocks, whose phis know all that is used
  // there.
  SmallVector<BasicBlock *, 4> Exits;
  L.getUniqueExitBlocks(Exits);
  for (BasicBlock *Exit : Exits)
    for (PHINode &Phi : Exit->phis())
      for (unsigned I = 0, E = Phi.getNumIncomingValues(); I != E; ++I) {
        BasicBlock *From = Phi.getIncomingBlock(I);
        if (!L.contains(From))
          continue;
        Value *V = Phi.getIncomingValue(I);
        Value *Mapped = Map.lookup(V);
        Phi.addIncoming(Mapped ? Mapped : V,
                        cast<BasicBlock>(Map.lookup(From)));
      }
  for (const Marked &M : Checks) {
    Marked InCopy = M;
    InCopy.I = cast<Instruction>(Map.lookup(M.I));
    InCopy.Ptr = stripRemoteCast(InCopy.I->getOperand(M.PointerOp));
    unmark(InCopy);
  }
  for (Instruction *Call : ReadyCalls) {
    auto *InCopy = cast<CallInst>(Map.lookup(Call));
    auto *Cast = dyn_cast<Instruction>(InCopy->getArgOperand(0));
    InCopy->eraseFromParent();
    if (Cast && Cast->use_empty())
      Cast->eraseFromParent();
  }
  DT.recalculate(F);
  Changed = true;
}

bool Versioner::run() {
  SmallVector<Loop *, 8> TopLevel(LI.begin(), LI.end());
  for (Loop *L : TopLevel)
    copyForOneNode(*L);
  return Changed;
}

PreservedAnalyses VersionPass::run(Function &F, FunctionAnalysisManager &AM) {
  if (isLeftAlone(F) || F.hasOptSize())
    return PreservedAnalyses::all();
  return Versioner(F, AM).run() ? PreservedAnalyses::none()
                                : PreservedAnalyses::all();
}
