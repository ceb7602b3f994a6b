//===- LowerPass.cpp - Checks and runtime calls for marked accesses -------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/LowerPass.h"
#include "Accesses.h"
#include "Lowering.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/LowerAtomic.h"
#include <optional>

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-lower"

/// A check of one address serves another of the same object this far from it:
/// they are in one block but for one time in 4096 / 64.
static constexpr int64_t NearBytes = 64;
/// A range of constant length up to this one is checked in line, at its ends.
static constexpr uint64_t InlineRangeBytes = 256;

namespace {

class Lowering {
public:
  Lowering(Function &F, Runtime &RT, Checks ChecksKind)
      : F(F), DL(F.getDataLayout()), RT(RT), ChecksKind(ChecksKind), Buffer(F) {
  }

  bool run();

private:
  /// Whether checks ask first, in line or by patching.
  bool hasTests() const {
    return ChecksKind == Checks::Inline || ChecksKind == Checks::Patched;
  }
  bool isPatched(const Instruction &I) const {
    return ChecksKind == Checks::Patched && !isCheckInline(I);
  }
  /// Where an exception or the end of the program is on its way, a page fault
  /// costs less than the code of a check.
  bool isCold(const Instruction &I) const {
    const BasicBlock &BB = *I.getParent();
    return ChecksKind == Checks::Patched &&
           (BB.isEHPad() ||
            isa<UnreachableInst, ResumeInst>(BB.getTerminator()));
  }
  void lower(Instruction &I);
  void lowerPlain(Instruction &I, Type *Ty, Align A, abi::TouchKind Kind);
  void lowerVolatile(Instruction &I, Type *Ty, abi::TouchKind Kind);
  void lowerAtomic(Instruction &I);
  void lowerFence(Instruction &Fence, AtomicOrdering Order);
  void lowerMemIntrinsic(AnyMemIntrinsic &Call);
  void lowerMasked(CallInst &Call, const MaskedAccess &Access);
  void lowerReady(CallInst &Call);

  /// Checks [Ptr, Ptr + Bytes) before \p I.
  void check(Instruction &I, Value *Ptr, TypeSize Bytes, Align A,
             abi::TouchKind Kind);
  void checkBlock(Instruction &I, Value *Ptr, uint64_t Bytes,
                  abi::TouchKind Kind);
  /// Splits before \p I; returns the terminator of a block that runs where the
  /// job has several nodes.
  Instruction *whereMulti(Instruction &I);
  Value *loadGuard(Instruction *Before, LoadInst &Load, GlobalVariable &Guard);
  Value *casLoop(Instruction *Before, AtomicRMWInst &RMW, Value *Ptr,
                 unsigned Bytes);

  Function &F;
  const DataLayout &DL;
  Runtime &RT;
  Checks ChecksKind;
  AccessBuffer Buffer; ///< What volatile accesses go through.
};

} // namespace

bool Lowering::run() {
  SmallVector<Instruction *, 64> Work;
  for (Instruction &I : instructions(F))
    if (getFenceOrder(I) ||
        (!isa<AddrSpaceCastInst>(I) && takesRemotePointer(I)))
      Work.push_back(&I);
  // Backwards, so that a split moves only what is done already.
  for (Instruction *I : reverse(Work))
    lower(*I);
  if (!Work.empty())
    finishLowering(F);
  return !Work.empty();
}

void Lowering::lower(Instruction &I) {
  if (std::optional<AtomicOrdering> Order = getFenceOrder(I)) {
    lowerFence(I, *Order);
    if (!takesRemotePointer(I)) // inline assembly may
      return;
  }
  if (auto *Load = dyn_cast<LoadInst>(&I)) {
    if (Load->isAtomic())
      return lowerAtomic(I);
    if (Load->isVolatile())
      return lowerVolatile(I, I.getType(), abi::TouchLoad);
    return lowerPlain(I, I.getType(), Load->getAlign(), abi::TouchLoad);
  }
  if (auto *Store = dyn_cast<StoreInst>(&I);
      Store && isRemotePointer(Store->getPointerOperandType()) &&
      !isRemotePointer(Store->getValueOperand()->getType())) {
    Type *Ty = Store->getValueOperand()->getType();
    if (Store->isAtomic())
      return lowerAtomic(I);
    if (Store->isVolatile())
      return lowerVolatile(I, Ty, abi::TouchStore);
    return lowerPlain(I, Ty, Store->getAlign(), abi::TouchStore);
  }
  if (isa<AtomicRMWInst, AtomicCmpXchgInst>(I))
    return lowerAtomic(I);
  if (auto *Mem = dyn_cast<AnyMemIntrinsic>(&I))
    return lowerMemIntrinsic(*Mem);
  if (std::optional<MaskedAccess> Access = getMaskedAccess(I))
    return lowerMasked(cast<CallInst>(I), *Access);
  if (auto *Call = dyn_cast<CallInst>(&I))
    if (Function *Callee = Call->getCalledFunction();
        Callee && Callee->getName() == ReadyName)
      return lowerReady(*Call);
  failOn(I, "an instruction that takes an addrspace(7) pointer is not known");
}

