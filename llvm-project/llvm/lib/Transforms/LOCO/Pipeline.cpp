//===- Pipeline.cpp - The LOCO passes in LLVM's pipelines -----------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Transforms/LOCO/Pipeline.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/LOCO/AcquirePass.h"
#include "llvm/Transforms/LOCO/FlushPass.h"
#include "llvm/Transforms/LOCO/GlobalsPass.h"
#include "llvm/Transforms/LOCO/HoistPass.h"
#include "llvm/Transforms/LOCO/KVStorePass.h"
#include "llvm/Transforms/LOCO/LowerPass.h"
#include "llvm/Transforms/LOCO/Runtime.h"
#include "llvm/Transforms/LOCO/TagPass.h"
#include "llvm/Transforms/LOCO/VersionPass.h"

using namespace llvm;

static cl::opt<bool> StopBeforeLowering(
    "loco-stop-before-lowering", cl::Hidden,
    cl::desc("Run the LOCO passes up to loco-lower, and not that one"));

static cl::opt<bool> PatchedChecks(
    "loco-patched-checks", cl::Hidden, cl::init(true),
    cl::desc("Checks outside of copied loops are places that the runtime "
             "patches on several nodes, instead of tests in line"));

/// What -floco-checks=inline means for \p M.
static loco::Checks resolve(loco::Checks Kind, const Module &M) {
  bool CanPatch = Triple(M.getTargetTriple()).getArch() == Triple::x86_64;
  return Kind == loco::Checks::Inline && PatchedChecks && CanPatch
             ? loco::Checks::Patched
             : Kind;
}

namespace {

/// The passes as one, so that a module which was lowered before (the link step
/// of LTO runs pipelines too) is left as it is.
class LOCOPipelinePass : public PassInfoMixin<LOCOPipelinePass> {
public:
  LOCOPipelinePass(OptimizationLevel Level,
                   const loco::PipelineOptions &Options)
      : Level(Level), Options(Options) {}

  PreservedAnalyses run(Module &M, ModuleAnalysisManager &AM) {
    if (loco::isLowered(M))
      return PreservedAnalyses::all();
    ModulePassManager MPM;
    MPM.addPass(loco::GlobalsPass());
    MPM.addPass(loco::TagPass());
    const bool Stop = Options.StopBeforeLowering || StopBeforeLowering;
    if (Options.ModeKind == loco::Mode::KVStore) {
      // No check is left to be hoisted.
      if (!Stop)
        MPM.addPass(loco::KVStorePass());
    } else if (Level != OptimizationLevel::O0 &&
               Options.ChecksKind != loco::Checks::None) {
      MPM.addPass(loco::AcquirePass());
      MPM.addPass(createModuleToFunctionPassAdaptor(loco::HoistPass()));
      MPM.addPass(createModuleToFunctionPassAdaptor(loco::VersionPass()));
    }
    if (!Stop)
      MPM.addPass(loco::LowerPass(resolve(Options.ChecksKind, M)));
    return MPM.run(M, AM);
  }

  static bool isRequired() { return true; }

private:
  OptimizationLevel Level;
  loco::PipelineOptions Options;
};

} // namespace

void loco::registerPipeline(PassBuilder &PB, const PipelineOptions &Options) {
  registerPassNames(PB);
  if (Options.ModeKind == Mode::Cache)
    PB.registerPipelineStartEPCallback(
        [](ModulePassManager &MPM, OptimizationLevel) {
          MPM.addPass(FlushPass());
        });
  // Every compile-time pipeline ends with this extension point: -O0, -O1 to
  // -O3, and the pre-link ones of full and thin LTO. The link step may be run
  // by a linker that knows nothing of LOCO, so nothing is left to it.
  PB.registerOptimizerLastEPCallback(
      [Options](ModulePassManager &MPM, OptimizationLevel Level) {
        MPM.addPass(LOCOPipelinePass(Level, Options));
      });
}

void loco::registerPassNames(PassBuilder &PB) {
  using Elements = ArrayRef<PassBuilder::PipelineElement>;
  PB.registerPipelineParsingCallback(
      [](StringRef Name, ModulePassManager &MPM, Elements) {
        if (Name == "loco-flush")
          MPM.addPass(FlushPass());
        else if (Name == "loco-globals")
          MPM.addPass(GlobalsPass());
        else if (Name == "loco-tag")
          MPM.addPass(TagPass());
        else if (Name == "loco-acquire")
          MPM.addPass(AcquirePass());
        else if (Name == "loco-lower" || Name == "loco-lower<inline>")
          MPM.addPass(LowerPass(Checks::Inline));
        else if (Name == "loco-lower<patched>")
          MPM.addPass(LowerPass(Checks::Patched));
        else if (Name == "loco-lower<call>")
          MPM.addPass(LowerPass(Checks::Call));
        else if (Name == "loco-lower<none>")
          MPM.addPass(LowerPass(Checks::None));
        else if (Name == "loco-kvstore")
          MPM.addPass(KVStorePass());
        else if (Name == "loco" || Name == "loco<O0>")
          MPM.addPass(LOCOPipelinePass(Name == "loco" ? OptimizationLevel::O2
                                                      : OptimizationLevel::O0,
                                       PipelineOptions()));
        else if (Name == "loco<kvstore>") {
          PipelineOptions Options;
          Options.ModeKind = Mode::KVStore;
          MPM.addPass(LOCOPipelinePass(OptimizationLevel::O2, Options));
        } else
          return false;
        return true;
      });
  PB.registerPipelineParsingCallback(
      [](StringRef Name, FunctionPassManager &FPM, Elements) {
        if (Name == "loco-hoist")
          FPM.addPass(HoistPass());
        else if (Name == "loco-version")
          FPM.addPass(VersionPass());
        else
          return false;
        return true;
      });
}
