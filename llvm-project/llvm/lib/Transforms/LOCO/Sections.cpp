//===- Sections.cpp - What memory a loop nest uses ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sections.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/Loads.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

/// Nests that run no oftener than this keep their checks.
static constexpr unsigned TinyTripCount = 4;
/// How much of a range may lie between what a nest uses of it, beside as much
/// again as it uses. __loco_touch_rows has the same rule.
static constexpr uint64_t AllowedGap = abi::BlockBytes;
/// A loop that may end early has its range touched up to this length.
static constexpr uint64_t EarlyExitBytes = 16 * abi::BlockBytes;

static constexpr const char *NotAffine = "its address is not affine";
static constexpr const char *NoCount =
    "the loop's trip count is not known before it";

SectionFinder::SectionFinder(DominatorTree &DT, LoopInfo &LI,
                             ScalarEvolution &SE, LLVMContext &Context)
    : DT(DT), LI(LI), SE(SE), I64(Type::getInt64Ty(Context)) {}

//===--- Loops ------------------------------------------------------------===//

/// Whether control that comes to \p BB ends the program or unwinds.
static bool isDeadEnd(const BasicBlock *BB) {
  for (unsigned Steps = 0; BB && Steps < 4; ++Steps) {
    const Instruction *End = BB->getTerminator();
    if (isa<UnreachableInst, ResumeInst>(End))
      return true;
    BB = BB->getSingleSuccessor();
  }
  return false;
}

/// How often \p L goes back until the exit from \p BB is taken, where it
/// compares a counter with a bound and LLVM can't tell: the bound is loaded
/// again and again (withSteadyLoads), or the counter might step over it (loops
/// unrolled by 2), which it is taken not to do. Null where it is another exit.
const SCEV *SectionFinder::getCountByComparison(Loop &L, BasicBlock *BB) {
  auto *Branch = dyn_cast<BranchInst>(BB->getTerminator());
  auto *Test = Branch && Branch->isConditional()
                   ? dyn_cast<ICmpInst>(Branch->getCondition())
                   : nullptr;
  if (!Test || !Test->getOperand(0)->getType()->isIntegerTy())
    return nullptr;
  CmpInst::Predicate GoesOn = L.contains(Branch->getSuccessor(0))
                                  ? Test->getPredicate()
                                  : Test->getInversePredicate();
  const SCEVAddRecExpr *Rec = asAffine(SE.getSCEV(Test->getOperand(0)), L);
  Value *Bound = Test->getOperand(1);
  if (!Rec) {
    Rec = asAffine(SE.getSCEV(Test->getOperand(1)), L);
    Bound = Test->getOperand(0);
    GoesOn = CmpInst::getSwappedPredicate(GoesOn);
  }
  const SCEV *Step = Rec ? Rec->getStepRecurrence(SE) : nullptr;
  if (!Step)
    return nullptr;
  const SCEV *Start = Rec->getStart();
  const SCEV *End = withSteadyLoads(SE.getSCEV(Bound), L);
  if (!SE.isLoopInvariant(End, &L))
    return nullptr;
  bool Down = SE.isKnownNegative(Step);
  bool IsEqual = GoesOn == CmpInst::ICMP_NE;
  if (!isa<SCEVConstant>(Step)) {
    // Taken to go up.
    if (IsEqual || Down)
      return nullptr;
    Step = SE.getUMaxExpr(Step, SE.getOne(Step->getType()));
  }
  if (!IsEqual && (!CmpInst::isRelational(GoesOn) ||
                   Down != (ICmpInst::isGT(GoesOn) || ICmpInst::isGE(GoesOn))))
    return nullptr;
  const SCEV *Distance =
      Down ? SE.getMinusSCEV(Start, End) : SE.getMinusSCEV(End, Start);
  const SCEV *Size = Down ? SE.getNegativeSCEV(Step) : Step;
  if (!IsEqual) {
    const SCEV *One = SE.getOne(Distance->getType());
    if (CmpInst::isNonStrictPredicate(GoesOn))
      Distance = SE.getAddExpr(Distance, One);
    // A counter that is past its bound from the start.
    if (CmpInst::isSigned(GoesOn))
      Distance = SE.getSMaxExpr(Distance, SE.getZero(Distance->getType()));
    Distance = SE.getAddExpr(Distance, SE.getMinusSCEV(Size, One));
  }
  return SE.getUDivExpr(Distance, Size);
}