//===--- Checks -----------------------------------------------------------===//

Instruction *Lowering::whereMulti(Instruction &I) {
  IRBuilder<> B(&I);
  return RT.unlikely(RT.isMulti(B), &I);
}

void Lowering::checkBlock(Instruction &I, Value *Ptr, uint64_t Bytes,
                          abi::TouchKind Kind) {
  IRBuilder<> B(&I);
  if (isPatched(I)) {
    // Not a register more than the access itself needs.
    int64_t Offset = 0;
    Value *Base = GetPointerBaseWithConstantOffset(Ptr, Offset, DL);
    bool IsNear =
        std::abs(Offset) <= NearBytes && Base->getType() == Ptr->getType();
    RT.placeCheck(B, IsNear ? Base : Ptr, Kind);
    return;
  }
  if (hasTests()) {
    Value *NotReady = RT.isNotReady(B, Ptr, Kind);
    B.SetInsertPoint(RT.unlikely(NotReady, &I));
  }
  RT.callSlowPath(B, Ptr, Bytes, Kind);
}

void Lowering::check(Instruction &I, Value *Ptr, TypeSize Bytes, Align A,
                     abi::TouchKind Kind) {
  if (ChecksKind == Checks::None || Bytes.isZero() || isCold(I))
    return;
  if (!Bytes.isScalable() && Bytes.getFixedValue() <= InlineRangeBytes) {
    uint64_t Length = Bytes.getFixedValue();
    checkBlock(I, Ptr, Length, Kind);
    // The ends lie in one block where the alignment says so.
    if (hasTests() && A.value() < Length && Length > 64) {
      IRBuilder<> B(&I);
      checkBlock(I, B.CreateConstGEP1_64(B.getInt8Ty(), Ptr, Length - 1), 1,
                 Kind);
    }
    return;
  }
  Instruction *Before = hasTests() ? whereMulti(I) : &I;
  IRBuilder<> B(Before);
  RT.callTouch(B, Ptr, B.CreateTypeSize(B.getInt64Ty(), Bytes), Kind);
}

void Lowering::lowerPlain(Instruction &I, Type *Ty, Align A,
                          abi::TouchKind Kind) {
  unsigned OpNo = Kind == abi::TouchLoad ? LoadInst::getPointerOperandIndex()
                                         : StoreInst::getPointerOperandIndex();
  Value *Ptr = unmark(I, OpNo);
  check(I, Ptr, DL.getTypeStoreSize(Ty), A, Kind);
}

void Lowering::lowerMemIntrinsic(AnyMemIntrinsic &Call) {
  struct Range {
    Value *Ptr;
    MaybeAlign A;
    abi::TouchKind Kind;
  };
  SmallVector<Range, 2> Ranges;
  if (Value *Dest = unmark(Call, 0))
    Ranges.push_back({Dest, Call.getDestAlign(), abi::TouchStore});
  if (auto *Transfer = dyn_cast<AnyMemTransferInst>(&Call))
    if (Value *Source = unmark(Call, 1))
      Ranges.push_back({Source, Transfer->getSourceAlign(), abi::TouchLoad});
  remangleIntrinsic(Call);
  if (ChecksKind == Checks::None || Ranges.empty() || isCold(Call))
    return;

  auto *Length = dyn_cast<ConstantInt>(Call.getLength());
  if (Length && Length->getValue().ule(InlineRangeBytes)) {
    for (const Range &R : Ranges)
      check(Call, R.Ptr, TypeSize::getFixed(Length->getZExtValue()),
            R.A.valueOrOne(), R.Kind);
    return;
  }
  Instruction *Before = hasTests() ? whereMulti(Call) : &Call;
  IRBuilder<> B(Before);
  for (const Range &R : Ranges)
    RT.callTouch(B, R.Ptr, Call.getLength(), R.Kind);
}

