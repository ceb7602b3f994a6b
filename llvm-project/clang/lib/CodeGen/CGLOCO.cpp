//===--- CGLOCO.cpp - Code generation for LOCO ----------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's calls into libloco that are known before optimisation: the
// heap and the __builtin_loco_* functions. loco-runtime/include/loco/abi.h is
// the description of what is called here.
//
//===----------------------------------------------------------------------===//

#include "CGLOCO.h"
#include "CGValue.h"
#include "CodeGenFunction.h"
#include "CodeGenModule.h"
#include "clang/AST/Expr.h"
#include "clang/Basic/BuiltinsLOCO.h"
#include "clang/Basic/LangOptions.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/AttributeMask.h"
#include "llvm/IR/Attributes.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/ModRef.h"
#include "llvm/Transforms/LOCO/Pipeline.h"

using namespace clang;
using namespace clang::CodeGen;
using llvm::AllocFnKind;
using llvm::Attribute;
using llvm::MemoryEffects;

//===----------------------------------------------------------------------===//
// The functions of the runtime
//===----------------------------------------------------------------------===//

namespace {

enum class LOCOFn {
  Malloc,
  Calloc,
  Realloc,
  Free,
  AlignedAlloc,
  PosixMemalign,
  Strdup,
  Strndup,
  New,
  NewAligned,
  NewNothrow,
  NewAlignedNothrow,
  Delete,
  Home,
  IsLocal,
  Prefetch,
  Release,
  Acquire,
  Node,
  NumNodes
};

/// Name and type of each LOCOFn, in its order. The first letter is the result,
/// the others are the parameters: p pointer, z size_t, i int, v void.
struct LOCOFnInfo {
  const char *Name;
  const char *Signature;
};
constexpr LOCOFnInfo LOCOFns[] = {
    {"__loco_malloc", "pz"},
    {"__loco_calloc", "pzz"},
    {"__loco_realloc", "ppz"},
    {"__loco_free", "vp"},
    {"__loco_aligned_alloc", "pzz"},
    {"__loco_posix_memalign", "ipzz"},
    {"__loco_strdup", "pp"},
    {"__loco_strndup", "ppz"},
    {"__loco_new", "pz"},
    {"__loco_new_aligned", "pzz"},
    {"__loco_new_nothrow", "pz"},
    {"__loco_new_aligned_nothrow", "pzz"},
    {"__loco_delete", "vp"},
    {"__loco_home", "ip"},
    {"__loco_is_local", "ip"},
    {"__loco_prefetch", "vpz"},
    {"__loco_release", "v"},
    {"__loco_acquire", "v"},
    {"__loco_node", "i"},
    {"__loco_num_nodes", "i"},
};
static_assert(std::size(LOCOFns) == size_t(LOCOFn::NumNodes) + 1);

const LOCOFnInfo &info(LOCOFn Fn) { return LOCOFns[size_t(Fn)]; }

/// Declares functions of the runtime in a module, with all that LLVM may know
/// of them.
class RuntimeDeclarations {
public:
  explicit RuntimeDeclarations(llvm::Module &M) : M(M), Ctx(M.getContext()) {}

  llvm::Function *get(LOCOFn Fn);
  llvm::FunctionType *typeOf(const char *Signature);

  /// Makes \p Target, a declaration or a call, known to LLVM as one that
  /// allocates or frees, whose unused pairs may go. Operators new and delete
  /// get this at the call, because only some calls may go ([expr.new]p14).
  template <typename AttrsOwner>
  void markAllocation(AttrsOwner &Target, LOCOFn Fn);

private:
  void addAttributes(llvm::Function &F, LOCOFn Fn);

