//===- Pipeline.h - The LOCO passes in LLVM's pipelines ---------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one header that clang and the plug-in include: which passes run, in which
// order, and where in LLVM's pipelines.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_PIPELINE_H
#define LLVM_TRANSFORMS_LOCO_PIPELINE_H

#include "llvm/Passes/OptimizationLevel.h"

namespace llvm {

class PassBuilder;

namespace loco {

/// How an access that may be remote is checked: by a place for a call that the
/// runtime fills in where the job has several nodes (and in line where
/// loco-version says that only several nodes come there), by a shadow test in
/// line with a call on the unlikely side, by a call at each access, or not at
/// all (the page-fault net alone). Atomics act on the home in any case.
enum class Checks { Patched, Inline, Call, None };

/// What an access does where the job has several nodes: use the node's cache,
/// or go to the home each time.
enum class Mode { Cache, KVStore };

struct PipelineOptions {
  Mode ModeKind = Mode::Cache;
  /// Inline stands for Patched where the target has that, unless
  /// `-mllvm -loco-patched-checks=0` says otherwise.
  Checks ChecksKind = Checks::Inline;
  /// Keep the addrspace(7) marks: for tests that look at them. Also
  /// `-mllvm -loco-stop-before-lowering`.
  bool StopBeforeLowering = false;
};

/// Has \p PB run the LOCO passes behind everything else that works on IR, at
/// every optimisation level; only loco-flush comes first. With LTO they run in the compile step, not in the
/// link step: a module is lowered once, and says so by a module flag.
void registerPipeline(PassBuilder &PB, const PipelineOptions &Options);

/// Makes the passes known to \p PB by name (`opt -passes=loco-tag`).
void registerPassNames(PassBuilder &PB);

} // namespace loco
} // namespace llvm

#endif // LLVM_TRANSFORMS_LOCO_PIPELINE_H
