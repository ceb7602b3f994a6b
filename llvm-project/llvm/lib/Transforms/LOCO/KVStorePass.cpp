//===- KVStorePass.cpp - Every access a call ------------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/KVStorePass.h"
#include "Lowering.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-kvstore"

namespace {

class RemoteAccesses {
public:
  RemoteAccesses(Function &F, Runtime &RT)
      : F(F), DL(F.getDataLayout()), RT(RT), Buffer(F) {}

  bool run();

private:
  bool isTaken(Instruction &I) const;
  void lower(Instruction &I);
  void lowerLoad(LoadInst &Load);
  void lowerStore(StoreInst &Store);
  void lowerMemIntrinsic(AnyMemIntrinsic &Call);
  void lowerMasked(CallInst &Call, const MaskedAccess &Access);
  uint64_t fixedBytes(const Instruction &I, Type *Ty) const;

  Function &F;
  const DataLayout &DL;
  Runtime &RT;
  AccessBuffer Buffer;
};

} // namespace

bool RemoteAccesses::run() {
  SmallVector<Instruction *, 64> Work;
  for (Instruction &I : instructions(F))
    if (takesRemotePointer(I) && isTaken(I))
      Work.push_back(&I);
  if (Work.empty())
    return false;
  // Backwards, so that a split moves only what is done already.
  for (Instruction *I : reverse(Work))
    lower(*I);
  finishLowering(F);
  return true;
}

/// All that is not left to loco-lower.
bool RemoteAccesses::isTaken(Instruction &I) const {
  if (auto *Load = dyn_cast<LoadInst>(&I))
    return !Load->isAtomic();
  if (auto *Store = dyn_cast<StoreInst>(&I))
    return !Store->isAtomic();
  if (auto *Mem = dyn_cast<AnyMemIntrinsic>(&I)) {
    // Element by element: what a call that copies bytes cannot promise. Memory
    // that a segment register reaches: it is never LOCO's, nor is it bytes
    // whose address libloco could be told.
    auto IsPlain = [](unsigned AddrSpace) {
      return AddrSpace == 0 || AddrSpace == RemoteAddrSpace;
    };
    auto *Transfer = dyn_cast<AnyMemTransferInst>(Mem);
    return !Mem->isAtomic() && IsPlain(Mem->getDestAddressSpace()) &&
           (!Transfer || IsPlain(Transfer->getSourceAddressSpace()));
  }
  return getMaskedAccess(I).has_value();
}

void RemoteAccesses::lower(Instruction &I) {
  if (auto *Load = dyn_cast<LoadInst>(&I))
    lowerLoad(*Load);
  else if (auto *Store = dyn_cast<StoreInst>(&I))
    lowerStore(*Store);
  else if (auto *Mem = dyn_cast<AnyMemIntrinsic>(&I))
    lowerMemIntrinsic(*Mem);
  else
    lowerMasked(cast<CallInst>(I), *getMaskedAccess(I));
}

uint64_t RemoteAccesses::fixedBytes(const Instruction &I, Type *Ty) const {
  TypeSize Size = DL.getTypeStoreSize(Ty);
  if (Size.isScalable())
    failOn(I, "a remote access of scalable size");
  return Size.getFixedValue();
}

void RemoteAccesses::lowerLoad(LoadInst &Load) {
  Value *Ptr = unmark(Load, LoadInst::getPointerOperandIndex());
  uint64_t Bytes = fixedBytes(Load, Load.getType());
  AllocaInst *Copy = Buffer.get(Bytes);
  versionOnMulti(RT, Load, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(Load.getDebugLoc());
    RT.callKVGet(B, Ptr, Copy, Bytes);
    return B.CreateAlignedLoad(Load.getType(), Copy, Copy->getAlign());
  });
}

void RemoteAccesses::lowerStore(StoreInst &Store) {
  Value *Ptr = unmark(Store, StoreInst::getPointerOperandIndex());
  Value *V = Store.getValueOperand();
  uint64_t Bytes = fixedBytes(Store, V->getType());
  AllocaInst *Copy = Buffer.get(Bytes);
  versionOnMulti(RT, Store, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(Store.getDebugLoc());
    B.CreateAlignedStore(V, Copy, Copy->getAlign());
    RT.callKVPut(B, Ptr, Copy, Bytes);
    return nullptr;
  });
}

