//===- AcquirePass.cpp - Functions that do not acquire --------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/AcquirePass.h"
#include "Accesses.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/Analysis/CallGraph.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/LOCO/Runtime.h"

using namespace llvm;
using namespace llvm::loco;

/// Whether \p F has a body that tells what it does.
static bool isKnown(const Function *F) {
  return F && !F->isDeclaration() && !F->isInterposable() &&
         !F->hasFnAttribute(Attribute::Naked);
}

PreservedAnalyses AcquirePass::run(Module &M, ModuleAnalysisManager &AM) {
  auto &FAM = AM.getResult<FunctionAnalysisManagerModuleProxy>(M).getManager();
  CallGraph Graph(M);
  bool Changed = false;
  for (auto It = scc_begin(&Graph); !It.isAtEnd(); ++It) {
    SmallPtrSet<const Function *, 4> Together;
    for (CallGraphNode *Node : *It)
      Together.insert(Node->getFunction());
    if (!all_of(Together, isKnown))
      continue;
    bool Acquires = any_of(Together, [&](const Function *Each) {
      auto &F = const_cast<Function &>(*Each);
      Synchronisation Synchronises(FAM.getResult<TargetLibraryAnalysis>(F));
      return any_of(instructions(F), [&](const Instruction &I) {
        auto *Call = dyn_cast<CallBase>(&I);
        return Synchronises.at(I) &&
               !(Call && Together.contains(Call->getCalledFunction()));
      });
    });
    if (Acquires)
      continue;
    for (const Function *Each : Together)
      const_cast<Function *>(Each)->addFnAttr(NoAcquireAttr);
    Changed = true;
  }
  return Changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
