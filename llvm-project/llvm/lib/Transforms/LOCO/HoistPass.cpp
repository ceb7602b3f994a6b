//===- HoistPass.cpp - Fewer checks for the same accesses -----------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/HoistPass.h"
#include "Accesses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/DomTreeUpdater.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Utils/ScalarEvolutionExpander.h"
#include <optional>

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-hoist"

/// Loops that run no oftener than this keep their checks.
static constexpr unsigned TinyTripCount = 4;
/// Bytes of one object that count as one block: 64 of 4096 bytes cross a
/// block's end so seldom that the fault then costs less than the checks.
static constexpr int64_t NearBytes = 64;
/// A range longer than this is the overflow of a loop that does not run.
static constexpr uint64_t LongestRange = uint64_t(1) << 36;
/// How much of a range may lie between what a nest uses of it.
static constexpr uint64_t AllowedGap = abi::BlockBytes;

namespace {

/// What one range check covers. SCEVs of integers, as of before the loop.
struct Range {
  const SCEV *Low;
  const SCEV *Length;
  abi::TouchKind Kind;
  /// The range is worth fetching where each first is at most twice its second
  /// and a block: a stride, and what is used of it.
  SmallVector<std::pair<const SCEV *, const SCEV *>, 2> Gaps;
  SmallVector<Marked, 4> Covers;
};

class Hoister {
public:
  Hoister(Function &F, FunctionAnalysisManager &AM)
      : F(F), DL(F.getDataLayout()), DT(AM.getResult<DominatorTreeAnalysis>(F)),
        LI(AM.getResult<LoopAnalysis>(F)),
        SE(AM.getResult<ScalarEvolutionAnalysis>(F)),
        ORE(AM.getResult<OptimizationRemarkEmitterAnalysis>(F)),
        RT(*F.getParent()),
        Synchronises(AM.getResult<TargetLibraryAnalysis>(F)) {}

  bool run();

private:
  void unmark(const Marked &M) {
    loco::unmark(M);
    Changed = true;
  }

  // Ranges.
  void hoistFrom(Loop &L, ArrayRef<Marked> Candidates);
  std::optional<Range> getRange(const Marked &M, Loop &Outermost);
  const SCEV *atEnd(const SCEV *S, Loop &L, bool High, const SCEV *&Step);
  static void merge(SmallVectorImpl<Range> &Ranges, Range R,
                    ScalarEvolution &SE);
  bool emit(Loop &L, SmallVectorImpl<Range> &Ranges);
  void emitRange(Instruction *Before, Value *Low, Value *Length, Value *Worth,
                 abi::TouchKind Kind, DomTreeUpdater &DTU);

  // Dominated checks.
  struct Checked {
    const Value *Base;
    int64_t Offset;
    Marked Access;
    bool InThisBlock;
  };
  using CheckedSet = SmallVector<Checked, 16>;
  void dropDominated();
  void dropIn(BasicBlock &BB, CheckedSet &Set);
  bool isCovered(const Checked &By, const Checked &C);
  bool isCleanPath(BasicBlock *From, BasicBlock *To);
  void checkAsStore(Checked &Load, const Marked &Store);

  void reportMissed();

  Function &F;
  const DataLayout &DL;
  DominatorTree &DT;
  LoopInfo &LI;
  ScalarEvolution &SE;
  OptimizationRemarkEmitter &ORE;
  Runtime RT;
  Synchronisation Synchronises;
  /// Why an access was not hoisted out of its innermost loop.
  DenseMap<const Instruction *, const char *> Reasons;
  bool Changed = false;
};

} // namespace

//===--- Range checks of loops --------------------------------------------===//

/// The highest (or lowest) value of \p S while \p L runs; null where unknown.
/// \p Step is set to how far S moves in an iteration, if it does.
const SCEV *Hoister::atEnd(const SCEV *S, Loop &L, bool High,
                           const SCEV *&Step) {
  if (SE.isLoopInvariant(S, &L))
    return S;
  auto *Rec = dyn_cast<SCEVAddRecExpr>(S);
  if (!Rec || Rec->getLoop() != &L || !Rec->isAffine())
    return nullptr;
  const SCEV *Count = SE.getBackedgeTakenCount(&L);
  if (isa<SCEVCouldNotCompute>(Count))
    return nullptr;
  Step = Rec->getStepRecurrence(SE);
  // A stride of unknown sign is taken for positive. Were it not, the range
  // comes out negative, and is left alone.
  bool Down = SE.isKnownNegative(Step);
  if (Down)
    Step = SE.getNegativeSCEV(Step);
  return High == Down ? Rec->getStart() : Rec->evaluateAtIteration(Count, SE);
}