void RemoteAccesses::lowerMemIntrinsic(AnyMemIntrinsic &Call) {
  unmark(Call, 0);
  auto *Transfer = dyn_cast<AnyMemTransferInst>(&Call);
  if (Transfer)
    unmark(Call, 1);
  remangleIntrinsic(Call);
  versionOnMulti(RT, Call, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(Call.getDebugLoc());
    if (Transfer)
      RT.callKVMove(B, Call.getRawDest(), Transfer->getRawSource(),
                    Call.getLength());
    else
      RT.callKVFill(B, Call.getRawDest(), cast<AnyMemSetInst>(Call).getValue(),
                    Call.getLength());
    return nullptr;
  });
}

/// The number of lanes that a vp intrinsic works on, or null.
static Value *getVectorLength(const CallInst &Call) {
  auto *VP = dyn_cast<VPIntrinsic>(&Call);
  return VP ? VP->getVectorLengthParam() : nullptr;
}

/// What lanes of a load have that are off: null where it does not matter.
static Value *getPassThrough(const CallInst &Call) {
  constexpr unsigned PassThroughArg = 3;
  switch (Call.getIntrinsicID()) {
  case Intrinsic::masked_load:
  case Intrinsic::masked_gather:
    return Call.getArgOperand(PassThroughArg);
  default:
    return nullptr;
  }
}

void RemoteAccesses::lowerMasked(CallInst &Call, const MaskedAccess &Access) {
  Value *Ptr = unmark(Call, Access.PointerArg);
  remangleIntrinsic(Call);
  auto *DataTy = cast<VectorType>(Access.DataTy);
  uint64_t LaneBits = DL.getTypeSizeInBits(DataTy->getElementType());
  if (LaneBits % 8 != 0)
    failOn(Call, "a vector under a mask whose elements are not whole bytes");
  uint64_t LaneBytes = LaneBits / 8;
  bool IsLoad = Access.Kind == abi::TouchLoad;
  Value *Mask = Call.getArgOperand(Access.MaskArg);
  AllocaInst *Copy = Buffer.get(fixedBytes(Call, DataTy));
  versionOnMulti(RT, Call, [&](Instruction *Before) -> Value * {
    IRBuilder<> B(Before);
    B.SetCurrentDebugLocation(Call.getDebugLoc());
    Value *Start = IsLoad ? getPassThrough(Call) : Call.getArgOperand(0);
    if (Start)
      B.CreateAlignedStore(Start, Copy, Copy->getAlign());
    SplitBlockAndInsertForEachLane(
        DataTy->getElementCount(), B.getInt64Ty(), Before,
        [&](IRBuilderBase &IRB, Value *Lane) {
          Value *Active = IRB.CreateExtractElement(Mask, Lane);
          if (Value *Length = getVectorLength(Call))
            Active = IRB.CreateAnd(
                Active, IRB.CreateICmpULT(
                            Lane, IRB.CreateZExt(Length, Lane->getType())));
          if (auto *Known = dyn_cast<ConstantInt>(Active);
              Known && Known->isZero())
            return;
          IRBuilder<> Then(SplitBlockAndInsertIfThen(
              Active, &*IRB.GetInsertPoint(), /*Unreachable=*/false));
          Then.SetCurrentDebugLocation(Call.getDebugLoc());
          Value *Offset = Then.CreateMul(Lane, Then.getInt64(LaneBytes));
          Value *LanePtr = Access.IsGather
                               ? Then.CreateExtractElement(Ptr, Lane)
                               : Then.CreatePtrAdd(Ptr, Offset);
          Value *InCopy = Then.CreatePtrAdd(Copy, Offset);
          if (IsLoad)
            RT.callKVGet(Then, LanePtr, InCopy, LaneBytes);
          else
            RT.callKVPut(Then, LanePtr, InCopy, LaneBytes);
        });
    if (!IsLoad)
      return nullptr;
    IRBuilder<> Behind(Before);
    Behind.SetCurrentDebugLocation(Call.getDebugLoc());
    return Behind.CreateAlignedLoad(DataTy, Copy, Copy->getAlign());
  });
}

PreservedAnalyses KVStorePass::run(Module &M, ModuleAnalysisManager &) {
  if (isLowered(M))
    return PreservedAnalyses::all();
  Runtime RT(M);
  bool Changed = false;
  for (Function &F : M)
    if (!isLeftAlone(F))
      Changed |= RemoteAccesses(F, RT).run();
  return Changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