/// How often \p L goes back to its header, if it is known before it. Exits that
/// lead nowhere (a failed assertion, a throw) are not counted in.
const SCEV *SectionFinder::getCount(Loop &L) {
  auto [It, IsNew] = Counts.try_emplace(&L, nullptr);
  if (!IsNew)
    return It->second;
  const SCEV *Count = SE.getBackedgeTakenCount(&L);
  if (isa<SCEVCouldNotCompute>(Count)) {
    Count = nullptr;
    SmallVector<BasicBlock *, 4> Exiting;
    L.getExitingBlocks(Exiting);
    for (BasicBlock *BB : Exiting) {
      if (all_of(successors(BB), [&](BasicBlock *To) {
            return L.contains(To) || isDeadEnd(To);
          }))
        continue;
      const SCEV *One = SE.getExitCount(&L, BB);
      if (isa<SCEVCouldNotCompute>(One))
        One = getCountByComparison(L, BB);
      if (!One) {
        Count = nullptr;
        break;
      }
      Count = Count ? SE.getUMinFromMismatchedTypes(Count, One) : One;
    }
  }
  return Counts[&L] = Count;
}

/// How often \p L goes back at most, where it may end early, and its range at
/// \p Step is so short that all of it may be touched.
const SCEV *SectionFinder::getSmallCount(Loop &L, const SCEV *Step) {
  auto *Most = dyn_cast<SCEVConstant>(SE.getConstantMaxBackedgeTakenCount(&L));
  auto *Bytes = dyn_cast_or_null<SCEVConstant>(Step);
  if (!Most || !Bytes || Most->getAPInt().getActiveBits() > 32)
    return nullptr;
  APInt Size = Bytes->getAPInt().abs();
  if (Size.ugt(EarlyExitBytes) ||
      Size.getZExtValue() * Most->getAPInt().getZExtValue() > EarlyExitBytes)
    return nullptr;
  return Most;
}

/// \p S, if it moves by the same amount in each iteration of \p L.
const SCEVAddRecExpr *SectionFinder::asAffine(const SCEV *S, Loop &L) const {
  auto *Rec = dyn_cast<SCEVAddRecExpr>(S);
  return Rec && Rec->getLoop() == &L && Rec->isAffine() ? Rec : nullptr;
}

namespace {

/// Divides by what may be 0 as if it were 1 then, so that an expression may be
/// computed before a loop.
class SafeDivision : public SCEVRewriteVisitor<SafeDivision> {
public:
  explicit SafeDivision(ScalarEvolution &SE) : SCEVRewriteVisitor(SE) {}

  const SCEV *visitUDivExpr(const SCEVUDivExpr *Division) {
    const SCEV *By = visit(Division->getRHS());
    if (!SE.isKnownNonZero(By))
      By = SE.getUMaxExpr(By, SE.getOne(By->getType()));
    return SE.getUDivExpr(visit(Division->getLHS()), By);
  }
};

/// Evaluates an expression in the last iteration of a loop.
class LastIteration : public SCEVRewriteVisitor<LastIteration> {
public:
  LastIteration(ScalarEvolution &SE, const Loop &L, const SCEV *Count)
      : SCEVRewriteVisitor(SE), L(L), Count(Count) {}

  const SCEV *visitAddRecExpr(const SCEVAddRecExpr *Rec) {
    return Rec->getLoop() == &L ? Rec->evaluateAtIteration(Count, SE) : Rec;
  }

private:
  const Loop &L;
  const SCEV *Count;
};

} // namespace

/// \p S in the last iteration of \p L; null where unknown.
const SCEV *SectionFinder::atLast(const SCEV *S, Loop &L, const SCEV *Count) {
  if (SE.isLoopInvariant(S, &L))
    return S;
  S = LastIteration(SE, L, Count).visit(S);
  return SE.isLoopInvariant(S, &L) ? S : nullptr;
}

//===--- Loads of what does not change ------------------------------------===//