std::optional<Range> Hoister::getRange(const Marked &M, Loop &Outermost) {
  const SCEV *Low =
      SE.getPtrToIntExpr(SE.getSCEV(M.Ptr), Type::getInt64Ty(F.getContext()));
  if (isa<SCEVCouldNotCompute>(Low)) {
    Reasons[M.I] = "its address is not affine";
    return std::nullopt;
  }
  const SCEV *High = Low;
  const SCEV *Bytes = SE.getConstant(Low->getType(), M.Bytes);
  Range R{nullptr, Bytes, M.Kind, {}, {M}};
  uint64_t Trips = 1;
  Loop *Innermost = LI.getLoopFor(M.I->getParent());
  for (Loop *L = Innermost;; L = L->getParentLoop()) {
    const SCEV *Step = nullptr;
    if (isa<SCEVCouldNotCompute>(SE.getBackedgeTakenCount(L))) {
      if (L == Innermost)
        Reasons[M.I] = "the loop's trip count is not known before it";
      if (!SE.isLoopInvariant(Low, L) || !SE.isLoopInvariant(High, L))
        return std::nullopt;
    }
    Low = atEnd(Low, *L, /*High=*/false, Step);
    High = atEnd(High, *L, /*High=*/true, Step);
    if (!Low || !High) {
      if (L == Innermost)
        Reasons.try_emplace(M.I, "its address is not affine");
      return std::nullopt;
    }
    if (Step && L != Innermost) {
      // A row that is much shorter than the stride: fetch rows, not the plane.
      const SCEV *Twice = SE.getAddExpr(
          SE.getMulExpr(R.Length, SE.getConstant(R.Length->getType(), 2)),
          SE.getConstant(R.Length->getType(), AllowedGap));
      if (SE.isKnownPredicate(ICmpInst::ICMP_UGT, Step, Twice))
        return std::nullopt;
      if (!SE.isKnownPredicate(ICmpInst::ICMP_ULE, Step, Twice))
        R.Gaps.push_back({Step, Twice});
    }
    R.Length = SE.getAddExpr(SE.getMinusSCEV(High, Low), Bytes);
    // 0 stands for unknown, and for much.
    unsigned Count = SE.getSmallConstantTripCount(L);
    Trips = Count && Trips ? Trips * Count : 0;
    if (L == &Outermost)
      break;
  }
  if (Trips && Trips <= TinyTripCount) {
    Reasons[M.I] = "the loop is short";
    return std::nullopt;
  }
  // What may not be written shall not be fetched for writing.
  BasicBlock *Latch = Innermost->getLoopLatch();
  if (M.Kind == abi::TouchStore &&
      (!Latch || !DT.dominates(M.I->getParent(), Latch))) {
    Reasons[M.I] = "the store is conditional";
    return std::nullopt;
  }
  for (auto &[Step, Twice] : R.Gaps)
    if (!SE.isLoopInvariant(Step, &Outermost) ||
        !SE.isLoopInvariant(Twice, &Outermost))
      return std::nullopt;
  R.Low = Low;
  return R;
}

/// Adds \p R to \p Ranges, to one at a small constant distance if there is.
void Hoister::merge(SmallVectorImpl<Range> &Ranges, Range R,
                    ScalarEvolution &SE) {
  for (Range &Old : Ranges) {
    auto *Distance = dyn_cast<SCEVConstant>(SE.getMinusSCEV(R.Low, Old.Low));
    auto *Growth =
        dyn_cast<SCEVConstant>(SE.getMinusSCEV(R.Length, Old.Length));
    if (!Distance || !Growth || R.Gaps.size() != Old.Gaps.size())
      continue;
    int64_t D = Distance->getAPInt().getSExtValue();
    int64_t G = Growth->getAPInt().getSExtValue();
    if (std::abs(D) > int64_t(abi::BlockBytes) ||
        std::abs(G) > int64_t(abi::BlockBytes))
      continue;
    int64_t Before = std::min<int64_t>(D, 0);
    int64_t After = std::max<int64_t>(D + G, 0);
    Type *Ty = Old.Low->getType();
    auto Plus = [&](const SCEV *S, int64_t By) {
      return SE.getAddExpr(S, SE.getConstant(Ty, By, /*isSigned=*/true));
    };
    Old.Low = Plus(Old.Low, Before);
    Old.Length = Plus(Old.Length, After - Before);
    Old.Kind = std::max(Old.Kind, R.Kind);
    Old.Covers.append(R.Covers.begin(), R.Covers.end());
    return;
  }
  Ranges.push_back(std::move(R));
}

