//===- FlushPass.cpp - Loops that wait by flushing ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/FlushPass.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

static constexpr StringLiteral FlushName = "__kmpc_flush";

namespace {

/// The loads and stores of a variable of the module, if there are no other uses and
/// each can be an atomic.
class FlagAccesses {
public:
  FlagAccesses(GlobalVariable &Flag, const DataLayout &DL) : DL(DL) {
    All = Flag.hasLocalLinkage() && collect(Flag);
  }
  bool areAll() const { return All; }
  void makeAtomic() {
    // An order that the program asks for stays, if it is as strong.
    for (LoadInst *Load : Loads)
      if (!isAcquireOrStronger(Load->getOrdering()))
        Load->setAtomic(AtomicOrdering::Acquire);
    for (StoreInst *Store : Stores)
      if (!isReleaseOrStronger(Store->getOrdering()))
        Store->setAtomic(AtomicOrdering::Release);
  }

private:
  bool collect(Value &Pointer) {
    for (Use &U : Pointer.uses()) {
      User *By = U.getUser();
      if (isa<GEPOperator>(By)) {
        if (!collect(*By))
          return false;
      } else if (auto *Load = dyn_cast<LoadInst>(By)) {
        if (!fits(Load->getType(), Load->getAlign()))
          return false;
        Loads.push_back(Load);
      } else if (auto *Store = dyn_cast<StoreInst>(By)) {
        if (Store->getValueOperand() == &Pointer ||
            !fits(Store->getValueOperand()->getType(), Store->getAlign()))
          return false;
        Stores.push_back(Store);
      } else {
        return false;
      }
    }
    return true;
  }
  bool fits(Type *Ty, Align A) const {
    if (!Ty->isIntegerTy())
      return false;
    uint64_t Bits = Ty->getIntegerBitWidth();
    return (Bits == 8 || Bits == 16 || Bits == 32 || Bits == 64) &&
           A >= DL.getTypeStoreSize(Ty).getFixedValue();
  }

  const DataLayout &DL;
  bool All;
  SmallVector<LoadInst *, 8> Loads;
  SmallVector<StoreInst *, 8> Stores;
};

/// What a loop that flushes does besides.
struct Wait {
  SmallSetVector<GlobalVariable *, 4> Flags; ///< that it may be waiting for
  SmallVector<CallInst *, 2> Flushes;
  bool DoesMore = false;
};

Wait lookInto(const Loop &L) {
  Wait Found;
  for (BasicBlock *BB : L.blocks())
    for (Instruction &I : *BB) {
      const Value *Object = nullptr;
      if (auto *Load = dyn_cast<LoadInst>(&I)) {
        Object = getUnderlyingObject(Load->getPointerOperand());
        if (auto *Flag = dyn_cast<GlobalVariable>(Object)) {
          Found.Flags.insert(const_cast<GlobalVariable *>(Flag));
          continue;
        }
      } else if (auto *Store = dyn_cast<StoreInst>(&I)) {
        Object = getUnderlyingObject(Store->getPointerOperand());
      } else if (auto *Call = dyn_cast<CallInst>(&I);
                 Call && Call->getCalledFunction() &&
                 Call->getCalledFunction()->getName() == FlushName) {
        Found.Flushes.push_back(Call);
        continue;
      } else if (!I.mayReadOrWriteMemory()) {
        continue;
      }
      // Its own variables, which at this point are all in memory.
      Found.DoesMore |= !Object || !isa<AllocaInst>(Object);
    }
  return Found;
}

} // namespace

PreservedAnalyses FlushPass::run(Module &M, ModuleAnalysisManager &AM) {
  Function *Flush = M.getFunction(FlushName);
  if (!Flush || isLowered(M))
    return PreservedAnalyses::all();
  auto &FAM = AM.getResult<FunctionAnalysisManagerModuleProxy>(M).getManager();
  SmallSetVector<Loop *, 8> Loops;
  for (User *U : Flush->users())
    if (auto *Call = dyn_cast<CallInst>(U))
      if (Loop *L = FAM.getResult<LoopAnalysis>(*Call->getFunction())
                        .getLoopFor(Call->getParent()))
        Loops.insert(L);

  Runtime RT(M);
  SmallSetVector<BasicBlock *, 8> Exits;
  SmallVector<CallInst *, 8> Needless;
  for (Loop *L : Loops) {
    Wait Found = lookInto(*L);
    bool AreFlags = !Found.DoesMore && !Found.Flags.empty() &&
                    all_of(Found.Flags, [&](GlobalVariable *Flag) {
                      return FlagAccesses(*Flag, M.getDataLayout()).areAll();
                    });
    if (AreFlags) {
      for (GlobalVariable *Flag : Found.Flags)
        FlagAccesses(*Flag, M.getDataLayout()).makeAtomic();
      append_range(Needless, Found.Flushes);
      continue;
    }
    SmallVector<BasicBlock *, 4> Left;
    L->getUniqueExitBlocks(Left);
    Exits.insert(Left.begin(), Left.end());
  }
  for (BasicBlock *BB : Exits)
    if (!BB->isEHPad()) {
      IRBuilder<> B(BB, BB->getFirstInsertionPt());
      RT.callAcquireFromAll(B);
    }
  for (CallInst *Call : Needless)
    Call->eraseFromParent();
  return Loops.empty() ? PreservedAnalyses::all() : PreservedAnalyses::none();
}
