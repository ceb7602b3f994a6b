//===--- SemaLOCO.cpp - Semantic checks of the LOCO builtins --------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "clang/Sema/SemaLOCO.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Expr.h"
#include "clang/Basic/Builtins.h"
#include "clang/Basic/Diagnostic.h"
#include "clang/Sema/Sema.h"

using namespace clang;

bool clang::checkLOCOBuiltinCall(Sema &S, unsigned BuiltinID,
                                 const CallExpr *Call) {
  if (S.getLangOpts().LOCO)
    return false;
  StringRef Name = S.Context.BuiltinInfo.getName(BuiltinID);
  if (!Name.starts_with("__builtin_loco_"))
    return false;

  // A custom diagnostic, because the tables of Sema's own are included by most
  // of Sema, and the fork is to stay small.
  DiagnosticsEngine &Diags = S.getDiagnostics();
  const unsigned ID = Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                            "'%0' requires '-floco'");
  S.Diag(Call->getBeginLoc(), ID) << Name << Call->getSourceRange();
  return true;
}