void Lowering::lowerReady(CallInst &Call) {
  Value *Ptr = unmark(Call, 0);
  Value *Length = Call.getArgOperand(1);
  auto Kind =
      abi::TouchKind(cast<ConstantInt>(Call.getArgOperand(2))->getZExtValue());
  if (auto *Known = dyn_cast<ConstantInt>(Length)) {
    check(Call, Ptr, TypeSize::getFixed(Known->getZExtValue()), Align(1), Kind);
  } else if (ChecksKind != Checks::None) {
    IRBuilder<> B(ChecksKind == Checks::Inline ? whereMulti(Call) : &Call);
    RT.callTouch(B, Ptr, Length, Kind);
  }
  Call.eraseFromParent();
}

void Lowering::lowerMasked(CallInst &Call, const MaskedAccess &Access) {
  Value *Ptr = unmark(Call, Access.PointerArg);
  remangleIntrinsic(Call);
  if (ChecksKind == Checks::None)
    return;
  Value *Mask = Call.getArgOperand(Access.MaskArg);
  auto *MaskTy = cast<VectorType>(Mask->getType());
  Instruction *Before = whereMulti(Call);
  IRBuilder<> B(Before);
  if (!Access.IsGather) {
    // Nothing may be said of the address where no lane is active. Null is
    // always there to ask for.
    Value *Any = B.CreateOrReduce(Mask);
    Instruction *Then = SplitBlockAndInsertIfThen(Any, Before, false);
    B.SetInsertPoint(Then);
    Value *Bytes =
        B.CreateTypeSize(B.getInt64Ty(), DL.getTypeStoreSize(Access.DataTy));
    Value *Last =
        B.CreateGEP(B.getInt8Ty(), Ptr, B.CreateSub(Bytes, B.getInt64(1)));
    Value *NotReady = B.CreateOr(RT.isNotReady(B, Ptr, Access.Kind),
                                 RT.isNotReady(B, Last, Access.Kind));
    B.SetInsertPoint(SplitBlockAndInsertIfThen(NotReady, Then, false));
    RT.callTouch(B, Ptr, Bytes, Access.Kind);
    return;
  }
  uint64_t LaneBytes =
      DL.getTypeStoreSize(cast<VectorType>(Access.DataTy)->getElementType());
  SplitBlockAndInsertForEachLane(
      MaskTy->getElementCount(), B.getInt64Ty(), Before,
      [&](IRBuilderBase &IRB, Value *Lane) {
        Value *Active = IRB.CreateExtractElement(Mask, Lane);
        if (auto *Known = dyn_cast<ConstantInt>(Active);
            Known && Known->isZero())
          return;
        Value *LanePtr = IRB.CreateExtractElement(Ptr, Lane);
        LanePtr = IRB.CreateSelect(Active, LanePtr,
                                   Constant::getNullValue(LanePtr->getType()));
        Value *Slow =
            IRB.CreateAnd(Active, RT.isNotReady(IRB, LanePtr, Access.Kind));
        Instruction *Then = SplitBlockAndInsertIfThen(
            Slow, &*IRB.GetInsertPoint(), /*Unreachable=*/false);
        IRBuilder<> Slowly(Then);
        RT.callSlowPath(Slowly, LanePtr, LaneBytes, Access.Kind);
      });
}

//===--- What acts on the home --------------------------------------------===//

void Lowering::lowerFence(Instruction &Fence, AtomicOrdering Order) {
  IRBuilder<> B(whereMulti(Fence));
  RT.callFence(B, Order);
}

void Lowering::lowerVolatile(Instruction &I, Type *Ty, abi::TouchKind Kind) {
  bool IsStore = Kind == abi::TouchStore;
  Value *Ptr = unmark(I, IsStore ? StoreInst::getPointerOperandIndex()
                                 : LoadInst::getPointerOperandIndex());
  TypeSize Size = DL.getTypeStoreSize(Ty);
  if (Size.isScalable())
    failOn(I, "a volatile access of scalable size");
  uint64_t Bytes = Size.getFixedValue();
  AllocaInst *Copy = Buffer.get(Bytes);
  versionOnMulti(RT, I, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(I.getDebugLoc());
    if (IsStore)
      B.CreateAlignedStore(cast<StoreInst>(I).getValueOperand(), Copy,
                           Copy->getAlign());
    RT.callVolatile(B, Ptr, Copy, Bytes, Kind);
    return IsStore ? nullptr : B.CreateAlignedLoad(Ty, Copy, Copy->getAlign());
  });
}

