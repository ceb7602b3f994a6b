//===- AcquirePass.h - Functions that do not acquire ------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_ACQUIREPASS_H
#define LLVM_TRANSFORMS_LOCO_ACQUIREPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// The attribute that loco-acquire gives to functions.
constexpr const char *NoAcquireAttr = "loco-no-acquire";

/// loco-acquire: finds the functions of the module in which this node neither
/// acquires nor releases, whoever they call, and says so by the attribute
/// "loco-no-acquire": what was made ready before a call of one is so after it.
///
/// \code
///   define double @norm(ptr %v) {
///     ...
///     %r = call double @sqrt(double %sum)
/// \endcode
/// becomes
/// \code
///   define double @norm(ptr %v) "loco-no-acquire" {
/// \endcode
///
/// LLVM's own `nosync` is taken where it is there, but it is not for functions
/// that a linker may replace by an equal one (inline functions, templates), nor
/// for those that allocate memory or call libc.
///
/// Bottom-up over the call graph. Functions that call each other are taken
/// together. A wrong attribute would cost page faults and nothing else.
class AcquirePass : public PassInfoMixin<AcquirePass> {
public:
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_ACQUIREPASS_H
