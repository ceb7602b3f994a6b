//===- RangeChecks.cpp - One check for what a loop uses -------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RangeChecks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/DomTreeUpdater.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Utils/ScalarEvolutionExpander.h"

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-hoist"

RangeChecks::RangeChecks(Function &F, DominatorTree &DT, LoopInfo &LI,
                         ScalarEvolution &SE, OptimizationRemarkEmitter &ORE,
                         Synchronisation &Synchronises)
    : F(F), DT(DT), LI(LI), SE(SE), ORE(ORE), Synchronises(Synchronises),
      RT(*F.getParent()), Finder(DT, LI, SE, F.getContext()) {}

bool RangeChecks::run() {
  SmallVector<Marked, 32> InLoops;
  for (BasicBlock &BB : F)
    if (LI.getLoopFor(&BB))
      for (Instruction &I : BB)
        InLoops.append(getAllMarked(I));
  if (!InLoops.empty())
    for (Loop *L : LI.getTopLevelLoops())
      hoistFrom(*L, InLoops);
  Finder.removeUnusedCopies();
  return Changed;
}

void RangeChecks::hoistFrom(Loop &L, ArrayRef<Marked> Candidates) {
  SmallVector<Marked, 16> Rest;
  SmallVector<Section, 8> Sections, Conditional;
  bool IsCallFree =
      none_of(L.blocks(), [&](BasicBlock *BB) { return Synchronises.in(*BB); });
  for (const Marked &M : Candidates) {
    if (!L.contains(M.I))
      continue;
    std::optional<Section> S;
    if (!IsCallFree) {
      Reasons[M.I] = "the loop calls what may synchronise";
    } else {
      S = Finder.find(M, L);
      if (!S)
        Reasons[M.I] = Finder.why();
    }
    if (!S)
      Rest.push_back(M);
    else if (S->IsConditional)
      Conditional.push_back(std::move(*S));
    else if (none_of(Sections,
                     [&](Section &Old) { return Finder.merge(Old, *S); }))
      Sections.push_back(std::move(*S));
  }
  // What may not be written shall not be fetched for writing, unless something
  // else is sure to write there: the other of two versions of a loop, say.
  for (Section &S : Conditional) {
    const Marked &M = S.Covers.front();
    auto *Whole = find_if(
        Sections, [&](Section &Other) { return Finder.covers(Other, S); });
    if (Whole != Sections.end()) {
      Whole->Covers.push_back(M);
      continue;
    }
    Reasons[M.I] = "the store is conditional";
    Rest.push_back(M);
  }
  if (!Sections.empty() && !emit(L, Sections))
    for (Section &S : Sections)
      Rest.append(S.Covers.begin(), S.Covers.end());
  if (!Rest.empty())
    for (Loop *Sub : L)
      hoistFrom(*Sub, Rest);
}

//===--- Code -------------------------------------------------------------===//

bool RangeChecks::isExpandable(const Section &S, SCEVExpander &Expander,
                               Instruction *At) {
  auto IsSafe = [&](const SCEV *Part) {
    return !Part || Expander.isSafeToExpandAt(Part, At);
  };
  if (!IsSafe(S.Stride) || !IsSafe(S.Rows))
    return false;
  if (!S.Bounds)
    return IsSafe(S.Low) && IsSafe(Finder.rowBytes(S));
  // A bound that varies in the loop is replaced by another before it.
  ValueToSCEVMapTy Any;
  Any[S.Bounds.Any] = SE.getZero(S.Bounds.Any->getType());
  return IsSafe(S.Bounds.FirstAddress) && IsSafe(S.Bounds.LastAddress) &&
         IsSafe(SCEVParameterRewriter::rewrite(S.Low, SE, Any));
}

RangeChecks::Place RangeChecks::expand(const Section &S, SCEVExpander &Expander,
                                       Instruction *At) {
  IRBuilder<> B(At);
  Type *I64 = B.getInt64Ty();
  auto Expand = [&](const SCEV *Part) -> Value * {
    return Part ? Expander.expandCodeFor(Part, I64, At->getIterator())
                : nullptr;
  };
  if (!S.Bounds)
    return {Expand(S.Low), Expand(Finder.rowBytes(S)), Expand(S.Stride),
            Expand(S.Rows)};
  // Loads that the loop makes too. What they find decides what is touched, and
  // nothing else.
  auto At1 = [&](Value *Bound, const SCEV *Address, const SCEV *Part) {
    if (!Bound) {
      Value *Ptr =
          Expander.expandCodeFor(Address, B.getPtrTy(), At->getIterator());
      Bound = B.CreateFreeze(
          B.CreateLoad(S.Bounds.Any->getType(), Ptr, "loco.bound"));
    }
    ValueToSCEVMapTy Map;
    Map[S.Bounds.Any] = SE.getSCEV(Bound);
    return Expand(SCEVParameterRewriter::rewrite(Part, SE, Map));
  };
  Value *Low = At1(S.Bounds.First, S.Bounds.FirstAddress, S.Low);
  Value *End = At1(nullptr, S.Bounds.LastAddress,
                   SE.getAddExpr(S.High, SE.getConstant(I64, S.Bytes)));
  return {Low, B.CreateSub(End, Low), nullptr, nullptr};
}