/// Whether \p L stores to where \p Ptr points, as far as that can be seen by
/// the look of it, or calls what may.
bool SectionFinder::mayChangeIn(Loop &L, const Value *Ptr) {
  const DataLayout &DL = L.getHeader()->getDataLayout();
  int64_t Offset;
  const Value *Base = GetPointerBaseWithConstantOffset(Ptr, Offset, DL);
  for (BasicBlock *BB : L.blocks())
    for (Instruction &I : *BB) {
      if (isa<CallBase>(I) && !isa<IntrinsicInst>(I) && I.mayWriteToMemory())
        return true;
      auto *Store = dyn_cast<StoreInst>(&I);
      if (!Store)
        continue;
      Value *To = Store->getPointerOperand();
      if (isRemotePointer(To->getType()))
        To = stripRemoteCast(To);
      int64_t ToOffset;
      if (To && GetPointerBaseWithConstantOffset(To, ToOffset, DL) == Base &&
          ToOffset == Offset)
        return true;
    }
  return false;
}

/// A copy before \p L of \p Load, which is in L, reads one place in each
/// iteration, and is sure to run in the first. Null if it is not such a load.
LoadInst *SectionFinder::getSteadyCopy(LoadInst &Load, Loop &L) {
  BasicBlock *Preheader = L.getLoopPreheader();
  Value *Ptr = Load.getPointerOperand();
  if (isRemotePointer(Ptr->getType()))
    Ptr = stripRemoteCast(Ptr);
  if (!Preheader || !Ptr || !Load.isSimple() || !L.isLoopInvariant(Ptr))
    return nullptr;
  // One for all loads of the place.
  auto Key = std::make_pair(std::make_pair(Ptr, Load.getType()), &L);
  auto [It, IsNew] = Copies.try_emplace(Key, nullptr);
  if (!IsNew)
    return It->second;
  BasicBlock *BB = Load.getParent();
  SmallVector<BasicBlock *, 4> Exiting;
  L.getExitingBlocks(Exiting);
  if (!all_of(Exiting,
              [&](BasicBlock *From) { return DT.dominates(BB, From); }))
    return nullptr;
  bool IsFirst = BB == L.getHeader() &&
                 isGuaranteedToTransferExecutionToSuccessor(BB->begin(),
                                                            Load.getIterator());
  if (!IsFirst &&
      !isDereferenceablePointer(Ptr, Load.getType(), BB->getDataLayout()))
    return nullptr;
  if (mayChangeIn(L, Ptr))
    return nullptr;
  auto *Copy = cast<LoadInst>(Load.clone());
  Copy->dropUBImplyingAttrsAndMetadata();
  Copy->insertBefore(Preheader->getTerminator());
  Copy->setName("loco.steady");
  IRBuilder<> B(Copy);
  if (Type *Ty = Load.getPointerOperandType(); isRemotePointer(Ty))
    Ptr = B.CreateAddrSpaceCast(Ptr, Ty, "loco");
  Copy->setOperand(LoadInst::getPointerOperandIndex(), Ptr);
  return Copies[Key] = Copy;
}

/// \p S with values that \p L loads again and again from one place, because
/// LLVM could not tell that its stores leave them alone, replaced by loads
/// before it. They are taken to leave them alone.
const SCEV *SectionFinder::withSteadyLoads(const SCEV *S, Loop &L) {
  if (!S || SE.isLoopInvariant(S, &L))
    return S;
  struct Visitor {
    Loop &L;
    SmallPtrSet<LoadInst *, 4> Loads;
    bool follow(const SCEV *S) {
      if (auto *U = dyn_cast<SCEVUnknown>(S))
        if (auto *Load = dyn_cast<LoadInst>(U->getValue());
            Load && L.contains(Load))
          Loads.insert(Load);
      return true;
    }
    bool isDone() const { return false; }
  } V{L, {}};
  visitAll(S, V);
  ValueToSCEVMapTy Before;
  for (LoadInst *Load : V.Loads)
    if (LoadInst *Copy = getSteadyCopy(*Load, L))
      Before[Load] = SE.getSCEV(Copy);
  return Before.empty() ? S : SCEVParameterRewriter::rewrite(S, SE, Before);
}

void SectionFinder::removeUnusedCopies() {
  // Copies of copies come later, and are used by nothing but them.
  bool Removed = true;
  while (Removed) {
    Removed = false;
    for (auto &[Where, Copy] : Copies) {
      if (!Copy || !Copy->use_empty())
        continue;
      auto *Cast = dyn_cast<AddrSpaceCastInst>(Copy->getPointerOperand());
      SE.forgetValue(Copy);
      Copy->eraseFromParent();
      if (Cast && Cast->use_empty())
        Cast->eraseFromParent();
      Copy = nullptr;
      Removed = true;
    }
  }
}

//===--- One level of a nest ----------------------------------------------===//

