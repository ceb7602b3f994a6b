//===--- SemaLOCO.cpp - Semantic checks of the LOCO builtins --------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "clang/Sema/SemaLOCO.h"
#include "clang/AST/Expr.h"
#include "clang/Basic/BuiltinsLOCO.h"
#include "clang/Basic/Diagnostic.h"
#include "clang/Sema/Sema.h"

using namespace clang;

bool clang::checkLOCOBuiltinCall(Sema &S, unsigned BuiltinID,
                                 const CallExpr *Call) {
  if (S.getLangOpts().getLOCO() || !X86::isLOCOBuiltin(BuiltinID))
    return false;

  // A custom diagnostic, because the tables of Sema's own are included by most
  // of Sema, and the fork is to stay small.
  DiagnosticsEngine &Diags = S.getDiagnostics();
  const unsigned ID = Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                            "%0 requires '-floco'");
  S.Diag(Call->getBeginLoc(), ID)
      << Call->getDirectCallee() << Call->getSourceRange();
  return true;
}