  llvm::Module &M;
  llvm::LLVMContext &Ctx;
};

llvm::FunctionType *RuntimeDeclarations::typeOf(const char *Signature) {
  auto TypeOf = [&](char C) -> llvm::Type * {
    switch (C) {
    case 'p':
      return llvm::PointerType::getUnqual(Ctx);
    case 'z':
      return M.getDataLayout().getIntPtrType(Ctx);
    case 'i':
      return llvm::Type::getInt32Ty(Ctx);
    case 'v':
      return llvm::Type::getVoidTy(Ctx);
    }
    llvm_unreachable("unknown letter in a signature");
  };
  SmallVector<llvm::Type *, 3> Params;
  for (char C : StringRef(Signature).drop_front())
    Params.push_back(TypeOf(C));
  return llvm::FunctionType::get(TypeOf(Signature[0]), Params,
                                 /*isVarArg=*/false);
}

llvm::Function *RuntimeDeclarations::get(LOCOFn Fn) {
  auto *F = llvm::cast<llvm::Function>(
      M.getOrInsertFunction(info(Fn).Name, typeOf(info(Fn).Signature))
          .getCallee());
  addAttributes(*F, Fn);
  return F;
}

bool isNewOrDelete(LOCOFn Fn) {
  return Fn >= LOCOFn::New && Fn <= LOCOFn::Delete;
}

AllocFnKind allocKind(LOCOFn Fn) {
  switch (Fn) {
  case LOCOFn::Malloc:
  case LOCOFn::New:
  case LOCOFn::NewNothrow:
    return AllocFnKind::Alloc | AllocFnKind::Uninitialized;
  case LOCOFn::AlignedAlloc:
  case LOCOFn::NewAligned:
  case LOCOFn::NewAlignedNothrow:
    return AllocFnKind::Alloc | AllocFnKind::Uninitialized |
           AllocFnKind::Aligned;
  case LOCOFn::Calloc:
    return AllocFnKind::Alloc | AllocFnKind::Zeroed;
  case LOCOFn::Strdup:
  case LOCOFn::Strndup:
    return AllocFnKind::Alloc;
  case LOCOFn::Realloc:
    return AllocFnKind::Realloc;
  case LOCOFn::Free:
  case LOCOFn::Delete:
    return AllocFnKind::Free;
  default:
    return AllocFnKind::Unknown;
  }
}

template <typename AttrsOwner>
void RuntimeDeclarations::markAllocation(AttrsOwner &Target, LOCOFn Fn) {
  Target.addFnAttr(
      Attribute::get(Ctx, Attribute::AllocKind, uint64_t(allocKind(Fn))));
  Target.addFnAttr(Attribute::get(
      Ctx, "alloc-family", isNewOrDelete(Fn) ? "loco_new" : "loco_malloc"));
}

void RuntimeDeclarations::addAttributes(llvm::Function &F, LOCOFn Fn) {
  const AllocFnKind Kind = allocKind(Fn);
  const bool Throws = Fn == LOCOFn::New || Fn == LOCOFn::NewAligned;

  if (!Throws)
    F.setDoesNotThrow();

  auto AllocSize = [&](unsigned Size, std::optional<unsigned> Count = {}) {
    F.addFnAttr(Attribute::getWithAllocSizeArgs(Ctx, Size, Count));
  };
  auto Memory = [&](MemoryEffects ME) { F.setMemoryEffects(ME); };
  const MemoryEffects HeapOnly = MemoryEffects::inaccessibleMemOnly();
  const MemoryEffects HeapAndArgs = MemoryEffects::inaccessibleOrArgMemOnly();

  switch (Fn) {
  case LOCOFn::Malloc:
    AllocSize(0);
    Memory(HeapOnly);
    break;
  // What operators new and delete do to other memory is not said: they may
  // call a new-handler, or be those of another module of the program.
  case LOCOFn::New:
  case LOCOFn::NewNothrow:
    AllocSize(0);
    break;
  case LOCOFn::NewAligned:
  case LOCOFn::NewAlignedNothrow:
    F.addParamAttr(1, Attribute::AllocAlign);
    AllocSize(0);
    break;
  case LOCOFn::Delete:
    F.addParamAttr(0, Attribute::AllocatedPointer);
    F.addParamAttr(0, Attribute::NoCapture);
    break;
  case LOCOFn::Calloc:
    AllocSize(0, 1);
    Memory(HeapOnly);
    break;
  case LOCOFn::AlignedAlloc:
    F.addParamAttr(0, Attribute::AllocAlign);
    AllocSize(1);
    Memory(HeapOnly);
    break;
  case LOCOFn::Realloc:
    AllocSize(1);
    [[fallthrough]];
  case LOCOFn::Free:
    F.addParamAttr(0, Attribute::AllocatedPointer);
    F.addParamAttr(0, Attribute::NoCapture);
    Memory(HeapAndArgs);
    break;
  case LOCOFn::Strdup:
  case LOCOFn::Strndup:
    F.addParamAttr(0, Attribute::NoCapture);
    F.addParamAttr(0, Attribute::ReadOnly);
    Memory(HeapAndArgs);
    break;
  case LOCOFn::PosixMemalign:
    F.addParamAttr(0, Attribute::NoCapture);
    Memory(HeapAndArgs);
    break;
  case LOCOFn::Node:
  case LOCOFn::NumNodes:
    // They do not change while user code runs.
    Memory(MemoryEffects::none());
    break;
  case LOCOFn::Home:
  case LOCOFn::IsLocal:
  case LOCOFn::Prefetch:
    F.addParamAttr(0, Attribute::NoCapture);
    break;
  case LOCOFn::Release:
  case LOCOFn::Acquire:
    // To LLVM they may change any memory; that orders accesses around them.
    return;
  }

  if (!isNewOrDelete(Fn))
    F.setWillReturn();
  if (Kind == AllocFnKind::Unknown)
    return;
  if (Kind != AllocFnKind::Free)
    F.addRetAttr(Attribute::NoAlias);
  if (Throws)
    F.addRetAttr(Attribute::NonNull);
  if (!isNewOrDelete(Fn))
    markAllocation(F, Fn);
}

} // namespace