const SCEV *SectionFinder::rowBytes(const Section &S) {
  return SE.getAddExpr(SE.getMinusSCEV(S.High, S.Low),
                       SE.getConstant(I64, S.Bytes));
}

/// The rows of \p S in all iterations of \p L, each moved a little, as one.
bool SectionFinder::extendRow(Section &S, Loop &L, const SCEV *Count,
                              bool Down) {
  const SCEV *Low = S.Low, *High = S.High;
  if (Down) {
    const SCEVAddRecExpr *HighRec = asAffine(High, L);
    Low = atLast(Low, L, Count);
    High = HighRec ? HighRec->getStart() : High;
  } else {
    const SCEVAddRecExpr *LowRec = asAffine(Low, L);
    Low = LowRec ? LowRec->getStart() : Low;
    High = atLast(High, L, Count);
  }
  if (!Low || !High || !SE.isLoopInvariant(Low, &L) ||
      !SE.isLoopInvariant(High, &L))
    return fail(NotAffine);
  S.Low = Low;
  S.High = High;
  return true;
}

/// Makes of what \p S is in one iteration of \p L what it is in all of them.
bool SectionFinder::extend(Section &S, Loop &L, bool IsOutermost) {
  for (const SCEV **Part : {&S.Low, &S.High, &S.Stride, &S.Rows})
    *Part = withSteadyLoads(*Part, L);
  if (S.Stride &&
      (!SE.isLoopInvariant(S.Stride, &L) || !SE.isLoopInvariant(S.Rows, &L)))
    return fail("its rows vary in an outer loop");
  bool IsFixed = SE.isLoopInvariant(S.Low, &L);
  if (IsFixed && SE.isLoopInvariant(S.High, &L))
    return true;
  const SCEVAddRecExpr *LowRec = asAffine(S.Low, L);
  if (!IsFixed && !LowRec)
    return IsOutermost ? assumeAscendingRows(S, L) : fail(NotAffine);
  const SCEV *Step = LowRec ? LowRec->getStepRecurrence(SE) : nullptr;
  const SCEV *Count = getCount(L);
  if (!Count && S.Kind == abi::TouchLoad)
    Count = getSmallCount(L, Step);
  if (!Count)
    return fail(NoCount);
  if (!Step)
    return extendRow(S, L, Count, /*Down=*/false);

  bool Down = SE.isKnownNegative(Step);
  const SCEV *Distance = Down ? SE.getNegativeSCEV(Step) : Step;
  const SCEV *Length = rowBytes(S);
  const SCEV *Dense =
      SE.getAddExpr(SE.getMulExpr(Length, SE.getConstant(I64, 2)),
                    SE.getConstant(I64, AllowedGap));
  if (SE.isKnownPredicate(ICmpInst::ICMP_ULE, Distance, Dense))
    return extendRow(S, L, Count, Down);

  // Rows that may lie far apart. The runtime takes them for one range where
  // they turn out not to.
  if (S.Stride)
    return fail("its rows lie apart in more than one dimension");
  if (!SE.isLoopInvariant(Length, &L))
    return fail("its rows vary in length");
  S.Stride = Step;
  S.Rows =
      SE.getAddExpr(SE.getTruncateOrZeroExtend(Count, I64), SE.getOne(I64));
  S.Low = LowRec->getStart();
  S.High = SE.getMinusSCEV(SE.getAddExpr(S.Low, Length),
                           SE.getConstant(I64, S.Bytes));
  return true;
}

//===--- Rows whose bounds are loaded -------------------------------------===//

/// The load of \p V, if that is a bound of rows in \p L; of one that is carried
/// over from the iteration before, the load of the next.
static const LoadInst *getBoundLoad(const Value *V, const Loop &L) {
  if (auto *Phi = dyn_cast<PHINode>(V);
      Phi && Phi->getParent() == L.getHeader() && L.getLoopLatch())
    V = Phi->getIncomingValueForBlock(L.getLoopLatch());
  auto *Load = dyn_cast<LoadInst>(V);
  return Load && Load->isSimple() && Load->getType()->isIntegerTy() &&
                 L.contains(Load)
             ? Load
             : nullptr;
}

/// Where it is loaded from, if that moves with \p L.
const SCEVAddRecExpr *SectionFinder::getBoundAddress(const LoadInst &Load,
                                                     Loop &L) {
  auto *Ptr = const_cast<Value *>(Load.getPointerOperand());
  if (isRemotePointer(Ptr->getType()))
    Ptr = stripRemoteCast(Ptr);
  return Ptr ? asAffine(SE.getSCEV(Ptr), L) : nullptr;
}

