//===- Accesses.cpp - Marked accesses and what synchronises ---------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Accesses.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/AcquirePass.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

bool loco::isReadyCall(const Instruction &I) {
  auto *Call = dyn_cast<CallInst>(&I);
  Function *Callee = Call ? Call->getCalledFunction() : nullptr;
  return Callee && Callee->getName() == ReadyName;
}

std::optional<Marked> loco::getMarked(Instruction &I) {
  unsigned Op;
  Type *Ty;
  abi::TouchKind Kind = abi::TouchLoad;
  if (auto *Load = dyn_cast<LoadInst>(&I); Load && Load->isSimple()) {
    Op = LoadInst::getPointerOperandIndex();
    Ty = Load->getType();
  } else if (auto *Store = dyn_cast<StoreInst>(&I);
             Store && Store->isSimple()) {
    Op = StoreInst::getPointerOperandIndex();
    Ty = Store->getValueOperand()->getType();
    Kind = abi::TouchStore;
  } else if (auto *II = dyn_cast<IntrinsicInst>(&I);
             II && II->getIntrinsicID() == Intrinsic::masked_load) {
    Op = 0;
    Ty = II->getType();
  } else if (II && II->getIntrinsicID() == Intrinsic::masked_store) {
    Op = 1;
    Ty = II->getArgOperand(0)->getType();
    Kind = abi::TouchStore;
  } else {
    return std::nullopt;
  }
  if (!isRemotePointer(I.getOperand(Op)->getType()))
    return std::nullopt;
  Value *Ptr = stripRemoteCast(I.getOperand(Op));
  TypeSize Size = I.getDataLayout().getTypeStoreSize(Ty);
  if (!Ptr || Size.isScalable() || Size.isZero())
    return std::nullopt;
  return Marked{&I, Op, Ptr, Size.getFixedValue(), Kind};
}

SmallVector<Marked, 2> loco::getAllMarked(Instruction &I) {
  SmallVector<Marked, 2> All;
  if (std::optional<Marked> M = getMarked(I))
    All.push_back(*M);
  auto *Mem = dyn_cast<MemIntrinsic>(&I);
  auto *Length = Mem ? dyn_cast<ConstantInt>(Mem->getLength()) : nullptr;
  if (!Length || Mem->isVolatile() || Length->isZero() ||
      Length->getValue().ugt(abi::BlockBytes))
    return All;
  auto Add = [&](unsigned Op, abi::TouchKind Kind) {
    if (!isRemotePointer(I.getOperand(Op)->getType()))
      return;
    if (Value *Ptr = stripRemoteCast(I.getOperand(Op)))
      All.push_back({&I, Op, Ptr, Length->getZExtValue(), Kind});
  };
  if (isa<MemTransferInst>(Mem))
    Add(1, abi::TouchLoad);
  Add(0, abi::TouchStore);
  return All;
}

void loco::unmark(const Marked &M) {
  auto *Cast = dyn_cast<Instruction>(M.I->getOperand(M.PointerOp));
  M.I->setOperand(M.PointerOp, M.Ptr);
  if (auto *II = dyn_cast<IntrinsicInst>(M.I))
    remangleIntrinsic(*II);
  if (Cast && Cast->use_empty())
    Cast->eraseFromParent();
}

