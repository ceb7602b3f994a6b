//===- Runtime.cpp - IR that asks or calls libloco ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Support/AtomicOrdering.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace llvm::loco;

static constexpr const char *LoweredFlag = "loco.lowered";

bool loco::isLeftAlone(const Function &F) {
  return F.isDeclaration() || F.getName().starts_with(RuntimePrefix) ||
         F.hasFnAttribute(Attribute::Naked) ||
         F.hasFnAttribute(Attribute::DisableSanitizerInstrumentation);
}

bool loco::isLowered(const Module &M) { return M.getModuleFlag(LoweredFlag); }

void loco::markLowered(Module &M) {
  if (!isLowered(M))
    M.addModuleFlag(Module::Max, LoweredFlag, abi::Version);
}

bool loco::isRemotePointer(const Type *Ty) {
  auto *PtrTy = dyn_cast<PointerType>(Ty->getScalarType());
  return PtrTy && PtrTy->getAddressSpace() == RemoteAddrSpace;
}

Value *loco::stripRemoteCast(Value *V) {
  auto *Cast = dyn_cast<AddrSpaceCastOperator>(V);
  if (!Cast || isRemotePointer(Cast->getPointerOperand()->getType()))
    return nullptr;
  return Cast->getPointerOperand();
}

static constexpr const char *InlineCheck = "loco.inline";

void loco::setCheckInline(Instruction &I) {
  I.setMetadata(InlineCheck, MDNode::get(I.getContext(), {}));
}

bool loco::isCheckInline(const Instruction &I) {
  return I.hasMetadata(InlineCheck);
}

bool loco::remangleIntrinsic(CallInst &Call) {
  Function *Old = Call.getCalledFunction();
  SmallVector<Type *, 8> Params;
  for (Value *Arg : Call.args())
    Params.push_back(Arg->getType());
  auto *Ty = FunctionType::get(Call.getType(), Params,
                               Old->getFunctionType()->isVarArg());
  SmallVector<Type *, 4> Overloads;
  if (!Intrinsic::getIntrinsicSignature(Old->getIntrinsicID(), Ty, Overloads))
    return false;
  Function *New = Intrinsic::getDeclaration(Call.getModule(),
                                            Old->getIntrinsicID(), Overloads);
  if (New->getFunctionType() != Ty)
    return false;
  Call.setCalledFunction(New);
  return true;
}

Runtime::Runtime(Module &M)
    : M(M), Void(Type::getVoidTy(M.getContext())),
      I8(Type::getInt8Ty(M.getContext())),
      I32(Type::getInt32Ty(M.getContext())),
      I64(Type::getInt64Ty(M.getContext())),
      Ptr(PointerType::get(M.getContext(), 0)) {}

// The flags are constant once libloco's constructor ran. A shadow byte changes
// behind LLVM's back, but whatever is read of it, late or early, the access
// that follows is right: the page-fault net sees to that. So these are plain
// loads, which, unlike volatile ones, fold into `cmpb $imm, mem`.
Value *Runtime::flag(IRBuilderBase &B, uint64_t Address, const Twine &Name) {
  Value *At = ConstantExpr::getIntToPtr(ConstantInt::get(I64, Address), Ptr);
  return B.CreateAlignedLoad(I8, At, Align(1), Name);
}

Value *Runtime::isMulti(IRBuilderBase &B) {
  return B.CreateIsNotNull(flag(B, abi::FlagMulti, "loco.flag"), "loco.multi");
}

Value *Runtime::isWorker(IRBuilderBase &B) {
  return B.CreateIsNotNull(flag(B, abi::FlagWorker, "loco.flag"),
                           "loco.worker");
}

Value *Runtime::isNotReady(IRBuilderBase &B, Value *P, abi::TouchKind Kind) {
  Value *Address = B.CreatePtrToInt(P, I64);
  Value *Block = B.CreateLShr(Address, abi::BlockShift);
  Value *At = B.CreateIntToPtr(
      B.CreateAdd(Block, ConstantInt::get(I64, abi::ShadowBase)), Ptr);
  Value *State = B.CreateAlignedLoad(I8, At, Align(1), "loco.state");
  unsigned Highest =
      Kind == abi::TouchStore ? abi::ShadowReady : abi::ShadowClean;
  return B.CreateICmpUGT(State, ConstantInt::get(I8, Highest), "loco.slow");
}