/// One call: only several nodes come to where the check stands, and libloco
/// looks at the shadow first.
void RangeChecks::emitTouch(Instruction *Before, const Place &At,
                            const Section &S) {
  IRBuilder<> B(Before);
  Value *Ptr = B.CreateIntToPtr(At.Low, B.getPtrTy());
  if (S.Stride)
    RT.callTouchRows(B, Ptr, At.RowBytes, At.Stride, At.Rows, S.Kind, S.Bytes);
  else
    RT.callTouch(B, Ptr, At.RowBytes, S.Kind,
                 isa<ConstantInt>(At.RowBytes) ? 0 : S.Bytes);
}

bool RangeChecks::emit(Loop &L, SmallVectorImpl<Section> &Sections) {
  BasicBlock *Preheader = L.getLoopPreheader();
  if (!Preheader) {
    Preheader = InsertPreheaderForLoop(&L, &DT, &LI, nullptr,
                                       /*PreserveLCSSA=*/false);
    Synchronises.clear();
  }
  if (!Preheader)
    return false;
  Changed = true;
  SCEVExpander Expander(SE, F.getDataLayout(), "loco");
  Instruction *End = Preheader->getTerminator();
  // The bounds of rows are loaded from what another section makes ready.
  SmallVector<Section, 8> Good, WithBounds;
  for (Section &S : Sections)
    if (isExpandable(S, Expander, End)) {
      (S.Bounds ? WithBounds : Good).push_back(std::move(S));
      S.Covers.clear();
    } else {
      for (const Marked &M : S.Covers)
        Reasons[M.I] = "its range cannot be computed before the loop";
    }
  Good.append(WithBounds);
  if (Good.empty())
    return false;

  DomTreeUpdater DTU(DT, DomTreeUpdater::UpdateStrategy::Eager);
  IRBuilder<> B(End);
  B.SetCurrentDebugLocation(L.getStartLoc());
  Instruction *Then = RT.unlikely(RT.isMulti(B), End, &DTU, &LI);
  Then->setDebugLoc(L.getStartLoc());
  // Expressions are shared as long as they stand in one block.
  SmallVector<std::pair<const Section *, Place>, 8> Ranges;
  auto Emit = [&] {
    for (auto &[S, At] : Ranges)
      emitTouch(Then, At, *S);
    Ranges.clear();
  };
  bool LoadsBounds = false;
  for (const Section &S : Good) {
    if (S.Bounds && !LoadsBounds)
      Emit();
    LoadsBounds |= bool(S.Bounds);
    Ranges.push_back({&S, expand(S, Expander, Then)});
  }
  Emit();
  Synchronises.clear();
  for (const Section &S : Good) {
    report(L, S);
    for (const Marked &M : S.Covers) {
      unmark(M);
      Reasons.erase(M.I);
    }
  }
  // What could not be expanded goes on to the inner loops.
  return all_of(Sections, [](Section &S) { return S.Covers.empty(); });
}

void RangeChecks::report(Loop &L, const Section &S) {
  ORE.emit([&] {
    return OptimizationRemark(DEBUG_TYPE, "RangeCheck", L.getStartLoc(),
                              L.getHeader())
           << "checks of " << ore::NV("Accesses", unsigned(S.Covers.size()))
           << " accesses hoisted as one "
           << (S.Stride   ? "check of rows"
               : S.Bounds ? "range check over all rows"
                          : "range check")
           << " for " << (S.Kind == abi::TouchStore ? "stores" : "loads");
  });
  // What was noted for the loop around this one.
  const char *Reason = Reasons.lookup(S.Covers.front().I);
  if (!Reason || !L.getParentLoop())
    return;
  ORE.emit([&] {
    return OptimizationRemarkMissed(DEBUG_TYPE, "RangeCheckInLoop",
                                    S.Covers.front().I)
           << "its range is checked in each iteration of an outer loop: "
           << Reason;
  });
}