bool SectionFinder::collectVarying(const Section &S, Loop &L,
                                   ValueSet &Unknowns) {
  struct Visitor {
    const Loop &L;
    ScalarEvolution &SE;
    ValueSet &Unknowns;
    bool Moves = false;

    bool follow(const SCEV *S) {
      if (auto *U = dyn_cast<SCEVUnknown>(S); U && !SE.isLoopInvariant(U, &L))
        Unknowns.insert(U->getValue());
      if (auto *Rec = dyn_cast<SCEVAddRecExpr>(S))
        Moves |= L.contains(Rec->getLoop());
      return true;
    }
    bool isDone() const { return false; }
  } V{L, SE, Unknowns};
  visitAll(S.Low, V);
  visitAll(S.High, V);
  return V.Moves;
}

/// Whether \p V follows from the position in \p L and from \p Bounds alone.
bool SectionFinder::followsFromPosition(Value *V, Loop &L,
                                        const ValueSet &Bounds) {
  constexpr unsigned Limit = 32;
  SmallPtrSet<Instruction *, 16> Seen;
  SmallVector<Value *, 16> Work{V};
  while (!Work.empty()) {
    auto *I = dyn_cast<Instruction>(Work.pop_back_val());
    if (!I || !L.contains(I) || !Seen.insert(I).second)
      continue;
    if (Seen.size() > Limit)
      return false;
    if (auto *Load = dyn_cast<LoadInst>(I); Load && getSteadyCopy(*Load, L))
      continue;
    if (Bounds.contains(I)) {
      const LoadInst *Load = getBoundLoad(I, L);
      if (!Load || !getBoundAddress(*Load, L))
        return false;
      continue;
    }
    if (I->mayReadOrWriteMemory() ||
        (isa<CallBase>(I) && !isa<IntrinsicInst>(I)))
      return false;
    if (isa<PHINode>(I) && I->getParent() == L.getHeader()) {
      if (!SE.isSCEVable(I->getType()) || !asAffine(SE.getSCEV(I), L))
        return false;
      continue;
    }
    append_range(Work, I->operands());
  }
  return true;
}

/// Whether \p Inner, which uses \p S, runs in each iteration of \p Outer, but
/// for those whose position or whose bounds say that it has nothing to do.
bool SectionFinder::isGuardedByBounds(const Section &S, Loop &Inner,
                                      Loop &Outer) {
  BasicBlock *Latch = Outer.getLoopLatch();
  if (!Latch)
    return false;
  ValueSet Bounds;
  collectVarying(S, Outer, Bounds);
  BasicBlock *BB = Inner.getHeader();
  while (!DT.dominates(BB, Latch)) {
    BB = DT.getNode(BB)->getIDom()->getBlock();
    auto *Branch = dyn_cast<BranchInst>(BB->getTerminator());
    // The conditions of other inner loops only say when those end.
    if (!Branch ||
        (Branch->isConditional() && LI.getLoopFor(BB) == &Outer &&
         !followsFromPosition(Branch->getCondition(), Outer, Bounds)))
      return false;
  }
  return true;
}

/// Where a loop goes on with what an unrolled or vectorised one left over, it
/// starts at one of two places: has \p S start at the earlier one, so that it
/// comprises both loops.
void SectionFinder::startEarly(Section &S, Loop &L) {
  ValueSet Unknowns;
  collectVarying(S, L, Unknowns);
  ValueToSCEVMapTy Starts;
  for (Value *V : Unknowns) {
    auto *Phi = dyn_cast<PHINode>(V);
    if (!Phi || Phi->getParent() == L.getHeader() ||
        LI.getLoopFor(Phi->getParent()) != &L)
      continue;
    // Which is earlier cannot be proved; it is the simpler one.
    const SCEV *Start = nullptr;
    for (Value *Incoming : Phi->incoming_values()) {
      const SCEV *One = SE.getSCEVAtScope(Incoming, &L);
      if (!Start || One->isZero() ||
          (!Start->isZero() &&
           One->getExpressionSize() < Start->getExpressionSize()))
        Start = One;
    }
    if (Start)
      Starts[V] = Start;
  }
  if (Starts.empty())
    return;
  S.Low = SCEVParameterRewriter::rewrite(S.Low, SE, Starts);
  S.High = SCEVParameterRewriter::rewrite(S.High, SE, Starts);
  S.IsWhole = true;
}