FunctionCallee Runtime::slowPath(StringRef Name, ArrayRef<Type *> Params) {
  LLVMContext &C = M.getContext();
  // Nothing that the program can see changes: values may be kept across it.
  AttributeList Attrs =
      AttributeList()
          .addFnAttribute(C, Attribute::NoUnwind)
          .addFnAttribute(C, Attribute::WillReturn)
          // The dynamic linker's lazy binding does not keep R10, which
          // preserve_most promises: bind at load, through the GOT.
          .addFnAttribute(C, Attribute::NonLazyBind)
          .addFnAttribute(C, Attribute::getWithMemoryEffects(
                                 C, MemoryEffects::inaccessibleMemOnly()))
          .addParamAttribute(C, 0, Attribute::NoCapture)
          .addParamAttribute(C, 0, Attribute::ReadNone);
  FunctionCallee Callee = M.getOrInsertFunction(
      Name, FunctionType::get(Void, Params, false), Attrs);
  if (auto *F = dyn_cast<Function>(Callee.getCallee()))
    F->setCallingConv(CallingConv::PreserveMost);
  return Callee;
}

void Runtime::callSlowPath(IRBuilderBase &B, Value *P, uint64_t Bytes,
                           abi::TouchKind Kind) {
  assert(Bytes <= abi::BlockBytes && "__loco_touch is for longer ranges");
  StringRef Name = Kind == abi::TouchStore ? "__loco_store" : "__loco_load";
  B.CreateCall(slowPath(Name, {Ptr, I64}), {P, ConstantInt::get(I64, Bytes)})
      ->setCallingConv(CallingConv::PreserveMost);
}

/// The symbol that stands for the section of \p F's code in assembly; empty
/// where none does for certain.
static StringRef getSectionSymbol(const Function &F) {
  StringRef Name = F.getName();
  Name.consume_front("\1");
  // The link step of LTO may rename functions, and inline them into others.
  const Module &M = *F.getParent();
  bool IsForLTO =
      M.getModuleFlag("ThinLTO") || M.getModuleFlag("EnableSplitLTOUnit");
  bool IsPlain = !Name.empty() && !isDigit(Name[0]) && all_of(Name, [](char C) {
    return isAlnum(C) || C == '_' || C == '.';
  });
  return F.hasPrivateLinkage() || IsForLTO || !IsPlain ? StringRef() : Name;
}

// The five bytes are a nop. The list of places is linked with the code that it
// is about: where that goes (a function of a group that the linker has already,
// --gc-sections), so do its places. The assembly is a call only later, so the
// function must not keep anything below its stack pointer.
void Runtime::placeCheck(IRBuilderBase &B, Value *P, abi::TouchKind Kind) {
  Function &F = *B.GetInsertBlock()->getParent();
  F.addFnAttr(Attribute::NoRedZone);
  StringRef Symbol = getSectionSymbol(F);
  std::string Text;
  raw_string_ostream(Text) << ".Lloco${:uid}: .byte " << abi::CheckNop
                           << "\n.pushsection " << abi::ChecksSection
                           << ",\"ao?\",@progbits,"
                           << (Symbol.empty() ? ".Lloco${:uid}" : Symbol)
                           << "\n.long .Lloco${:uid} - ., "
                           << (Kind == abi::TouchStore ? abi::CheckStorePrefix
                                                       : abi::CheckLoadPrefix)
                           << "$0 - .\n.popsection";
  auto *Ty = FunctionType::get(Void, {Ptr}, false);
  auto *Asm = InlineAsm::get(Ty, Text, "r,~{dirflag},~{fpsr},~{flags}",
                             /*hasSideEffects=*/true, /*isAlignStack=*/false,
                             InlineAsm::AD_Intel);
  B.CreateCall(Asm, {P})->setDoesNotThrow();
}

/// The `kind` of __loco_touch: with the size of elements, if they are counted.
ConstantInt *Runtime::touchKind(abi::TouchKind Kind, uint64_t ElementBytes) {
  unsigned Limit = ElementBytes ? 1 + Log2_64_Ceil(ElementBytes) : 0;
  return ConstantInt::get(I32, Kind | Limit << abi::TouchLimitShift);
}

void Runtime::callTouch(IRBuilderBase &B, Value *P, Value *Bytes,
                        abi::TouchKind Kind, uint64_t ElementBytes) {
  B.CreateCall(
       slowPath("__loco_touch", {Ptr, I64, I32}),
       {P, B.CreateZExtOrTrunc(Bytes, I64), touchKind(Kind, ElementBytes)})
      ->setCallingConv(CallingConv::PreserveMost);
}