//===----------------------------------------------------------------------===//
// __builtin_loco_*
//===----------------------------------------------------------------------===//

static std::optional<LOCOFn> functionOfBuiltin(unsigned BuiltinID) {
  switch (BuiltinID) {
  case X86::BI__builtin_loco_malloc:
    return LOCOFn::Malloc;
  case X86::BI__builtin_loco_calloc:
    return LOCOFn::Calloc;
  case X86::BI__builtin_loco_realloc:
    return LOCOFn::Realloc;
  case X86::BI__builtin_loco_free:
    return LOCOFn::Free;
  case X86::BI__builtin_loco_aligned_alloc:
    return LOCOFn::AlignedAlloc;
  case X86::BI__builtin_loco_posix_memalign:
    return LOCOFn::PosixMemalign;
  case X86::BI__builtin_loco_strdup:
    return LOCOFn::Strdup;
  case X86::BI__builtin_loco_strndup:
    return LOCOFn::Strndup;
  case X86::BI__builtin_loco_home:
    return LOCOFn::Home;
  case X86::BI__builtin_loco_is_local:
    return LOCOFn::IsLocal;
  case X86::BI__builtin_loco_prefetch:
    return LOCOFn::Prefetch;
  case X86::BI__builtin_loco_release:
    return LOCOFn::Release;
  case X86::BI__builtin_loco_acquire:
    return LOCOFn::Acquire;
  case X86::BI__builtin_loco_node:
    return LOCOFn::Node;
  case X86::BI__builtin_loco_num_nodes:
    return LOCOFn::NumNodes;
  default:
    return std::nullopt;
  }
}

llvm::Value *CodeGen::emitLOCOBuiltin(CodeGenFunction &CGF, unsigned BuiltinID,
                                      const CallExpr *E) {
  const std::optional<LOCOFn> Fn = functionOfBuiltin(BuiltinID);
  if (!Fn)
    return nullptr;
  SmallVector<llvm::Value *, 3> Args;
  for (const Expr *Arg : E->arguments())
    Args.push_back(CGF.EmitScalarExpr(Arg));
  llvm::Function *F = RuntimeDeclarations(CGF.CGM.getModule()).get(*Fn);
  return CGF.EmitNounwindRuntimeCall(F, Args);
}

//===----------------------------------------------------------------------===//
// Calls of the C and C++ allocation functions
//===----------------------------------------------------------------------===//

