//===- GlobalsPass.cpp - Globals and static constructors ------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/GlobalsPass.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace llvm::loco;

/// Variables that hold what belongs to one node: libomp's cache of
/// threadprivate copies, the counters of coverage and profiling, sanitizers'
/// own data.
static bool isNodePrivate(StringRef Name) {
  if (Name.ends_with(".cache."))
    return true;
  for (StringRef Prefix : {"llvm.", "__llvm_", "__prof", "__sancov_", "__asan_",
                           "___asan_", "__tsan_", "__msan_", "__ubsan_"})
    if (Name.starts_with(Prefix))
      return true;
  return Name.starts_with(RuntimePrefix);
}

static bool movesToWindow(const GlobalVariable &GV) {
  return !GV.isDeclaration() && !GV.hasAvailableExternallyLinkage() &&
         !GV.hasAppendingLinkage() && !GV.isConstant() && !GV.isThreadLocal() &&
         !GV.hasSection() && !GV.hasImplicitSection() &&
         GV.getAddressSpace() == 0 && !isNodePrivate(GV.getName());
}

static void moveToWindow(GlobalVariable &GV, unsigned &Unnamed) {
  // A common symbol has no section. A weak zero merges with others alike, and
  // gives way to a strong definition.
  if (GV.hasCommonLinkage())
    GV.setLinkage(GlobalValue::WeakAnyLinkage);
  std::string Name =
      GV.hasName() ? GV.getName().str() : "anon." + std::to_string(Unnamed++);
  // "\1name" is a name that is not to be mangled.
  StringRef Plain = StringRef(Name);
  Plain.consume_front("\1");
  bool IsZero = GV.getInitializer()->isNullValue() ||
                isa<UndefValue>(GV.getInitializer());
  GV.setSection((Twine(IsZero ? ".bss.loco." : ".data.loco.") + Plain).str());
}

/// The constructors and destructors of sanitizers and profiling set up a node.
static bool runsOnEveryNode(StringRef Name) {
  for (StringRef Prefix : {"asan.", "tsan.", "msan.", "hwasan.", "sancov.",
                           "__llvm_", "__sanitizer_"})
    if (Name.starts_with(Prefix))
      return true;
  return Name.starts_with(RuntimePrefix);
}

static Function *makeNode0Wrapper(Function &Target, Runtime &RT) {
  Module &M = *Target.getParent();
  auto *Wrapper =
      Function::Create(Target.getFunctionType(), GlobalValue::InternalLinkage,
                       "__loco_node0." + Target.getName(), M);
  Wrapper->setDSOLocal(true);
  // A constructor of a comdat may go away with it, so must its wrapper.
  Wrapper->setComdat(Target.getComdat());
  Wrapper->setSection(Target.getSection());
  for (StringRef Attr : {"target-cpu", "target-features", "frame-pointer"})
    if (Target.hasFnAttribute(Attr))
      Wrapper->addFnAttr(Target.getFnAttribute(Attr));
  Wrapper->setUWTableKind(Target.getUWTableKind());

  LLVMContext &C = M.getContext();
  BasicBlock *Entry = BasicBlock::Create(C, "entry", Wrapper);
  BasicBlock *Run = BasicBlock::Create(C, "run", Wrapper);
  BasicBlock *Done = BasicBlock::Create(C, "done", Wrapper);
  IRBuilder<> B(Entry);
  B.CreateCondBr(RT.isWorker(B), Done, Run);

  B.SetInsertPoint(Run);
  SmallVector<Value *, 3> Args;
  for (Argument &Arg : Wrapper->args())
    Args.push_back(&Arg);
  CallInst *Call = B.CreateCall(&Target, Args);
  Call->setCallingConv(Target.getCallingConv());
  B.CreateBr(Done);

  B.SetInsertPoint(Done);
  Type *Ret = Target.getReturnType();
  if (Ret->isVoidTy())
    B.CreateRetVoid();
  else
    B.CreateRet(Constant::getNullValue(Ret));
  return Wrapper;
}

/// Wraps the entries of llvm.global_ctors or llvm.global_dtors.
static bool runOnNode0(Module &M, StringRef ListName, Runtime &RT) {
  GlobalVariable *List = M.getGlobalVariable(ListName);
  if (!List || !List->hasInitializer())
    return false;
  auto *Entries = dyn_cast<ConstantArray>(List->getInitializer());
  if (!Entries)
    return false;
  bool Changed = false;
  SmallVector<Constant *, 8> NewEntries;
  for (Use &Entry : Entries->operands()) {
    auto *Fields = dyn_cast<ConstantStruct>(Entry.get());
    auto *Target =
        Fields ? dyn_cast<Function>(Fields->getOperand(1)->stripPointerCasts())
               : nullptr;
    if (!Target || runsOnEveryNode(Target->getName())) {
      NewEntries.push_back(cast<Constant>(Entry.get()));
      continue;
    }
    SmallVector<Constant *, 3> NewFields;
    for (Use &Field : Fields->operands())
      NewFields.push_back(cast<Constant>(Field.get()));
    NewFields[1] = makeNode0Wrapper(*Target, RT);
    NewEntries.push_back(ConstantStruct::get(Fields->getType(), NewFields));
    Changed = true;
  }
  if (Changed)
    List->setInitializer(ConstantArray::get(Entries->getType(), NewEntries));
  return Changed;
}

/// Sends the calls of __cxa_guard_* to libloco.
static bool guardAcrossNodes(Module &M) {
  bool Changed = false;
  for (StringRef What : {"acquire", "release", "abort"}) {
    Function *F = M.getFunction(("__cxa_guard_" + What).str());
    if (!F || !F->isDeclaration() || F->use_empty())
      continue;
    FunctionCallee Guard =
        M.getOrInsertFunction(("__loco_guard_" + What).str(),
                              F->getFunctionType(), F->getAttributes());
    F->replaceAllUsesWith(Guard.getCallee());
    Changed = true;
  }
  return Changed;
}

PreservedAnalyses GlobalsPass::run(Module &M, ModuleAnalysisManager &) {
  Runtime RT(M);
  bool Changed = false;
  unsigned Unnamed = 0;
  for (GlobalVariable &GV : M.globals())
    if (movesToWindow(GV)) {
      moveToWindow(GV, Unnamed);
      Changed = true;
    }
  Changed |= runOnNode0(M, "llvm.global_ctors", RT);
  Changed |= runOnNode0(M, "llvm.global_dtors", RT);
  Changed |= guardAcrossNodes(M);
  return Changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