void Runtime::callTouchRows(IRBuilderBase &B, Value *P, Value *RowBytes,
                            Value *Stride, Value *Rows, abi::TouchKind Kind,
                            uint64_t ElementBytes) {
  B.CreateCall(slowPath("__loco_touch_rows", {Ptr, I64, I64, I64, I32}),
               {P, RowBytes, Stride, Rows, touchKind(Kind, ElementBytes)})
      ->setCallingConv(CallingConv::PreserveMost);
}

GlobalVariable *Runtime::createNest() {
  Type *I16 = Type::getInt16Ty(M.getContext());
  auto *Ty = StructType::get(M.getContext(), {I32, I16, I16, I64, I64});
  static_assert(abi::NestBytes == 24);
  return new GlobalVariable(
      M, Ty, /*isConstant=*/false, GlobalValue::InternalLinkage,
      Constant::getNullValue(Ty), Twine(RuntimePrefix) + "nest");
}

FunctionCallee Runtime::nestCallee(StringRef Name, Type *Ret) {
  LLVMContext &C = M.getContext();
  AttributeList Attrs =
      AttributeList()
          .addFnAttribute(C, Attribute::NoUnwind)
          .addFnAttribute(C, Attribute::WillReturn)
          .addFnAttribute(C, Attribute::NonLazyBind) // as slow paths
          .addFnAttribute(C, Attribute::getWithMemoryEffects(
                                 C, MemoryEffects::inaccessibleOrArgMemOnly()))
          .addParamAttribute(C, 0, Attribute::NoCapture);
  FunctionCallee Callee =
      M.getOrInsertFunction(Name, FunctionType::get(Ret, {Ptr}, false), Attrs);
  if (auto *F = dyn_cast<Function>(Callee.getCallee()))
    F->setCallingConv(CallingConv::PreserveMost);
  return Callee;
}

Value *Runtime::isUnchecked(IRBuilderBase &B, Value *Nest) {
  Value *At =
      ConstantExpr::getIntToPtr(ConstantInt::get(I64, abi::NestEpoch), Ptr);
  return B.CreateICmpEQ(
      B.CreateAlignedLoad(I32, Nest, Align(4), "loco.decided"),
      B.CreateAlignedLoad(I32, At, Align(4), "loco.epoch"), "loco.unchecked");
}

Value *Runtime::callEnterNest(IRBuilderBase &B, Value *Nest) {
  CallInst *Call = B.CreateCall(nestCallee("__loco_enter_nest", I32), {Nest});
  Call->setCallingConv(CallingConv::PreserveMost);
  return B.CreateIsNotNull(Call, "loco.unchecked");
}

void Runtime::callLeaveNest(IRBuilderBase &B, Value *Nest) {
  B.CreateCall(nestCallee("__loco_leave_nest", Void), {Nest})
      ->setCallingConv(CallingConv::PreserveMost);
}

ConstantInt *Runtime::order(AtomicOrdering Order) {
  return ConstantInt::get(I32, uint64_t(toCABI(Order)));
}

void Runtime::callFence(IRBuilderBase &B, AtomicOrdering Order) {
  FunctionCallee Callee = M.getOrInsertFunction(
      "__loco_fence", FunctionType::get(Void, {I32}, false));
  B.CreateCall(Callee, {order(Order)})->setDoesNotThrow();
}

void Runtime::callAcquireFromAll(IRBuilderBase &B) {
  FunctionCallee Callee = M.getOrInsertFunction("__loco_acquire_from_all",
                                                FunctionType::get(Void, false));
  B.CreateCall(Callee)->setDoesNotThrow();
}

void Runtime::callVolatile(IRBuilderBase &B, Value *P, Value *Buffer,
                           uint64_t Bytes, abi::TouchKind Kind) {
  FunctionCallee Callee =
      M.getOrInsertFunction(Kind == abi::TouchStore ? "__loco_volatile_store"
                                                    : "__loco_volatile_load",
                            FunctionType::get(Void, {Ptr, Ptr, I64}, false));
  B.CreateCall(Callee, {P, Buffer, ConstantInt::get(I64, Bytes)})
      ->setDoesNotThrow();
}