/// Functions of the runtimes that compiled code calls between accesses, and of
/// which none synchronises. What ends with a star stands for a prefix.
static bool isQuietRuntimeCall(StringRef Name) {
  static constexpr StringRef Quiet[] = {
      // The heap. Clang has made these of malloc, operator new and so on.
      "__loco_malloc", "__loco_calloc", "__loco_realloc", "__loco_free",
      "__loco_aligned_alloc", "__loco_posix_memalign", "__loco_str*",
      "__loco_new*", "__loco_delete",
      // Questions, and what only makes memory ready.
      "__loco_home", "__loco_is_local", "__loco_prefetch", "__loco_node",
      "__loco_num_nodes", "__loco_load", "__loco_store", "__loco_touch*",
      // OpenMP: questions; static loops, whose bounds come from arithmetic.
      "omp_get_*", "__kmpc_global_thread_num", "__kmpc_for_static_*",
      // Exceptions of C++.
      "__cxa_allocate_exception", "__cxa_free_exception", "__cxa_begin_catch",
      "__cxa_end_catch",
      // libstdc++'s trees and hash tables outside its headers.
      "_ZSt18_Rb_tree_*", "_ZSt28_Rb_tree_*", "_ZSt29_Rb_tree_*",
      "_ZNKSt8__detail20_Prime_rehash_policy*", "_ZSt11_Hash_bytes*"};
  return any_of(Quiet, [&](StringRef Known) {
    return Known.consume_back("*") ? Name.starts_with(Known) : Name == Known;
  });
}

std::optional<AtomicOrdering> loco::getFenceOrder(const Instruction &I) {
  if (auto *Fence = dyn_cast<FenceInst>(&I)) {
    if (Fence->getSyncScopeID() == SyncScope::SingleThread)
      return std::nullopt;
    return Fence->getOrdering();
  }
  auto *Call = dyn_cast<CallInst>(&I);
  if (!Call)
    return std::nullopt;
  switch (Call->getIntrinsicID()) {
  case Intrinsic::x86_sse2_mfence:
    return AtomicOrdering::SequentiallyConsistent;
  case Intrinsic::x86_sse2_lfence:
    return AtomicOrdering::Acquire;
  case Intrinsic::x86_sse_sfence:
    return AtomicOrdering::Release;
  default:
    break;
  }
  auto *Asm = dyn_cast<InlineAsm>(Call->getCalledOperand());
  if (!Asm)
    return std::nullopt;
  StringRef Text = Asm->getAsmString();
  // A locked operation on the top of the stack is the fence of CPUs that had none.
  if (Text.contains("mfence") || (Text.contains("lock") && Text.contains("sp)")))
    return AtomicOrdering::SequentiallyConsistent;
  if (Text.contains("lfence"))
    return AtomicOrdering::Acquire;
  if (Text.contains("sfence"))
    return AtomicOrdering::Release;
  return std::nullopt;
}

bool Synchronisation::at(const Instruction &I) const {
  if (getFenceOrder(I))
    return true;
  if (isa<FenceInst>(I))
    return false;
  if (I.isAtomic()) {
    auto *Load = dyn_cast<LoadInst>(&I);
    auto *Store = dyn_cast<StoreInst>(&I);
    auto *RMW = dyn_cast<AtomicRMWInst>(&I);
    AtomicOrdering Order = Load    ? Load->getOrdering()
                           : Store ? Store->getOrdering()
                           : RMW   ? RMW->getOrdering()
                                   : AtomicOrdering::SequentiallyConsistent;
    return isStrongerThanMonotonic(Order);
  }
  auto *Call = dyn_cast<CallBase>(&I);
  if (!Call || isa<IntrinsicInst>(Call) || Call->hasFnAttr(Attribute::NoSync) ||
      Call->hasFnAttr(NoAcquireAttr) || Call->doesNotAccessMemory() ||
      // Nothing comes after it here.
      Call->doesNotReturn())
    return false;
  Function *Callee = Call->getCalledFunction();
  if (!Callee)
    return true;
  if (isReadyCall(I))
    return false;
  // The functions of libc and libm that LLVM knows do not.
  LibFunc Known;
  return !TLI.getLibFunc(*Callee, Known) &&
         !isQuietRuntimeCall(Callee->getName());
}

bool Synchronisation::in(const BasicBlock &BB) {
  auto [It, IsNew] = Blocks.try_emplace(&BB, false);
  if (IsNew)
    It->second = any_of(BB, [&](const Instruction &I) { return at(I); });
  return It->second;
}