/// Where the inner loops run over rows whose bounds \p L loads (see RowBounds):
/// has \p S stand for all rows.
bool SectionFinder::assumeAscendingRows(Section &S, Loop &L) {
  ValueSet Unknowns;
  bool Moves = collectVarying(S, L, Unknowns);
  // Not one that is assumed: the last iteration's bound will be loaded.
  const SCEV *Count = SE.getBackedgeTakenCount(&L);
  // One bound alone is the index of an indirect access.
  if (Moves || S.Stride || Unknowns.size() < 2 || Unknowns.size() > 3 ||
      isa<SCEVCouldNotCompute>(Count) ||
      // The first and the last iteration run, and run through.
      L.getExitingBlock() != L.getLoopLatch() || !L.getLoopLatch())
    return fail(NotAffine);
  for (BasicBlock *BB : L.blocks())
    if (!isGuaranteedToTransferExecutionToSuccessor(BB))
      return fail(NotAffine);

  RowBounds Bounds;
  const SCEVAddRecExpr *Lowest = nullptr, *Highest = nullptr;
  const SCEV *Step = nullptr;
  BasicBlock *Before = L.getLoopPredecessor();
  for (Value *V : Unknowns) {
    const LoadInst *Load = getBoundLoad(V, L);
    if (!Load || !Before ||
        !DT.dominates(Load->getParent(), L.getLoopLatch()) ||
        (Bounds.Any && Bounds.Any->getType() != V->getType()))
      return fail(NotAffine);
    const SCEVAddRecExpr *Address = getBoundAddress(*Load, L);
    if (!Address || !SE.isKnownPositive(Address->getStepRecurrence(SE)))
      return fail(NotAffine);
    if (!Step)
      Step = Address->getStepRecurrence(SE);
    if (Step != Address->getStepRecurrence(SE))
      return fail(NotAffine);
    auto IsBelow = [&](const SCEVAddRecExpr *A, const SCEVAddRecExpr *B,
                       bool &Below) {
      auto *D = dyn_cast<SCEVConstant>(SE.getMinusSCEV(B, A));
      // Neighbours: else they are not bounds of the same rows.
      if (!D || D->getAPInt().abs().ugt(64))
        return false;
      Below = D->getAPInt().isStrictlyPositive();
      return true;
    };
    bool Below = false;
    if (Lowest && !IsBelow(Address, Lowest, Below))
      return fail(NotAffine);
    if (!Lowest || Below)
      Lowest = Address;
    if (Highest && !IsBelow(Highest, Address, Below))
      return fail(NotAffine);
    if (!Highest || Below)
      Highest = Address;
    if (auto *Phi = dyn_cast<PHINode>(V))
      Bounds.First = Phi->getIncomingValueForBlock(Before);
    if (!Bounds.Any)
      Bounds.Any = V;
  }
  Bounds.FirstAddress = Lowest->getStart();
  Bounds.LastAddress = Highest->evaluateAtIteration(Count, SE);

  // A row that starts and ends at one bound lies there, and nowhere else.
  ValueToSCEVMapTy Same;
  for (Value *V : Unknowns)
    Same[V] = SE.getSCEV(Bounds.Any);
  const SCEV *Low = SCEVParameterRewriter::rewrite(S.Low, SE, Same);
  const SCEV *High = SCEVParameterRewriter::rewrite(S.High, SE, Same);
  auto *Length = dyn_cast<SCEVConstant>(SE.getMinusSCEV(High, Low));
  if (!Length || Length->getAPInt().abs().ugt(abi::BlockBytes))
    return fail(NotAffine);
  S.Low = Low;
  S.High = Length->getAPInt().isNegative() ? Low : High;
  S.Bounds = Bounds;
  return true;
}

//===--- Nests ------------------------------------------------------------===//