/// A function without result that does not throw.
void Runtime::call(IRBuilderBase &B, StringRef Name, ArrayRef<Value *> Args) {
  SmallVector<Type *, 3> Params;
  for (Value *Arg : Args)
    Params.push_back(Arg->getType());
  FunctionCallee Callee =
      M.getOrInsertFunction(Name, FunctionType::get(Void, Params, false));
  B.CreateCall(Callee, Args)->setDoesNotThrow();
}

void Runtime::callKVGet(IRBuilderBase &B, Value *P, Value *Buffer,
                        uint64_t Bytes) {
  call(B, "__loco_kv_get", {P, Buffer, ConstantInt::get(I64, Bytes)});
}

void Runtime::callKVPut(IRBuilderBase &B, Value *P, Value *Buffer,
                        uint64_t Bytes) {
  call(B, "__loco_kv_put", {P, Buffer, ConstantInt::get(I64, Bytes)});
}

void Runtime::callKVMove(IRBuilderBase &B, Value *To, Value *From,
                         Value *Bytes) {
  call(B, "__loco_kv_move", {To, From, B.CreateZExtOrTrunc(Bytes, I64)});
}

void Runtime::callKVFill(IRBuilderBase &B, Value *P, Value *Byte,
                         Value *Bytes) {
  call(B, "__loco_kv_fill",
       {P, B.CreateZExt(Byte, I32), B.CreateZExtOrTrunc(Bytes, I64)});
}

CallInst *Runtime::callAtomic(IRBuilderBase &B, const Twine &Name, Type *Ret,
                              ArrayRef<Value *> Args) {
  LLVMContext &C = M.getContext();
  // The C ABI has narrow integers extended by whoever passes them.
  auto IsNarrow = [](Type *Ty) {
    return Ty->isIntegerTy() && Ty->getIntegerBitWidth() < 32;
  };
  AttributeList Attrs = AttributeList().addFnAttribute(C, Attribute::NoUnwind);
  if (IsNarrow(Ret))
    Attrs = Attrs.addRetAttribute(C, Attribute::ZExt);
  SmallVector<Type *, 5> Params;
  for (auto [I, Arg] : enumerate(Args)) {
    Params.push_back(Arg->getType());
    if (IsNarrow(Arg->getType()))
      Attrs = Attrs.addParamAttribute(C, I, Attribute::ZExt);
  }
  FunctionCallee Callee = M.getOrInsertFunction(
      Name.str(), FunctionType::get(Ret, Params, false), Attrs);
  CallInst *Call = B.CreateCall(Callee, Args);
  Call->setAttributes(Attrs);
  return Call;
}

static unsigned bytesOf(Value *V) {
  return V->getType()->getIntegerBitWidth() / 8;
}

CallInst *Runtime::callAtomicLoad(IRBuilderBase &B, Value *P, unsigned Bytes,
                                  AtomicOrdering Order) {
  return callAtomic(B, "__loco_atomic_load_" + Twine(Bytes),
                    B.getIntNTy(Bytes * 8), {P, order(Order)});
}

CallInst *Runtime::callAtomicStore(IRBuilderBase &B, Value *P, Value *V,
                                   AtomicOrdering Order) {
  return callAtomic(B, "__loco_atomic_store_" + Twine(bytesOf(V)), Void,
                    {P, V, order(Order)});
}

CallInst *Runtime::callAtomicRMW(IRBuilderBase &B, Value *P, Value *V,
                                 abi::RMW Op, AtomicOrdering Order) {
  return callAtomic(B, "__loco_atomic_rmw_" + Twine(bytesOf(V)), V->getType(),
                    {P, V, ConstantInt::get(I32, Op), order(Order)});
}

CallInst *Runtime::callAtomicCas(IRBuilderBase &B, Value *P, Value *Expected,
                                 Value *Desired, AtomicOrdering Order,
                                 AtomicOrdering FailureOrder) {
  return callAtomic(B, "__loco_atomic_cas_" + Twine(bytesOf(Desired)),
                    Desired->getType(),
                    {P, Expected, Desired, order(Order), order(FailureOrder)});
}

MDNode *Runtime::unlikelyWeights() {
  return MDBuilder(M.getContext()).createUnlikelyBranchWeights();
}

Instruction *Runtime::unlikely(Value *Cond, Instruction *I, DomTreeUpdater *DTU,
                               LoopInfo *LI) {
  return SplitBlockAndInsertIfThen(Cond, I, /*Unreachable=*/false,
                                   unlikelyWeights(), DTU, LI);
}
