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

/// loco-flush: makes loops that wait by flushing see what was stored before what they
/// wait for.
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
/// Where the loop waits for variables that only this module knows, and only loads and
/// stores, and does nothing else, these become atomics, loaded with acquire and stored
/// to with release, which is all that is missing; the flush is left out. Where it may be
/// waiting for something else, each way out of the loop lets all in that other nodes
/// have stored until then (__loco_acquire_from_all).
///
/// Runs before LLVM changes a loop: later its first test may be in front of it, where
/// nobody would see that it is the same wait. Of nested loops the innermost counts.
class FlushPass : public PassInfoMixin<FlushPass> {
public:
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM);
  static bool isRequired() { return true; } // -O0, too
};

} // namespace llvm::loco

#endif // LLVM_TRANSFORMS_LOCO_FLUSHPASS_H
