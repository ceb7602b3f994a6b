//===--- LOCO.cpp - What -floco asks of the driver ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "clang/Driver/LOCO.h"
#include "clang/Driver/Driver.h"
#include "clang/Driver/DriverDiagnostic.h"
#include "clang/Driver/Options.h"
#include "clang/Driver/SanitizerArgs.h"
#include "clang/Driver/ToolChain.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Path.h"

using namespace clang::driver;
using namespace clang;
using namespace llvm::opt;

void loco::addImpliedFlag(ParsedClangName &Name,
                          SmallVectorImpl<const char *> &Args) {
  StringRef Prefix = Name.TargetPrefix;
  if (Prefix != "loco" && !Prefix.ends_with("-loco"))
    return;

  Prefix.consume_back("loco");
  Prefix.consume_back("-");
  std::string IgnoredError;
  Name.TargetPrefix = Prefix.str();
  Name.TargetIsValid =
      !Prefix.empty() &&
      llvm::TargetRegistry::lookupTarget(Name.TargetPrefix, IgnoredError);
  // The program name itself stays first.
  Args.insert(Args.begin() + (Args.empty() ? 0 : 1), "-floco");
}

bool loco::isEnabled(const ArgList &Args) {
  return Args.hasFlag(options::OPT_floco, options::OPT_fno_loco, false);
}

static bool isSupported(const llvm::Triple &T) {
  return T.getArch() == llvm::Triple::x86_64 && T.isOSLinux() &&
         T.isGNUEnvironment() && !T.isX32();
}

/// Each value of an option that takes one of a few words is one of \p Values.
static void checkValues(const Driver &D, const ArgList &Args,
                        OptSpecifier Option, ArrayRef<StringRef> Values) {
  for (const Arg *A : Args.filtered(Option)) {
    A->claim();
    if (!llvm::is_contained(Values, A->getValue()))
      D.Diag(diag::err_drv_invalid_value)
          << A->getSpelling() << A->getValue();
  }
}

void loco::checkArgs(const Driver &D, const ToolChain &TC,
                     const ArgList &Args) {
  checkValues(D, Args, options::OPT_floco_mode_EQ, {"cache", "kvstore"});
  checkValues(D, Args, options::OPT_floco_checks_EQ,
              {"inline", "call", "none"});
  // Claims -floco and -fno-loco for the jobs that have no use for them.
  if (!isEnabled(Args))
    return;

  if (!isSupported(TC.getTriple())) {
    D.Diag(diag::err_drv_unsupported_opt_for_target)
        << "-floco" << TC.getTriple().str();
    return;
  }

  // The runtime interposes functions of the C library, which takes a dynamic
  // linker.
  if (const Arg *A =
          Args.getLastArg(options::OPT_static, options::OPT_static_pie))
    D.Diag(diag::err_drv_argument_not_allowed_with)
        << A->getAsString(Args) << "-floco";

  // These interpose the allocator, and some put their shadow where LOCO's is.
  if (const Arg *A = Args.getLastArg(options::OPT_fsanitize_EQ)) {
    const SanitizerArgs San = TC.getSanitizerArgs(Args);
    if (San.needsAsanRt() || San.needsHwasanRt() || San.needsMsanRt() ||
        San.needsTsanRt() || San.needsLsanRt() || San.needsDfsanRt())
      D.Diag(diag::err_drv_argument_not_allowed_with)
          << A->getAsString(Args) << "-floco";
  }
}

void loco::addCC1Args(const ToolChain &TC, const ArgList &Args,
                      ArgStringList &CmdArgs) {
  // An offload device has a tool chain of its own.
  if (!isEnabled(Args) || !isSupported(TC.getTriple()))
    return;
  CmdArgs.push_back("-floco");
  Args.AddLastArg(CmdArgs, options::OPT_floco_mode_EQ);
  Args.AddLastArg(CmdArgs, options::OPT_floco_checks_EQ);

  // No copy relocations: they would move a mutable global of a shared library
  // from its own LOCO section into the executable's plain .bss.
  if (!Args.hasArg(options::OPT_fdirect_access_external_data,
                   options::OPT_fno_direct_access_external_data))
    CmdArgs.push_back("-fno-direct-access-external-data");
}

void loco::addLinkerArgs(const ToolChain &TC, const ArgList &Args,
                         ArgStringList &CmdArgs) {
  if (!isEnabled(Args) || !isSupported(TC.getTriple()) ||
      Args.hasArg(options::OPT_r, options::OPT_nostdlib))
    return;

  SmallString<128> LibDir(llvm::sys::path::parent_path(TC.getDriver().Dir));
  llvm::sys::path::append(LibDir, "lib");
  SmallString<128> StartDir(LibDir);
  llvm::sys::path::append(StartDir, "loco");

  // Functions and vtables are to have one address on all nodes.
  if (!Args.hasArg(options::OPT_shared))
    CmdArgs.push_back("-no-pie");

  // The nodes compare build-ids.
  CmdArgs.push_back("--build-id");

  // Lazy binding would clobber registers that the slow paths promise to keep.
  CmdArgs.push_back("-z");
  CmdArgs.push_back("now");

  const Arg *Mode = Args.getLastArg(options::OPT_floco_mode_EQ);
  if (Mode && StringRef(Mode->getValue()) == "kvstore") {
    // For the linker script, and for the runtime, which looks for it before any
    // module registers itself.
    CmdArgs.push_back("--defsym=__loco_kvstore=1");
    CmdArgs.push_back("--export-dynamic-symbol=__loco_kvstore");
  }

  CmdArgs.push_back("-T");
  CmdArgs.push_back(Args.MakeArgString(StartDir + "/loco-globals.ld"));
  CmdArgs.push_back(Args.MakeArgString(StartDir + "/crtloco.o"));
  CmdArgs.push_back(Args.MakeArgString("-L" + LibDir));
  CmdArgs.push_back("-rpath");
  CmdArgs.push_back(Args.MakeArgString(LibDir));
  if (!Args.hasArg(options::OPT_nodefaultlibs))
    CmdArgs.push_back("-lloco");
}