void Hoister::hoistFrom(Loop &L, ArrayRef<Marked> Candidates) {
  SmallVector<Marked, 16> Rest;
  SmallVector<Range, 8> Ranges;
  bool IsCallFree =
      none_of(L.blocks(), [&](BasicBlock *BB) { return Synchronises.in(*BB); });
  for (const Marked &M : Candidates) {
    if (!L.contains(M.I))
      continue;
    std::optional<Range> R;
    if (IsCallFree)
      R = getRange(M, L);
    else
      Reasons[M.I] = "the loop calls what may synchronise";
    if (R)
      merge(Ranges, std::move(*R), SE);
    else
      Rest.push_back(M);
  }
  if (!Ranges.empty() && !emit(L, Ranges))
    for (Range &R : Ranges)
      Rest.append(R.Covers.begin(), R.Covers.end());
  if (!Rest.empty())
    for (Loop *Sub : L)
      hoistFrom(*Sub, Rest);
}

/// Whether the range from \p Low of \p Length is ready cannot be seen from its
/// two ends, or is not: calls __loco_touch then.
void Hoister::emitRange(Instruction *Before, Value *Low, Value *Length,
                        Value *Worth, abi::TouchKind Kind,
                        DomTreeUpdater &DTU) {
  IRBuilder<> B(Before);
  Type *PtrTy = B.getPtrTy();
  // Where an inner loop does not run, its bounds may be anything.
  Value *Sane = B.CreateICmpULE(Length, B.getInt64(LongestRange));
  if (Worth)
    Sane = B.CreateAnd(Sane, Worth);
  Before = SplitBlockAndInsertIfThen(Sane, Before, /*Unreachable=*/false,
                                     nullptr, &DTU, &LI);
  B.SetInsertPoint(Before);
  uint64_t AddressMask = (uint64_t(1) << 47) - 1;
  Value *First = B.CreateAnd(Low, AddressMask);
  Value *Last = B.CreateAnd(
      B.CreateAdd(Low, B.CreateSub(Length, B.getInt64(1))), AddressMask);
  Value *Blocks = B.CreateSub(B.CreateLShr(Last, abi::BlockShift),
                              B.CreateLShr(First, abi::BlockShift));
  Value *Slow = B.CreateICmpUGT(Blocks, B.getInt64(1));
  for (Value *End : {First, Last})
    Slow =
        B.CreateOr(Slow, RT.isNotReady(B, B.CreateIntToPtr(End, PtrTy), Kind));
  Before = SplitBlockAndInsertIfThen(Slow, Before, /*Unreachable=*/false,
                                     nullptr, &DTU, &LI);
  B.SetInsertPoint(Before);
  RT.callTouch(B, B.CreateIntToPtr(Low, PtrTy), Length, Kind);
}

bool Hoister::emit(Loop &L, SmallVectorImpl<Range> &Ranges) {
  BasicBlock *Preheader = L.getLoopPreheader();
  if (!Preheader)
    Preheader = InsertPreheaderForLoop(&L, &DT, &LI, nullptr,
                                       /*PreserveLCSSA=*/false);
  if (!Preheader)
    return false;
  Changed = true;
  SCEVExpander Expander(SE, DL, "loco");
  Instruction *End = Preheader->getTerminator();
  auto CanExpand = [&](const SCEV *S) {
    return Expander.isSafeToExpandAt(S, End);
  };
  SmallVector<Range, 8> Good;
  for (Range &R : Ranges) {
    bool IsGood = CanExpand(R.Low) && CanExpand(R.Length) &&
                  all_of(R.Gaps, [&](auto &Gap) {
                    return CanExpand(Gap.first) && CanExpand(Gap.second);
                  });
    if (IsGood) {
      Good.push_back(std::move(R));
      R.Covers.clear();
    }
  }
  if (Good.empty())
    return false;

  DomTreeUpdater DTU(DT, DomTreeUpdater::UpdateStrategy::Eager);
  IRBuilder<> B(End);
  B.SetCurrentDebugLocation(L.getStartLoc());
  Instruction *Then = RT.unlikely(RT.isMulti(B), End, &DTU, &LI);
  Then->setDebugLoc(L.getStartLoc());
  struct Expanded {
    Value *Low, *Length, *Worth;
  };
  SmallVector<Expanded, 8> Values;
  Type *I64 = B.getInt64Ty();
  B.SetInsertPoint(Then);
  for (Range &R : Good) {
    Expanded E{Expander.expandCodeFor(R.Low, I64, Then),
               Expander.expandCodeFor(R.Length, I64, Then), nullptr};
    for (auto &[Step, Twice] : R.Gaps) {
      Value *Dense = B.CreateICmpULE(Expander.expandCodeFor(Step, I64, Then),
                                     Expander.expandCodeFor(Twice, I64, Then));
      E.Worth = E.Worth ? B.CreateAnd(E.Worth, Dense) : Dense;
    }
    Values.push_back(E);
  }
  for (auto [R, E] : zip(Good, Values)) {
    emitRange(Then, E.Low, E.Length, E.Worth, R.Kind, DTU);
    for (const Marked &M : R.Covers) {
      unmark(M);
      Reasons.erase(M.I);
    }
    ORE.emit([&, R = &R] {
      return OptimizationRemark(DEBUG_TYPE, "RangeCheck", L.getStartLoc(),
                                L.getHeader())
             << "checks of " << ore::NV("Accesses", unsigned(R->Covers.size()))
             << " accesses hoisted as one range check for "
             << (R->Kind == abi::TouchStore ? "stores" : "loads");
    });
  }
  // What could not be expanded goes on to the inner loops.
  return all_of(Ranges, [](Range &R) { return R.Covers.empty(); });
}

