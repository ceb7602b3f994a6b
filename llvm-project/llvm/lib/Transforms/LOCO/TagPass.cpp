//===- TagPass.cpp - Mark what may be remote ------------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/TagPass.h"
#include "LibraryCalls.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/CaptureTracking.h"
#include "llvm/Analysis/OptimizationRemarkEmitter.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

#define DEBUG_TYPE "loco-tag"

namespace {

class Tagger {
public:
  Tagger(Function &F, const TargetLibraryInfo &TLI)
      : F(F), TLI(TLI), DL(F.getDataLayout()), B(F.getContext()), ORE(&F) {}

  bool run() {
    SmallVector<Instruction *, 64> Work;
    for (Instruction &I : instructions(F))
      if (I.mayReadOrWriteMemory() || isa<CallBase>(I))
        Work.push_back(&I);
    for (Instruction *I : Work)
      visit(*I);
    return Changed;
  }

private:
  void visit(Instruction &I);
  void visitCall(CallBase &Call);
  void visitIntrinsic(IntrinsicInst &Call);
  void visitLibraryCall(CallBase &Call);
  void visitInlineAsm(CallBase &Call);

  /// Marks operand \p U in place, unless it stays on this node.
  void tag(Use &U, bool IsAtomic = false);
  void tagIntrinsic(IntrinsicInst &Call, ArrayRef<unsigned> PointerArgs);
  /// Has \p Bytes at \p Ptr made ready before \p I.
  void readyBefore(Instruction &I, Value *Ptr, Value *Bytes,
                   abi::TouchKind Kind);
  void readyBefore(Instruction &I, Value *Ptr, uint64_t Bytes,
                   abi::TouchKind Kind) {
    readyBefore(I, Ptr, B.getInt64(Bytes), Kind);
  }
  bool isTaggable(const Value *Ptr, bool IsAtomic = false);
  /// Says that how far \p I reaches through \p Ptr cannot be known.
  void reportUnknownReach(Instruction &I, const Value *Ptr);

  Function &F;
  const TargetLibraryInfo &TLI;
  const DataLayout &DL;
  IRBuilder<> B;
  OptimizationRemarkEmitter ORE;
  bool Changed = false;
};

} // namespace

/// Whether memory based on \p Object is at home on the node that runs this, or
/// the same on all nodes.
static bool isOwnObject(const Value *Object) {
  if (isa<AllocaInst, Function, BlockAddress, ConstantPointerNull, UndefValue>(
          Object))
    return true;
  if (auto *GV = dyn_cast<GlobalVariable>(Object))
    return GV->isConstant() || GV->isThreadLocal();
  if (auto *Arg = dyn_cast<Argument>(Object))
    return Arg->hasByValAttr();
  if (auto *II = dyn_cast<IntrinsicInst>(Object))
    return II->getIntrinsicID() == Intrinsic::threadlocal_address;
  // A vtable is a constant, though its address was loaded.
  if (auto *Load = dyn_cast<LoadInst>(Object))
    if (MDNode *TBAA = Load->getMetadata(LLVMContext::MD_tbaa))
      return TBAA->isTBAAVtableAccess();
  return false;
}

bool Tagger::isTaggable(const Value *Ptr, bool IsAtomic) {
  auto *Ty = dyn_cast<PointerType>(Ptr->getType()->getScalarType());
  // Other address spaces (fs, gs, 32-bit pointers) never reach the window.
  if (!Ty || Ty->getAddressSpace() != 0 || Ptr->isSwiftError())
    return false;
  if (Ptr->getType()->isVectorTy())
    return !isOwnObject(getUnderlyingObject(Ptr));
  SmallVector<const Value *, 4> Objects;
  getUnderlyingObjects(Ptr, Objects, nullptr, /*MaxLookup=*/16);
  return !all_of(Objects, [&](const Value *Object) {
    if (!isOwnObject(Object))
      return false;
    // The order of an atomic concerns other memory as well, where another
    // thread may look at it.
    if (!IsAtomic || isa<Constant>(Object))
      return !isa<GlobalVariable>(Object) || !IsAtomic ||
             cast<GlobalVariable>(Object)->isConstant();
    return isa<AllocaInst>(Object) &&
           !PointerMayBeCaptured(Object, /*ReturnCaptures=*/true,
                                 /*StoreCaptures=*/true);
  });
}

void Tagger::tag(Use &U, bool IsAtomic) {
  Value *Ptr = U.get();
  if (!isTaggable(Ptr, IsAtomic))
    return;
  B.SetInsertPoint(cast<Instruction>(U.getUser()));
  Type *Ty = Ptr->getType()->getWithNewType(
      PointerType::get(F.getContext(), RemoteAddrSpace));
  U.set(B.CreateAddrSpaceCast(Ptr, Ty, "loco"));
  Changed = true;
}

