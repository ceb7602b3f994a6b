//===- DominatedChecks.cpp - Checks that follow from others ---------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DominatedChecks.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

/// Bytes of one object that count as one block. Objects of the heap that are
/// smaller cross a block's end in at most 5 of 100 cases; then a miss costs a
/// page fault, where the checks would have cost all the others.
static constexpr int64_t NearBytes = 256;

/// Whether a check of \p By makes one of \p C needless.
bool DominatedChecks::isCovered(const Checked &By, const Checked &C) {
  if (By.Base != C.Base)
    return false;
  if (By.Offset == C.Offset)
    return C.Access.Bytes <= By.Access.Bytes ||
           C.Access.Bytes <= uint64_t(NearBytes);
  int64_t Low = std::min(By.Offset, C.Offset);
  int64_t End = std::max(By.Offset + int64_t(By.Access.Bytes),
                         C.Offset + int64_t(C.Access.Bytes));
  // Certain where both lie in one aligned piece of a block.
  int64_t Piece = std::min<uint64_t>(
      C.Base->getPointerAlignment(F.getDataLayout()).value(), abi::BlockBytes);
  if (Low >= 0 && Low / Piece == (End - 1) / Piece)
    return true;
  if (End - Low > NearBytes)
    return false;
  // A pointer that walks through an array comes to every block's end.
  auto *Base = const_cast<Value *>(C.Base);
  return !SE.isSCEVable(Base->getType()) ||
         !isa<SCEVAddRecExpr>(SE.getSCEV(Base));
}

/// Whether nothing synchronises on any way from the end of \p From, which
/// dominates it, to the start of \p To. Says no when that takes long to see.
bool DominatedChecks::isCleanPath(BasicBlock *From, BasicBlock *To) {
  constexpr unsigned Limit = 32;
  SmallPtrSet<BasicBlock *, 16> Seen;
  SmallVector<BasicBlock *, 16> Work(predecessors(To));
  while (!Work.empty()) {
    BasicBlock *BB = Work.pop_back_val();
    if (BB == From || !DT.isReachableFromEntry(BB) || !Seen.insert(BB).second)
      continue;
    if (Seen.size() > Limit || Synchronises.in(*BB))
      return false;
    append_range(Work, predecessors(BB));
  }
  return true;
}

/// Whether a store is as certain as a load that comes before it, and no rarer.
bool DominatedChecks::mayCheckAsStore(const Checked &Load,
                                      const Checked &Store) {
  if (Load.Offset != Store.Offset || Load.Access.Ptr != Store.Access.Ptr ||
      !Load.BB || isa<IntrinsicInst>(Load.Access.I))
    return false;
  if (Load.BB == Store.BB)
    return true;
  Loop *L = LI.getLoopFor(Load.BB);
  if (L && !L->contains(Store.BB))
    return false;
  if (!PDT)
    PDT.emplace(F);
  return PDT->dominates(Store.BB, Load.BB);
}

/// One check, for the store, in place of one at the load and one at the store.
void DominatedChecks::checkAsStore(Checked &Load, const Marked &Store) {
  Marked &M = Load.Access;
  IRBuilder<> B(M.I);
  Type *RemoteTy = PointerType::get(F.getContext(), RemoteAddrSpace);
  FunctionCallee Ready = F.getParent()->getOrInsertFunction(
      ReadyName, B.getVoidTy(), RemoteTy, B.getInt64Ty(), B.getInt32Ty());
  B.CreateCall(Ready, {B.CreateAddrSpaceCast(M.Ptr, RemoteTy, "loco"),
                       B.getInt64(M.Bytes), B.getInt32(abi::TouchStore)})
      ->setDoesNotThrow();
  unmark(M);
  unmark(Store);
  M.Kind = abi::TouchStore;
  Changed = true;
}

void DominatedChecks::visit(BasicBlock &BB, CheckedSet &Set) {
  constexpr size_t Limit = 64;
  for (Instruction &I : make_early_inc_range(BB)) {
    if (Synchronises.at(I)) {
      Set.clear();
      continue;
    }
    // Nothing is checked where a mask is empty.
    if (isa<IntrinsicInst>(I) && !isa<MemIntrinsic>(I))
      continue;
    for (const Marked &M : getAllMarked(I)) {
      Checked C{nullptr, 0, M, &BB};
      C.Base =
          GetPointerBaseWithConstantOffset(M.Ptr, C.Offset, F.getDataLayout());
      Checked *By = nullptr;
      for (Checked *Old : Set)
        if (isCovered(*Old, C) && (!By || Old->Access.Kind > By->Access.Kind))
          By = Old;
      if (By && By->Access.Kind >= M.Kind) {
        unmark(M);
        Changed = true;
      } else if (By && mayCheckAsStore(*By, C)) {
        checkAsStore(*By, M);
      } else {
        if (Set.size() == Limit)
          Set.erase(Set.begin());
        Set.push_back(new (Allocator.Allocate()) Checked(C));
      }
    }
  }
}

/// Adds to what holds at the start of \p BB what holds at the end of each block
/// before it (both arms of an if).
void DominatedChecks::addCommon(BasicBlock &BB, CheckedSet &Set) {
  SmallVector<BasicBlock *, 4> Before(predecessors(&BB));
  if (Before.size() < 2 || Before.size() > 4)
    return;
  // Where one of them comes later, it is the end of a loop.
  for (BasicBlock *From : Before)
    if (!AtEnd.contains(From))
      return;
  for (Checked *One : AtEnd[Before.front()]) {
    auto *Base = dyn_cast<Instruction>(One->Base);
    if (is_contained(Set, One) || (Base && !DT.dominates(Base, &BB)))
      continue;
    Checked Common = *One;
    Common.BB = nullptr;
    bool IsOnAll = all_of(drop_begin(Before), [&](BasicBlock *From) {
      return any_of(AtEnd[From], [&](Checked *Other) {
        if (Other->Base != Common.Base || Other->Offset != Common.Offset)
          return false;
        Common.Access.Kind = std::min(Common.Access.Kind, Other->Access.Kind);
        Common.Access.Bytes =
            std::min(Common.Access.Bytes, Other->Access.Bytes);
        return true;
      });
    });
    if (IsOnAll)
      Set.push_back(new (Allocator.Allocate()) Checked(Common));
  }
}

bool DominatedChecks::run() {
  for (BasicBlock *BB : ReversePostOrderTraversal<Function *>(&F)) {
    CheckedSet Set;
    if (DomTreeNode *Above = DT.getNode(BB)->getIDom()) {
      const CheckedSet &Holds = AtEnd[Above->getBlock()];
      if (!Holds.empty() && isCleanPath(Above->getBlock(), BB))
        Set = Holds;
    }
    addCommon(*BB, Set);
    visit(*BB, Set);
    AtEnd[BB] = std::move(Set);
  }
  return Changed;
}
