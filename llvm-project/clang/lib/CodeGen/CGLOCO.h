//===--- CGLOCO.h - Code generation for LOCO --------------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What -floco changes between the AST and the LLVM pipeline: the hooks in
// CodeGen call nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_CLANG_LIB_CODEGEN_CGLOCO_H
#define LLVM_CLANG_LIB_CODEGEN_CGLOCO_H

namespace llvm {
class Module;
class PassBuilder;
class Value;
enum class AtomicOrdering : unsigned;
} // namespace llvm

namespace clang {
class CallExpr;
class LangOptions;

namespace CodeGen {
class CodeGenFunction;
class CodeGenModule;

/// Emits a call to the function of loco/abi.h that a __builtin_loco_* names;
/// null where \p BuiltinID, a number of the X86 target's, is none.
llvm::Value *emitLOCOBuiltin(CodeGenFunction &CGF, unsigned BuiltinID,
                             const CallExpr *E);

/// With -floco, once the whole module is emitted: redirects its calls of the C
/// allocation functions and of the replaceable operators new and delete to the
/// LOCO heap.
///
///   %p = call noalias ptr @malloc(i64 %n)   ->   call ptr @__loco_malloc(i64 %n)
///   call void @_ZdlPvm(ptr %p, i64 4)       ->   call void @__loco_delete(ptr %p)
///
/// It waits for the end of the module because only then it is known whether
/// the module defines one of them itself; what it defines is left alone.
/// Addresses of these functions are left alone, too: libloco interposes them.
void lowerLOCOAllocations(CodeGenModule &CGM);

/// What ident_t::reserved_2 says of code compiled with -floco, so that libomp
/// may run it on other nodes; 0 without -floco.
unsigned getLOCOIdentReserved2(const CodeGenModule &CGM);

/// With -floco, whether an OpenMP flush of order \p AO is the one that an atomic
/// construct with a memory-order clause implies, and may be left out: the atomic
/// access releases and acquires by itself, for what it costs to do so through one
/// variable, where a flush is about all nodes. Those of a flush directive come as
/// AcquireRelease or NotAtomic, whatever their clauses.
bool isFlushOfLOCOAtomic(const CodeGenModule &CGM, llvm::AtomicOrdering AO);

/// With -floco, adds the LOCO passes at the end of the optimiser.
void registerLOCOPipeline(llvm::PassBuilder &PB, const llvm::Module &M,
                          const LangOptions &LangOpts);

} // namespace CodeGen
} // namespace clang

#endif // LLVM_CLANG_LIB_CODEGEN_CGLOCO_H