static std::optional<abi::RMW> getRMW(AtomicRMWInst::BinOp Op, Type *Ty) {
  bool IsKnownFloat = Ty->isFloatTy() || Ty->isDoubleTy();
  switch (Op) {
  case AtomicRMWInst::Xchg:
    return abi::RMWXchg;
  case AtomicRMWInst::Add:
    return abi::RMWAdd;
  case AtomicRMWInst::Sub:
    return abi::RMWSub;
  case AtomicRMWInst::And:
    return abi::RMWAnd;
  case AtomicRMWInst::Nand:
    return abi::RMWNand;
  case AtomicRMWInst::Or:
    return abi::RMWOr;
  case AtomicRMWInst::Xor:
    return abi::RMWXor;
  case AtomicRMWInst::Max:
    return abi::RMWMax;
  case AtomicRMWInst::Min:
    return abi::RMWMin;
  case AtomicRMWInst::UMax:
    return abi::RMWUMax;
  case AtomicRMWInst::UMin:
    return abi::RMWUMin;
  case AtomicRMWInst::FAdd:
    return IsKnownFloat ? std::optional(abi::RMWFAdd) : std::nullopt;
  case AtomicRMWInst::FSub:
    return IsKnownFloat ? std::optional(abi::RMWFSub) : std::nullopt;
  case AtomicRMWInst::FMax:
    return IsKnownFloat ? std::optional(abi::RMWFMax) : std::nullopt;
  case AtomicRMWInst::FMin:
    return IsKnownFloat ? std::optional(abi::RMWFMin) : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// The value as an integer of its size, and back.
static Value *toInteger(IRBuilderBase &B, Value *V, unsigned Bytes) {
  return B.CreateBitOrPointerCast(V, B.getIntNTy(Bytes * 8));
}
static Value *fromInteger(IRBuilderBase &B, Value *V, Type *Ty) {
  return B.CreateBitOrPointerCast(V, Ty);
}

/// An operation that libloco does not have, as a loop around its
/// compare-and-swap.
Value *Lowering::casLoop(Instruction *Before, AtomicRMWInst &RMW, Value *Ptr,
                         unsigned Bytes) {
  BasicBlock *Head = Before->getParent();
  BasicBlock *Done = SplitBlock(Head, Before);
  BasicBlock *Loop = BasicBlock::Create(F.getContext(), "loco.cas", &F, Done);
  IRBuilder<> B(Head->getTerminator());
  B.SetCurrentDebugLocation(RMW.getDebugLoc());
  Value *First = RT.callAtomicLoad(B, Ptr, Bytes, AtomicOrdering::Monotonic);
  Head->getTerminator()->setSuccessor(0, Loop);

  B.SetInsertPoint(Loop);
  PHINode *Old = B.CreatePHI(First->getType(), 2);
  Value *OldValue = fromInteger(B, Old, RMW.getType());
  Value *NewValue =
      buildAtomicRMWValue(RMW.getOperation(), B, OldValue, RMW.getValOperand());
  Value *Seen = RT.callAtomicCas(B, Ptr, Old, toInteger(B, NewValue, Bytes),
                                 RMW.getOrdering(), AtomicOrdering::Monotonic);
  B.CreateCondBr(B.CreateICmpEQ(Seen, Old), Done, Loop);
  Old->addIncoming(First, Head);
  Old->addIncoming(Seen, Loop);
  return OldValue;
}

/// The guard variable of a function-local static, if \p Load reads it.
static GlobalVariable *getGuard(LoadInst &Load, Value *Ptr) {
  auto *GV = dyn_cast<GlobalVariable>(Ptr);
  return GV && GV->getName().starts_with("_ZGV") &&
                 Load.getType()->isIntegerTy(8) &&
                 Load.getOrdering() == AtomicOrdering::Acquire
             ? GV
             : nullptr;
}

/// A guard is set once. When this node saw it set, and acquired what was
/// initialised before, it need not ask the guard's home again: that is noted in
/// a byte of this node's own.
Value *Lowering::loadGuard(Instruction *Before, LoadInst &Load,
                           GlobalVariable &Guard) {
  Module &M = *F.getParent();
  Type *I8 = Load.getType();
  std::string Name = (Twine(RuntimePrefix) + "seen." + Guard.getName()).str();
  GlobalVariable *Seen = M.getNamedGlobal(Name);
  if (!Seen) {
    Seen = new GlobalVariable(M, I8, /*isConstant=*/false,
                              GlobalValue::InternalLinkage,
                              Constant::getNullValue(I8), Name);
    Seen->setAlignment(Align(1));
  }
  IRBuilder<> B(Before);
  B.SetCurrentDebugLocation(Load.getDebugLoc());
  LoadInst *Known = B.CreateAlignedLoad(I8, Seen, Align(1), "loco.seen");
  Known->setAtomic(AtomicOrdering::Acquire);
  BasicBlock *Head = B.GetInsertBlock();
  Instruction *Ask =
      SplitBlockAndInsertIfThen(B.CreateIsNull(Known), Before, false);
  B.SetInsertPoint(Ask);
  Value *Now = RT.callAtomicLoad(B, &Guard, 1, AtomicOrdering::Acquire);
  B.CreateAlignedStore(Now, Seen, Align(1))->setAtomic(AtomicOrdering::Release);
  B.SetInsertPoint(Before);
  PHINode *Result = B.CreatePHI(I8, 2);
  Result->addIncoming(Known, Head);
  Result->addIncoming(Now, Ask->getParent());
  return Result;
}

void Lowering::lowerAtomic(Instruction &I) {
  Type *Ty;
  Align A;
  unsigned OpNo;
  if (auto *Load = dyn_cast<LoadInst>(&I)) {
    Ty = I.getType(), A = Load->getAlign();
    OpNo = LoadInst::getPointerOperandIndex();
  } else if (auto *Store = dyn_cast<StoreInst>(&I)) {
    Ty = Store->getValueOperand()->getType(), A = Store->getAlign();
    OpNo = StoreInst::getPointerOperandIndex();
  } else if (auto *RMW = dyn_cast<AtomicRMWInst>(&I)) {
    Ty = RMW->getType(), A = RMW->getAlign();
    OpNo = AtomicRMWInst::getPointerOperandIndex();
  } else {
    auto &Cas = cast<AtomicCmpXchgInst>(I);
    Ty = Cas.getCompareOperand()->getType(), A = Cas.getAlign();
    OpNo = AtomicCmpXchgInst::getPointerOperandIndex();
  }
  Value *Ptr = unmark(I, OpNo);
  uint64_t Bytes = DL.getTypeStoreSize(Ty);
  // LLVM makes __atomic_* calls of these, which libloco takes over.
  if (Bytes > abi::MaxAtomicBytes || !isPowerOf2_64(Bytes) || A.value() < Bytes)
    return;

  versionOnMulti(RT, I, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(I.getDebugLoc());
    if (auto *Load = dyn_cast<LoadInst>(&I)) {
      if (GlobalVariable *Guard = getGuard(*Load, Ptr))
        return loadGuard(Before, *Load, *Guard);
      return fromInteger(
          B, RT.callAtomicLoad(B, Ptr, Bytes, Load->getOrdering()), Ty);
    }
    if (auto *Store = dyn_cast<StoreInst>(&I)) {
      Value *V = toInteger(B, Store->getValueOperand(), Bytes);
      RT.callAtomicStore(B, Ptr, V, Store->getOrdering());
      return nullptr;
    }
    if (auto *RMW = dyn_cast<AtomicRMWInst>(&I)) {
      std::optional<abi::RMW> Op = getRMW(RMW->getOperation(), Ty);
      if (!Op)
        return casLoop(Before, *RMW, Ptr, Bytes);
      Value *V = toInteger(B, RMW->getValOperand(), Bytes);
      Value *Old = RT.callAtomicRMW(B, Ptr, V, *Op, RMW->getOrdering());
      return fromInteger(B, Old, Ty);
    }
    auto &Cas = cast<AtomicCmpXchgInst>(I);
    Value *Expected = toInteger(B, Cas.getCompareOperand(), Bytes);
    Value *Desired = toInteger(B, Cas.getNewValOperand(), Bytes);
    Value *Old =
        RT.callAtomicCas(B, Ptr, Expected, Desired, Cas.getSuccessOrdering(),
                         Cas.getFailureOrdering());
    Value *Result = B.CreateInsertValue(PoisonValue::get(I.getType()),
                                        fromInteger(B, Old, Ty), 0);
    return B.CreateInsertValue(Result, B.CreateICmpEQ(Old, Expected), 1);
  });
}

//===--- The pass ---------------------------------------------------------===//

/// Nothing marked may reach code generation, which would take it for plain.
static void verifyNoneLeft(Function &F) {
  for (Instruction &I : instructions(F))
    if (isRemotePointer(I.getType()) || takesRemotePointer(I))
      failOn(I, "an addrspace(7) pointer is left");
}

PreservedAnalyses LowerPass::run(Module &M, ModuleAnalysisManager &) {
  if (isLowered(M))
    return PreservedAnalyses::all();
  Runtime RT(M);
  for (Function &F : M)
    if (!isLeftAlone(F))
      Lowering(F, RT, ChecksKind).run();
  if (Function *Ready = M.getFunction(ReadyName); Ready && Ready->use_empty())
    Ready->eraseFromParent();
  for (Function &F : M)
    verifyNoneLeft(F);
  markLowered(M);
  return PreservedAnalyses::none();
}