void Tagger::readyBefore(Instruction &I, Value *Ptr, Value *Bytes,
                         abi::TouchKind Kind) {
  auto *Known = dyn_cast<ConstantInt>(Bytes);
  if (!isTaggable(Ptr) || Ptr->getType()->isVectorTy() ||
      (Known && Known->isZero()))
    return;
  B.SetInsertPoint(&I);
  Type *RemoteTy = PointerType::get(F.getContext(), RemoteAddrSpace);
  FunctionCallee Ready = F.getParent()->getOrInsertFunction(
      ReadyName, B.getVoidTy(), RemoteTy, B.getInt64Ty(), B.getInt32Ty());
  Value *Remote = B.CreateAddrSpaceCast(Ptr, RemoteTy, "loco");
  B.CreateCall(Ready, {Remote, Bytes, B.getInt32(Kind)})->setDoesNotThrow();
  Changed = true;
}

void Tagger::reportUnknownReach(Instruction &I, const Value *Ptr) {
  if (!isTaggable(Ptr))
    return;
  ORE.emit([&] {
    return OptimizationRemarkMissed(DEBUG_TYPE, "UnknownReach", &I)
           << (isa<IntrinsicInst>(I) ? "intrinsic" : "inline asm")
           << " may reach memory through a pointer that is not checked in "
              "full: "
              "left to page faults";
  });
}

void Tagger::visit(Instruction &I) {
  if (auto *Load = dyn_cast<LoadInst>(&I))
    tag(Load->getOperandUse(LoadInst::getPointerOperandIndex()),
        Load->isAtomic());
  else if (auto *Store = dyn_cast<StoreInst>(&I))
    tag(Store->getOperandUse(StoreInst::getPointerOperandIndex()),
        Store->isAtomic());
  else if (auto *RMW = dyn_cast<AtomicRMWInst>(&I))
    tag(RMW->getOperandUse(AtomicRMWInst::getPointerOperandIndex()), true);
  else if (auto *Cas = dyn_cast<AtomicCmpXchgInst>(&I))
    tag(Cas->getOperandUse(AtomicCmpXchgInst::getPointerOperandIndex()), true);
  else if (auto *VAArg = dyn_cast<VAArgInst>(&I))
    // x86-64's va_list: two offsets and two pointers.
    readyBefore(I, VAArg->getPointerOperand(), 24, abi::TouchStore);
  else if (auto *Call = dyn_cast<CallBase>(&I))
    visitCall(*Call);
  // What is left (fences, the pads of exceptions) has no pointer operand.
}

void Tagger::visitCall(CallBase &Call) {
  if (Call.isInlineAsm())
    return visitInlineAsm(Call);
  if (auto *II = dyn_cast<IntrinsicInst>(&Call))
    return visitIntrinsic(*II);
  // The caller itself copies what it passes by value.
  for (unsigned I = 0, E = Call.arg_size(); I != E; ++I)
    if (Call.isByValArgument(I))
      readyBefore(Call, Call.getArgOperand(I),
                  DL.getTypeStoreSize(Call.getParamByValType(I)),
                  abi::TouchLoad);
  visitLibraryCall(Call);
}

void Tagger::visitLibraryCall(CallBase &Call) {
  for (const ArgumentRange &Range : getLibraryRanges(Call, TLI)) {
    Value *Ptr = Call.getArgOperand(Range.Pointer);
    if (!isTaggable(Ptr))
      continue;
    B.SetInsertPoint(&Call);
    auto Argument = [&](std::optional<unsigned> Number) -> Value * {
      return Number ? B.CreateZExtOrTrunc(Call.getArgOperand(*Number),
                                          B.getInt64Ty())
                    : B.getInt64(1);
    };
    Value *Bytes = Argument(Range.Size);
    if (Range.Count)
      Bytes = B.CreateMul(Bytes, Argument(Range.Count));
    readyBefore(Call, Ptr, Bytes, Range.Kind);
  }
}

void Tagger::visitInlineAsm(CallBase &Call) {
  unsigned Arg = 0;
  auto *Asm = cast<InlineAsm>(Call.getCalledOperand());
  for (const InlineAsm::ConstraintInfo &Info : Asm->ParseConstraints()) {
    if (!Info.hasArg())
      continue;
    unsigned I = Arg++;
    if (!Info.isIndirect) {
      if (!Call.doesNotAccessMemory())
        reportUnknownReach(Call, Call.getArgOperand(I));
      continue;
    }
    Type *Ty = Call.getParamElementType(I);
    readyBefore(
        Call, Call.getArgOperand(I),
        Ty && Ty->isSized() ? DL.getTypeStoreSize(Ty).getFixedValue() : 1,
        Info.Type == InlineAsm::isOutput ? abi::TouchStore : abi::TouchLoad);
  }
}

void Tagger::tagIntrinsic(IntrinsicInst &Call, ArrayRef<unsigned> PointerArgs) {
  for (unsigned Arg : PointerArgs)
    tag(Call.getArgOperandUse(Arg));
  if (any_of(PointerArgs,
             [&](unsigned Arg) {
               return isRemotePointer(Call.getArgOperand(Arg)->getType());
             }) &&
      !remangleIntrinsic(Call))
    report_fatal_error("loco-tag: no form for address space 7: " +
                       Call.getCalledFunction()->getName());
}