//===--- Dominated checks -------------------------------------------------===//

/// Whether a check of \p By makes one of \p C needless.
bool Hoister::isCovered(const Checked &By, const Checked &C) {
  if (By.Base != C.Base)
    return false;
  if (By.Offset == C.Offset)
    return C.Access.Bytes <= By.Access.Bytes || C.Access.Bytes <= NearBytes;
  int64_t Low = std::min(By.Offset, C.Offset);
  int64_t End = std::max(By.Offset + int64_t(By.Access.Bytes),
                         C.Offset + int64_t(C.Access.Bytes));
  // Certain where both lie in one aligned piece of a block.
  int64_t Piece = std::min<uint64_t>(C.Base->getPointerAlignment(DL).value(),
                                     abi::BlockBytes);
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
bool Hoister::isCleanPath(BasicBlock *From, BasicBlock *To) {
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

/// One check, for the store, in place of one at the load and one at the store.
void Hoister::checkAsStore(Checked &Load, const Marked &Store) {
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
}

void Hoister::dropIn(BasicBlock &BB, CheckedSet &Set) {
  constexpr size_t Limit = 64;
  for (Checked &C : Set)
    C.InThisBlock = false;
  for (Instruction &I : make_early_inc_range(BB)) {
    if (Synchronises.at(I)) {
      Set.clear();
      continue;
    }
    std::optional<Marked> M = getMarked(I);
    if (!M || isa<IntrinsicInst>(I))
      continue;
    Checked C{nullptr, 0, *M, /*InThisBlock=*/true};
    C.Base = GetPointerBaseWithConstantOffset(M->Ptr, C.Offset, DL);
    Checked *By = nullptr;
    for (Checked &Old : Set)
      if (isCovered(Old, C) && (!By || Old.Access.Kind > By->Access.Kind))
        By = &Old;
    if (By && By->Access.Kind >= M->Kind) {
      unmark(*M);
    } else if (By && By->InThisBlock && By->Offset == C.Offset &&
               By->Access.Ptr == M->Ptr) {
      checkAsStore(*By, *M);
    } else {
      if (Set.size() == Limit)
        Set.erase(Set.begin());
      Set.push_back(C);
    }
  }
}

void Hoister::dropDominated() {
  struct Entry {
    DomTreeNode *Node;
    CheckedSet Set;
  };
  SmallVector<Entry, 32> Work;
  Work.push_back({DT.getRootNode(), {}});
  while (!Work.empty()) {
    Entry E = Work.pop_back_val();
    BasicBlock *BB = E.Node->getBlock();
    dropIn(*BB, E.Set);
    for (DomTreeNode *Child : E.Node->children()) {
      bool Inherits = !E.Set.empty() && isCleanPath(BB, Child->getBlock());
      Work.push_back({Child, Inherits ? E.Set : CheckedSet()});
    }
  }
}

//===--- The pass ---------------------------------------------------------===//

void Hoister::reportMissed() {
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
      const char *Reason = Reasons.lookup(&I);
      ORE.emit([&] {
        return OptimizationRemarkMissed(DEBUG_TYPE, "StillChecked", &I)
               << (M->Kind == abi::TouchStore ? "store" : "load")
               << " is checked at every iteration: "
               << (Reason ? Reason : "its range is not known before the loop");
      });
    }
  }
}

bool Hoister::run() {
  SmallVector<Marked, 32> InLoops;
  for (BasicBlock &BB : F)
    if (LI.getLoopFor(&BB))
      for (Instruction &I : BB)
        if (std::optional<Marked> M = getMarked(I))
          InLoops.push_back(*M);
  if (!InLoops.empty())
    for (Loop *L : LI.getTopLevelLoops())
      hoistFrom(*L, InLoops);
  Synchronises.clear();
  dropDominated();
  reportMissed();
  return Changed;
}

PreservedAnalyses HoistPass::run(Function &F, FunctionAnalysisManager &AM) {
  if (isLeftAlone(F))
    return PreservedAnalyses::all();
  return Hoister(F, AM).run() ? PreservedAnalyses::none()
                              : PreservedAnalyses::all();
}
