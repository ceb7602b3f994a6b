//===- Lowering.cpp - What the passes that lower marks share --------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace llvm::loco;

void loco::failOn(const Instruction &I, const Twine &What) {
  std::string Text;
  raw_string_ostream OS(Text);
  OS << "loco-lower: " << What.str() << ": " << I << "\n  in function "
     << I.getFunction()->getName();
  if (const DebugLoc &Loc = I.getDebugLoc())
    OS << ", line " << Loc.getLine();
  report_fatal_error(StringRef(Text));
}

bool loco::takesRemotePointer(const Instruction &I) {
  return any_of(I.operands(),
                [](const Use &U) { return isRemotePointer(U->getType()); });
}

std::optional<MaskedAccess> loco::getMaskedAccess(const Instruction &I) {
  auto *II = dyn_cast<IntrinsicInst>(&I);
  if (!II)
    return std::nullopt;
  switch (II->getIntrinsicID()) {
  case Intrinsic::masked_load:
    return MaskedAccess{0, 2, II->getType(), abi::TouchLoad, false};
  case Intrinsic::masked_store:
    return MaskedAccess{1, 3, II->getArgOperand(0)->getType(), abi::TouchStore,
                        false};
  case Intrinsic::masked_gather:
    return MaskedAccess{0, 2, II->getType(), abi::TouchLoad, true};
  case Intrinsic::masked_scatter:
    return MaskedAccess{1, 3, II->getArgOperand(0)->getType(), abi::TouchStore,
                        true};
  case Intrinsic::vp_load:
    return MaskedAccess{0, 1, II->getType(), abi::TouchLoad, false};
  case Intrinsic::vp_store:
    return MaskedAccess{1, 2, II->getArgOperand(0)->getType(), abi::TouchStore,
                        false};
  case Intrinsic::vp_gather:
    return MaskedAccess{0, 1, II->getType(), abi::TouchLoad, true};
  case Intrinsic::vp_scatter:
    return MaskedAccess{1, 2, II->getArgOperand(0)->getType(), abi::TouchStore,
                        true};
  default:
    return std::nullopt;
  }
}

Value *loco::unmark(Instruction &I, unsigned OpNo) {
  Value *Remote = I.getOperand(OpNo);
  if (!isRemotePointer(Remote->getType()))
    return nullptr;
  Value *Plain = stripRemoteCast(Remote);
  if (!Plain)
    failOn(I, "an addrspace(7) pointer does not come from loco-tag");
  I.setOperand(OpNo, Plain);
  return Plain;
}

void loco::versionOnMulti(Runtime &RT, Instruction &I,
                          function_ref<Value *(Instruction *)> Build) {
  IRBuilder<> B(&I);
  Instruction *Multi, *Single;
  SplitBlockAndInsertIfThenElse(RT.isMulti(B), &I, &Multi, &Single,
                                RT.unlikelyWeights());
  Multi->setDebugLoc(I.getDebugLoc());
  BasicBlock *Tail = I.getParent();
  I.moveBefore(Single);
  Value *Result = Build(Multi);
  if (I.getType()->isVoidTy() || I.use_empty())
    return;
  PHINode *Phi = PHINode::Create(I.getType(), 2);
  Phi->insertBefore(Tail->begin());
  Phi->takeName(&I);
  Phi->setDebugLoc(I.getDebugLoc());
  I.replaceAllUsesWith(Phi);
  Phi->addIncoming(Result, Multi->getParent());
  Phi->addIncoming(&I, Single->getParent());
}

AllocaInst *AccessBuffer::get(uint64_t Bytes) {
  if (!Buffer) {
    BasicBlock &Entry = F.getEntryBlock();
    IRBuilder<> B(&Entry, Entry.begin());
    Buffer = B.CreateAlloca(B.getInt8Ty(), nullptr, "loco.buffer");
    Buffer->setAlignment(Align(64));
  }
  if (Bytes > BufferBytes) {
    BufferBytes = Bytes;
    Buffer->setAllocatedType(
        ArrayType::get(Type::getInt8Ty(F.getContext()), Bytes));
  }
  return Buffer;
}

void loco::finishLowering(Function &F) {
  for (Instruction &I : make_early_inc_range(instructions(F)))
    if (isa<AddrSpaceCastInst>(I) && isRemotePointer(I.getType()) &&
        I.use_empty())
      I.eraseFromParent();
  F.removeFnAttr(Attribute::Memory);
  F.removeFnAttr(Attribute::NoSync);
  F.removeFnAttr(Attribute::Speculatable);
}
