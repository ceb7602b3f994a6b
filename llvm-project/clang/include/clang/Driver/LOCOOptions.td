//===--- LOCOOptions.td - Options of the LOCO toolchain -------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Included at the end of Options.td.
//
//===----------------------------------------------------------------------===//

defm loco : BoolFOption<"loco",
  LangOpts<"LOCO">, DefaultFalse,
  PosFlag<SetTrue, [], [ClangOption, CC1Option],
          "Compile for LOCO: heap, globals and OpenMP regions span nodes">,
  NegFlag<SetFalse, [], [ClangOption], "Compile as plain clang">>;

def floco_mode_EQ : Joined<["-"], "floco-mode=">, Group<f_Group>,
  Visibility<[ClangOption, CC1Option]>,
  HelpText<"How LOCO keeps the heap: cache (default) or kvstore">,
  Values<"cache,kvstore">,
  NormalizedValuesScope<"LangOptions::LOCOModeKind">,
  NormalizedValues<["Cache", "KVStore"]>,
  MarshallingInfoEnum<LangOpts<"LOCOMode">, "Cache">;

def floco_checks_EQ : Joined<["-"], "floco-checks=">, Group<f_Group>,
  Visibility<[ClangOption, CC1Option]>,
  HelpText<"How LOCO checks an access that may be remote: "
           "inline (default), call or none">,
  Values<"inline,call,none">,
  NormalizedValuesScope<"LangOptions::LOCOChecksKind">,
  NormalizedValues<["Inline", "Call", "None"]>,
  MarshallingInfoEnum<LangOpts<"LOCOChecks">, "Inline">;
