//===- Runtime.h - IR that asks or calls libloco ----------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The vocabulary that the passes share: what address space 7 means, and how IR
// reads the shadow and calls the functions of ABI.h.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_RUNTIME_H
#define LLVM_TRANSFORMS_LOCO_RUNTIME_H

#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/LOCO/ABI.h"

namespace llvm {

class DomTreeUpdater;
class GlobalVariable;
class LoopInfo;
class MDNode;

namespace loco {

/// The address space that says "needs a check". Never leaves the compiler.
constexpr unsigned RemoteAddrSpace = 7;

/// The marker function of loco-tag: loco.ready(ptr addrspace(7), i64, i32).
constexpr const char *ReadyName = "loco.ready";

/// The prefix of libloco's own symbols, whose definitions are left alone.
constexpr const char *RuntimePrefix = "__loco_";

/// Whether the passes leave the body of \p F as it is: libloco's own functions,
/// naked ones, and those that refuse instrumentation.
bool isLeftAlone(const Function &F);

/// Whether \p M was lowered already (a link step that runs the passes again).
bool isLowered(const Module &M);
void markLowered(Module &M);

/// Whether \p Ty is a pointer to address space 7, or a vector of them.
bool isRemotePointer(const Type *Ty);

/// The plain pointer below \p V, which loco-tag cast to address space 7; null
/// where \p V has another origin.
Value *stripRemoteCast(Value *V);

/// Says of a marked access that only jobs of several nodes come there, and
/// oftener than elsewhere: its check shall stand in line.
void setCheckInline(Instruction &I);
bool isCheckInline(const Instruction &I);

/// Makes intrinsic call \p Call fit the pointer types that its arguments now
/// have. False where that intrinsic takes plain pointers only.
bool remangleIntrinsic(CallInst &Call);

/// Builds the IR that talks to libloco.
class Runtime {
public:
  explicit Runtime(Module &M);

  /// i1: the job has more than one node.
  Value *isMulti(IRBuilderBase &B);
  /// i1: this is not node 0.
  Value *isWorker(IRBuilderBase &B);
  /// i1: the block of \p Ptr is not ready for an access of this kind.
  Value *isNotReady(IRBuilderBase &B, Value *Ptr, abi::TouchKind Kind);

  /// __loco_load or __loco_store. \p Bytes is at most BlockBytes.
  void callSlowPath(IRBuilderBase &B, Value *Ptr, uint64_t Bytes,
                    abi::TouchKind Kind);
  /// A place for a check of the block of \p Ptr: nothing on one node.
  void placeCheck(IRBuilderBase &B, Value *Ptr, abi::TouchKind Kind);
  /// Nothing is to be done where \p Bytes, computed for elements of
  /// \p ElementBytes, are the overflow of a loop that does not run.
  void callTouch(IRBuilderBase &B, Value *Ptr, Value *Bytes,
                 abi::TouchKind Kind, uint64_t ElementBytes = 0);
  /// __loco_touch_rows: \p Rows times \p RowBytes, at a signed stride.
  void callTouchRows(IRBuilderBase &B, Value *Ptr, Value *RowBytes,
                     Value *Stride, Value *Rows, abi::TouchKind Kind,
                     uint64_t ElementBytes);
  /// i1: the nest that \p Nest is about may run without checks, as the runtime
  /// said before.
  Value *isUnchecked(IRBuilderBase &B, Value *Nest);
  /// i1: it may, as the runtime says now.
  Value *callEnterNest(IRBuilderBase &B, Value *Nest);
  void callLeaveNest(IRBuilderBase &B, Value *Nest);
  /// What the runtime notes of a loop nest: of this node, zero at first.
  GlobalVariable *createNest();
  void callFence(IRBuilderBase &B, AtomicOrdering Order);
  void callAcquireFromAll(IRBuilderBase &B);
  void callVolatile(IRBuilderBase &B, Value *Ptr, Value *Buffer, uint64_t Bytes,
                    abi::TouchKind Kind);

  /// The accesses of kvstore mode.
  void callKVGet(IRBuilderBase &B, Value *Ptr, Value *Buffer, uint64_t Bytes);
  void callKVPut(IRBuilderBase &B, Value *Ptr, Value *Buffer, uint64_t Bytes);
  void callKVMove(IRBuilderBase &B, Value *To, Value *From, Value *Bytes);
  void callKVFill(IRBuilderBase &B, Value *Ptr, Value *Byte, Value *Bytes);

  /// The __loco_atomic_* functions for integers of \p Bytes bytes.
  CallInst *callAtomicLoad(IRBuilderBase &B, Value *Ptr, unsigned Bytes,
                           AtomicOrdering Order);
  CallInst *callAtomicStore(IRBuilderBase &B, Value *Ptr, Value *V,
                            AtomicOrdering Order);
  CallInst *callAtomicRMW(IRBuilderBase &B, Value *Ptr, Value *V, abi::RMW Op,
                          AtomicOrdering Order);
  CallInst *callAtomicCas(IRBuilderBase &B, Value *Ptr, Value *Expected,
                          Value *Desired, AtomicOrdering Order,
                          AtomicOrdering FailureOrder);

  /// Splits before \p I; returns the terminator of a block that runs, unlikely,
  /// where \p Cond holds.
  Instruction *unlikely(Value *Cond, Instruction *I,
                        DomTreeUpdater *DTU = nullptr, LoopInfo *LI = nullptr);

  MDNode *unlikelyWeights();

private:
  void call(IRBuilderBase &B, StringRef Name, ArrayRef<Value *> Args);
  Value *flag(IRBuilderBase &B, uint64_t Address, const Twine &Name);
  FunctionCallee slowPath(StringRef Name, ArrayRef<Type *> Params);
  FunctionCallee nestCallee(StringRef Name, Type *Ret);
  CallInst *callAtomic(IRBuilderBase &B, const Twine &Name, Type *Ret,
                       ArrayRef<Value *> Args);
  ConstantInt *order(AtomicOrdering Order);
  ConstantInt *touchKind(abi::TouchKind Kind, uint64_t ElementBytes);

  Module &M;
  Type *Void;
  IntegerType *I8, *I32, *I64;
  PointerType *Ptr;
};

} // namespace loco
} // namespace llvm

#endif // LLVM_TRANSFORMS_LOCO_RUNTIME_H