namespace {

/// A function of the C or C++ library and what takes its place. The latter
/// takes the first parameters of the former; what is dropped are sizes,
/// alignments and std::nothrow, which it has no use for.
struct Replacement {
  const char *Name;
  const char *Signature;
  LOCOFn Fn;
};
constexpr Replacement Replacements[] = {
    {"malloc", "pz", LOCOFn::Malloc},
    {"calloc", "pzz", LOCOFn::Calloc},
    {"realloc", "ppz", LOCOFn::Realloc},
    {"free", "vp", LOCOFn::Free},
    {"aligned_alloc", "pzz", LOCOFn::AlignedAlloc},
    {"posix_memalign", "ipzz", LOCOFn::PosixMemalign},
    {"strdup", "pp", LOCOFn::Strdup},
    {"strndup", "ppz", LOCOFn::Strndup},
    // operator new(size_t) and operator new[](size_t)
    {"_Znwm", "pz", LOCOFn::New},
    {"_Znam", "pz", LOCOFn::New},
    // ... (size_t, std::nothrow_t const &)
    {"_ZnwmRKSt9nothrow_t", "pzp", LOCOFn::NewNothrow},
    {"_ZnamRKSt9nothrow_t", "pzp", LOCOFn::NewNothrow},
    // ... (size_t, std::align_val_t)
    {"_ZnwmSt11align_val_t", "pzz", LOCOFn::NewAligned},
    {"_ZnamSt11align_val_t", "pzz", LOCOFn::NewAligned},
    // ... (size_t, std::align_val_t, std::nothrow_t const &)
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", "pzzp", LOCOFn::NewAlignedNothrow},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", "pzzp", LOCOFn::NewAlignedNothrow},
    // operator delete and operator delete[], with the same variants and sizes
    {"_ZdlPv", "vp", LOCOFn::Delete},
    {"_ZdaPv", "vp", LOCOFn::Delete},
    {"_ZdlPvm", "vpz", LOCOFn::Delete},
    {"_ZdaPvm", "vpz", LOCOFn::Delete},
    {"_ZdlPvSt11align_val_t", "vpz", LOCOFn::Delete},
    {"_ZdaPvSt11align_val_t", "vpz", LOCOFn::Delete},
    {"_ZdlPvmSt11align_val_t", "vpzz", LOCOFn::Delete},
    {"_ZdaPvmSt11align_val_t", "vpzz", LOCOFn::Delete},
    {"_ZdlPvRKSt9nothrow_t", "vpp", LOCOFn::Delete},
    {"_ZdaPvRKSt9nothrow_t", "vpp", LOCOFn::Delete},
    {"_ZdlPvSt11align_val_tRKSt9nothrow_t", "vpzp", LOCOFn::Delete},
    {"_ZdaPvSt11align_val_tRKSt9nothrow_t", "vpzp", LOCOFn::Delete},
};

} // namespace

/// Whether -fno-builtin or __attribute__((no_builtin)) forbids to know what the
/// function \p Name does where \p Call stands.
static bool isBuiltinForbidden(const llvm::CallBase &Call, StringRef Name) {
  const llvm::Function *Caller = Call.getFunction();
  return Caller->hasFnAttribute("no-builtins") ||
         Caller->hasFnAttribute(("no-builtin-" + Name).str());
}

/// Puts a call of \p NewCallee with the first arguments in the place of
/// \p Call.
static llvm::CallBase *redirectCall(llvm::CallBase &Call,
                                    llvm::Function *NewCallee) {
  const unsigned NumArgs = NewCallee->arg_size();
  SmallVector<llvm::Value *, 3> Args(Call.arg_begin(),
                                     Call.arg_begin() + NumArgs);
  SmallVector<llvm::OperandBundleDef, 1> Bundles;
  Call.getOperandBundlesAsDefs(Bundles);

  llvm::CallBase *New;
  if (auto *Invoke = llvm::dyn_cast<llvm::InvokeInst>(&Call)) {
    New = llvm::InvokeInst::Create(NewCallee, Invoke->getNormalDest(),
                                   Invoke->getUnwindDest(), Args, Bundles, "",
                                   Call.getIterator());
  } else {
    auto *NewCall = llvm::CallInst::Create(NewCallee, Args, Bundles, "",
                                           Call.getIterator());
    NewCall->setTailCallKind(
        llvm::cast<llvm::CallInst>(Call).getTailCallKind());
    New = NewCall;
  }

  const llvm::AttributeList Old = Call.getAttributes();
  SmallVector<llvm::AttributeSet, 3> ParamAttrs;
  for (unsigned I = 0; I != NumArgs; ++I)
    ParamAttrs.push_back(Old.getParamAttrs(I));
  llvm::LLVMContext &Ctx = Call.getContext();
  // Whether it may be taken for the library's function is said otherwise of
  // the new callee; which sizes are arguments is said at its declaration.
  llvm::AttributeMask Stale;
  Stale.addAttribute(Attribute::Builtin);
  Stale.addAttribute(Attribute::NoBuiltin);
  Stale.addAttribute(Attribute::AllocSize);
  New->setAttributes(llvm::AttributeList::get(
      Ctx, Old.getFnAttrs().removeAttributes(Ctx, Stale), Old.getRetAttrs(),
      ParamAttrs));

  New->copyMetadata(Call);
  New->takeName(&Call);
  Call.replaceAllUsesWith(New);
  Call.eraseFromParent();
  return New;
}