std::optional<Section> SectionFinder::find(const Marked &M, Loop &Outermost) {
  Why = NotAffine;
  const SCEV *Address = SE.getPtrToIntExpr(SE.getSCEV(M.Ptr), I64);
  if (isa<SCEVCouldNotCompute>(Address))
    return std::nullopt;
  Address = SafeDivision(SE).visit(Address);
  Section S;
  S.Low = S.High = Address;
  S.Bytes = M.Bytes;
  S.Kind = M.Kind;
  S.Covers.push_back(M);
  Loop *Innermost = LI.getLoopFor(M.I->getParent());
  BasicBlock *Latch = Innermost->getLoopLatch();
  S.IsConditional = M.Kind == abi::TouchStore &&
                    (!Latch || !DT.dominates(M.I->getParent(), Latch));
  uint64_t Trips = 1;
  for (Loop *L = Innermost, *Inner = nullptr;;
       Inner = L, L = L->getParentLoop()) {
    if (Inner) {
      startEarly(S, *L);
      if (!isGuardedByBounds(S, *Inner, *L)) {
        Why = "the inner loop is conditional";
        return std::nullopt;
      }
    }
    if (!extend(S, *L, L == &Outermost))
      return std::nullopt;
    // 0 stands for unknown, and for much.
    unsigned Count = SE.getSmallConstantTripCount(L);
    Trips = Count && Trips ? Trips * Count : 0;
    if (L == &Outermost)
      break;
  }
  if (Trips && Trips <= TinyTripCount) {
    Why = "the loop is short";
    return std::nullopt;
  }
  return S;
}

bool SectionFinder::covers(const Section &Whole, const Section &Part) {
  Section Both = Whole;
  return merge(Both, Part) && Both.Kind == Whole.Kind &&
         Both.Low == Whole.Low && Both.Rows == Whole.Rows &&
         rowBytes(Both) == rowBytes(Whole);
}

bool SectionFinder::merge(Section &Into, const Section &From) {
  if (Into.Bounds.Any != From.Bounds.Any || Into.Stride != From.Stride)
    return false;
  auto AsNear = [](const SCEV *S) -> std::optional<int64_t> {
    auto *C = dyn_cast<SCEVConstant>(S);
    if (!C || C->getAPInt().abs().ugt(abi::BlockBytes))
      return std::nullopt;
    return C->getAPInt().getSExtValue();
  };
  auto Plus = [&](const SCEV *S, int64_t By) {
    return SE.getAddExpr(S, SE.getConstant(I64, By, /*isSigned=*/true));
  };
  auto Join = [&] {
    Into.Kind = std::max(Into.Kind, From.Kind);
    Into.Covers.append(From.Covers.begin(), From.Covers.end());
    return true;
  };
  // How many rows further on it starts, and how many bytes.
  const SCEV *Shift = SE.getMinusSCEV(From.Low, Into.Low);
  std::optional<int64_t> Bytes = AsNear(Shift), MoreRows = 0;
  int64_t Rows = 0;
  if (Into.Stride) {
    MoreRows = AsNear(SE.getMinusSCEV(From.Rows, Into.Rows));
    for (int64_t By : {-1, 1, -2, 2}) {
      if (Bytes)
        break;
      Rows = By;
      Bytes = AsNear(SE.getMinusSCEV(
          Shift, SE.getMulExpr(Into.Stride, SE.getConstant(I64, By, true))));
    }
  }
  std::optional<int64_t> Longer =
      AsNear(SE.getMinusSCEV(rowBytes(From), rowBytes(Into)));
  if (Shift->isZero() && !Longer && Into.Rows == From.Rows &&
      Into.IsWhole != From.IsWhole) {
    if (From.IsWhole) {
      Into.High = From.High;
      Into.Bytes = From.Bytes;
      Into.IsWhole = true;
    }
    return Join();
  }
  if (!Bytes || !MoreRows || !Longer)
    return false;
  const SCEV *End = Plus(SE.getAddExpr(Into.Low, rowBytes(Into)),
                         std::max<int64_t>(*Bytes + *Longer, 0));
  Into.Low = Plus(Into.Low, std::min<int64_t>(*Bytes, 0));
  if (Into.Stride) {
    Into.Rows = Plus(Into.Rows, std::max<int64_t>(Rows + *MoreRows, 0) -
                                    std::min<int64_t>(Rows, 0));
    const SCEV *Up = SE.getMulExpr(
        Into.Stride,
        SE.getConstant(I64, std::min<int64_t>(Rows, 0), /*isSigned=*/true));
    Into.Low = SE.getAddExpr(Into.Low, Up);
    End = SE.getAddExpr(End, Up);
  }
  Into.Bytes = std::max(Into.Bytes, From.Bytes);
  Into.High = Plus(End, -int64_t(Into.Bytes));
  return Join();
}