/// Intrinsics that name memory without going there for the program.
static bool isNoAccess(const IntrinsicInst &Call) {
  switch (Call.getIntrinsicID()) {
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::invariant_start:
  case Intrinsic::invariant_end:
  case Intrinsic::launder_invariant_group:
  case Intrinsic::strip_invariant_group:
  case Intrinsic::prefetch:
  case Intrinsic::assume:
  case Intrinsic::var_annotation:
  case Intrinsic::ptr_annotation:
  case Intrinsic::threadlocal_address:
  case Intrinsic::stacksave:
  case Intrinsic::stackrestore:
  case Intrinsic::localescape:
  case Intrinsic::eh_sjlj_setup_dispatch:
  case Intrinsic::load_relative: // from a constant table
  case Intrinsic::instrprof_increment:
  case Intrinsic::instrprof_value_profile:
  case Intrinsic::experimental_stackmap:
    return true;
  default:
    return !Call.mayReadOrWriteMemory() ||
           Call.onlyAccessesInaccessibleMemory();
  }
}

void Tagger::visitIntrinsic(IntrinsicInst &Call) {
  if (isa<AnyMemTransferInst>(Call))
    return tagIntrinsic(Call, {0, 1});
  if (isa<AnyMemIntrinsic>(Call))
    return tagIntrinsic(Call, {0});
  switch (Call.getIntrinsicID()) {
  case Intrinsic::masked_load:
  case Intrinsic::masked_gather:
  case Intrinsic::vp_load:
  case Intrinsic::vp_gather:
    return tagIntrinsic(Call, {0});
  case Intrinsic::masked_store:
  case Intrinsic::masked_scatter:
  case Intrinsic::vp_store:
  case Intrinsic::vp_scatter:
    return tagIntrinsic(Call, {1});
  default:
    break;
  }
  if (isNoAccess(Call))
    return;
  // Everything else takes plain pointers. How far it reaches is not known: as
  // far as its widest value, or a cache line.
  uint64_t Bytes = 1;
  auto Widen = [&](Type *Ty) {
    if (Ty->isVectorTy())
      Bytes = std::max(Bytes, DL.getTypeStoreSize(Ty).getKnownMinValue());
  };
  Widen(Call.getType());
  for (Value *Arg : Call.args())
    Widen(Arg->getType());
  if (Bytes == 1)
    Bytes = 64;
  for (unsigned I = 0, E = Call.arg_size(); I != E; ++I) {
    Value *Arg = Call.getArgOperand(I);
    if (!Arg->getType()->isPointerTy() || Call.doesNotAccessMemory(I))
      continue;
    reportUnknownReach(Call, Arg);
    bool IsLoad = Call.onlyReadsMemory() || Call.onlyReadsMemory(I);
    readyBefore(Call, Arg, Bytes, IsLoad ? abi::TouchLoad : abi::TouchStore);
  }
}

/// Says where a module uses address space 7 itself.
static bool refuseUsersAddressSpace(Module &M) {
  const char *Message =
      "address space 7 is taken by LOCO and cannot be used with -floco";
  bool Refused = false;
  for (GlobalVariable &GV : M.globals())
    if (GV.getAddressSpace() == RemoteAddrSpace ||
        isRemotePointer(GV.getValueType())) {
      M.getContext().emitError(Twine("'") + GV.getName() + "': " + Message);
      Refused = true;
    }
  for (Function &F : M) {
    auto Uses = [](Value *V) { return isRemotePointer(V->getType()); };
    Instruction *Where = nullptr;
    for (Instruction &I : instructions(F))
      if (Uses(&I) || any_of(I.operands(), Uses)) {
        Where = &I;
        break;
      }
    bool InSignature = isRemotePointer(F.getReturnType());
    for (Argument &Arg : F.args())
      InSignature |= Uses(&Arg);
    if (!Where && !InSignature)
      continue;
    DebugLoc Loc = Where ? Where->getDebugLoc() : DebugLoc();
    M.getContext().diagnose(DiagnosticInfoUnsupported(F, Message, Loc));
    Refused = true;
  }
  return Refused;
}

PreservedAnalyses TagPass::run(Module &M, ModuleAnalysisManager &AM) {
  if (isLowered(M))
    return PreservedAnalyses::all();
  if (refuseUsersAddressSpace(M)) {
    // No object will come of it; loco-lower shall not fail on top.
    markLowered(M);
    return PreservedAnalyses::none();
  }
  // The resolver of an ifunc runs while the program is relocated, before any
  // shadow is mapped.
  SmallPtrSet<const Function *, 4> Resolvers;
  for (GlobalIFunc &IFunc : M.ifuncs())
    Resolvers.insert(IFunc.getResolverFunction());

  auto &FAM = AM.getResult<FunctionAnalysisManagerModuleProxy>(M).getManager();
  bool Changed = false;
  for (Function &F : M)
    if (!isLeftAlone(F) && !Resolvers.contains(&F))
      Changed |= Tagger(F, FAM.getResult<TargetLibraryAnalysis>(F)).run();
  if (!Changed)
    return PreservedAnalyses::all();
  PreservedAnalyses PA;
  PA.preserveSet<CFGAnalyses>();
  return PA;
}