void CodeGen::lowerLOCOAllocations(CodeGenModule &CGM) {
  if (!CGM.getLangOpts().getLOCO())
    return;

  llvm::Module &M = CGM.getModule();
  RuntimeDeclarations Runtime(M);

  // A program that brings its own malloc or operator new means the whole
  // family by it, whichever members it leaves to the library.
  bool OwnsMalloc = false, OwnsNew = false;
  for (const Replacement &R : Replacements)
    if (const llvm::Function *F = M.getFunction(R.Name))
      if (!F->isDeclaration())
        (isNewOrDelete(R.Fn) ? OwnsNew : OwnsMalloc) = true;

  for (const Replacement &R : Replacements) {
    const bool IsNewOrDelete = isNewOrDelete(R.Fn);
    llvm::Function *F = M.getFunction(R.Name);
    if (!F || (IsNewOrDelete ? OwnsNew : OwnsMalloc) ||
        F->getFunctionType() != Runtime.typeOf(R.Signature))
      continue;

    for (llvm::User *U : llvm::make_early_inc_range(F->users())) {
      auto *Call = llvm::dyn_cast<llvm::CallBase>(U);
      if (!Call || Call->getCalledFunction() != F || Call->isMustTailCall())
        continue;
      const bool Forbidden = isBuiltinForbidden(*Call, R.Name);
      if (Forbidden && !IsNewOrDelete)
        continue;
      // Direct calls of the operators are observable, those made by new- and
      // delete-expressions are not.
      const bool MayGo = IsNewOrDelete && !Forbidden && !Call->isNoBuiltin();
      llvm::CallBase *New = redirectCall(*Call, Runtime.get(R.Fn));
      if (MayGo)
        Runtime.markAllocation(*New, R.Fn);
    }
    if (F->use_empty())
      F->eraseFromParent();
  }
}

//===----------------------------------------------------------------------===//
// OpenMP
//===----------------------------------------------------------------------===//

unsigned CodeGen::getLOCOIdentReserved2(const CodeGenModule &CGM) {
  return CGM.getLangOpts().getLOCO() ? 0x4c4f : 0; // "LO"
}

bool CodeGen::isFlushOfLOCOAtomic(const CodeGenModule &CGM,
                                  llvm::AtomicOrdering AO) {
  return CGM.getLangOpts().getLOCO() &&
         (AO == llvm::AtomicOrdering::Acquire ||
          AO == llvm::AtomicOrdering::Release);
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

static llvm::loco::Checks checksOf(LangOptions::LOCOChecksKind Kind) {
  switch (Kind) {
  case LangOptions::LOCOChecksKind::Inline:
    return llvm::loco::Checks::Inline;
  case LangOptions::LOCOChecksKind::Call:
    return llvm::loco::Checks::Call;
  case LangOptions::LOCOChecksKind::None:
    return llvm::loco::Checks::None;
  }
  llvm_unreachable("unknown kind of checks");
}

void CodeGen::registerLOCOPipeline(llvm::PassBuilder &PB,
                                   const llvm::Module &M,
                                   const LangOptions &LangOpts) {
  if (!LangOpts.getLOCO())
    return;
  llvm::loco::PipelineOptions Options;
  Options.ChecksKind = checksOf(LangOpts.getLOCOChecks());
  Options.ModeKind =
      LangOpts.getLOCOMode() == LangOptions::LOCOModeKind::KVStore
          ? llvm::loco::Mode::KVStore
          : llvm::loco::Mode::Cache;
  llvm::loco::registerPipeline(PB, Options);
}
