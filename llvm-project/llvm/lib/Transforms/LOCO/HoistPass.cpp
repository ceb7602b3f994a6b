//===- HoistPass.cpp - Fewer checks for the same accesses -----------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/HoistPass.h"

using namespace llvm;
using namespace llvm::loco;

PreservedAnalyses HoistPass::run(Function &F, FunctionAnalysisManager &AM) {
  return PreservedAnalyses::all();
}
