//===- VersionPass.cpp - Copies of code that need no checks ---------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/VersionPass.h"
#include "Accesses.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
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

#define DEBUG_TYPE "loco-version"

/// A loop larger than this is not copied for the case of one node.
static constexpr unsigned LargestCopiedLoop = 120;
/// Nor one that calls what may synchronise and is larger than this.
static constexpr unsigned LargestCopiedLoopWithCalls = 60;
/// Nor one with more checks, of some 40 bytes each in line.
static constexpr unsigned MostChecksInLine = 12;
/// Nor one with fewer checks than one in so many instructions: a check that the
/// runtime patches in is a nop on one node.
static constexpr unsigned InstructionsPerCheck = 16;

/// A loop with no more iterations is over before the runtime has answered.
static constexpr unsigned LongestUnaskedLoop = 16;

namespace {

class Versioner {
public:
  Versioner(Function &F, FunctionAnalysisManager &AM)
      : F(F), DT(AM.getResult<DominatorTreeAnalysis>(F)),
        LI(AM.getResult<LoopAnalysis>(F)),
        SE(AM.getResult<ScalarEvolutionAnalysis>(F)),
        ORE(AM.getResult<OptimizationRemarkEmitterAnalysis>(F)),
        RT(*F.getParent()),
        Synchronises(AM.getResult<TargetLibraryAnalysis>(F)) {}

  bool run();

private:
  void copyForOneNode(Loop &L);
  bool isWorthCopying(Loop &L);
  bool isWorthAsking(Loop &L);

  Function &F;
  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  OptimizationRemarkEmitter &ORE;
  Runtime RT;
  Synchronisation Synchronises;
  bool Changed = false;
};

} // namespace

bool Versioner::isWorthCopying(Loop &L) {
  unsigned Size = 0, Checks = 0, Limit = LargestCopiedLoop;
  for (BasicBlock *BB : L.blocks()) {
    if (Synchronises.in(*BB))
      Limit = LargestCopiedLoopWithCalls;
    Size += BB->sizeWithoutDebug();
    if (Size > Limit)
      return false;
    for (Instruction &I : *BB)
      Checks += getAllMarked(I).size() + isReadyCall(I);
  }
  return Checks * InstructionsPerCheck >= Size && Size <= Limit &&
         Checks <= MostChecksInLine && L.isSafeToClone();
}

/// Whether \p L shall run its copy on several nodes too, where the runtime says
/// so before it.
bool Versioner::isWorthAsking(Loop &L) {
  // What comes back from a call may have been taken away.
  if (any_of(L.blocks(), [&](BasicBlock *BB) { return Synchronises.in(*BB); }))
    return false;
  unsigned Trips = SE.getSmallConstantMaxTripCount(&L);
  if (L.isInnermost() && Trips != 0 && Trips <= LongestUnaskedLoop)
    return false;
  SmallVector<BasicBlock *, 4> Exits;
  L.getUniqueExitBlocks(Exits);
  return none_of(Exits, [](BasicBlock *BB) { return BB->isEHPad(); });
}

/// Where \p L, or a loop in it, still has checks: makes a copy that has none,
/// and runs that one where the job has one node.
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
  bool Asks = isWorthAsking(L);
  SE.forgetLoop(&L);
  SmallVector<Marked, 16> Checks;
  SmallVector<Instruction *, 4> ReadyCalls;
  for (BasicBlock *BB : L.blocks())
    for (Instruction &I : *BB)
      if (isReadyCall(I))
        ReadyCalls.push_back(&I);
      else
        Checks.append(getAllMarked(I));

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
  BasicBlock *OnMulti = Preheader;
  GlobalVariable *Nest = Asks ? RT.createNest() : nullptr;
  if (Nest) {
    OnMulti = BasicBlock::Create(F.getContext(), "loco.ask", &F, Preheader);
    if (Loop *Parent = L.getParentLoop())
      Parent->addBasicBlockToLoop(OnMulti, LI);
    auto *Call = BasicBlock::Create(F.getContext(), "loco.call", &F, Preheader);
    if (Loop *Parent = L.getParentLoop())
      Parent->addBasicBlockToLoop(Call, LI);
    IRBuilder<> Ask(OnMulti);
    Ask.CreateCondBr(RT.isUnchecked(Ask, Nest), Copy->getLoopPreheader(), Call);
    Ask.SetInsertPoint(Call);
    Ask.CreateCondBr(RT.callEnterNest(Ask, Nest), Copy->getLoopPreheader(),
                     Preheader);
  }
  B.CreateCondBr(RT.isMulti(B), OnMulti, Copy->getLoopPreheader(),
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
    setCheckInline(*M.I);
    Marked InCopy = M;
    InCopy.I = cast<Instruction>(Map.lookup(M.I));
    InCopy.Ptr = stripRemoteCast(InCopy.I->getOperand(M.PointerOp));
    unmark(InCopy);
  }
  for (Instruction *Call : ReadyCalls) {
    setCheckInline(*Call);
    auto *InCopy = cast<CallInst>(Map.lookup(Call));
    auto *Cast = dyn_cast<Instruction>(InCopy->getArgOperand(0));
    InCopy->eraseFromParent();
    if (Cast && Cast->use_empty())
      Cast->eraseFromParent();
  }
  ORE.emit([&] {
    return OptimizationRemark(DEBUG_TYPE, "OneNode", L.getStartLoc(),
                              L.getHeader())
           << "loop with "
           << ore::NV("Checks", unsigned(Checks.size() + ReadyCalls.size()))
           << " checks has a copy without, for jobs of one node"
           << (Nest ? " and for runs that will miss little" : "");
  });
  DT.recalculate(F);
  for (BasicBlock *Exit : Exits) {
    if (!Nest)
      break;
    SmallVector<BasicBlock *, 4> From(make_filter_range(
        predecessors(Exit), [&](BasicBlock *BB) { return L.contains(BB); }));
    BasicBlock *Leave =
        SplitBlockPredecessors(Exit, From, ".loco.leave", &DT, &LI);
    IRBuilder<> AtEnd(Leave->getTerminator());
    RT.callLeaveNest(AtEnd, Nest);
  }
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
