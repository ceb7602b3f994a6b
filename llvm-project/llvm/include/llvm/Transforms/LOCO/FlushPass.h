//===- FlushPass.h - Loops that wait by flushing ----------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_FLUSHPASS_H
#define LLVM_TRANSFORMS_LOCO_FLUSHPASS_H

#include "llvm/IR/PassManager.h"

namespace llvm::loco {

/// loco-flush: where a loop that flushes is left, lets all in that other nodes have
/// stored until then.
///
/// \code
///   while (!ready) {
///   #pragma omp flush
///   }
///   use(data);
/// \endcode
/// is a race by the letter, as nothing comes between `ready` and `data` on either
/// side, and right on one machine, whose stores are seen in order. Here the flag may
/// be seen long before the data: it may be at home on this node, or read from its
/// home before the other node has released.
///
/// Runs before LLVM changes a loop: later its first test may be in front of it, where
/// nobody would see that it is the same wait. Of nested loops the innermost counts.
class FlushPass : public PassInfoMixin<FlushPass> {
public:
  PreservedAnalyses run(Function &F, FunctionAnalysisManager &AM);
  static bool isRequired() { return true; } // -O0, too
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_FLUSHPASS_H
