//===--- LOCO.h - What -floco asks of the driver ----------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver's hooks call these functions and decide nothing themselves.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_CLANG_DRIVER_LOCO_H
#define LLVM_CLANG_DRIVER_LOCO_H

#include "clang/Basic/LLVM.h"
#include "llvm/Option/ArgList.h"

namespace clang {
namespace driver {
class Driver;
struct ParsedClangName;
class ToolChain;

namespace loco {

/// A program name such as loco-clang++ or x86_64-linux-gnu-loco-clang implies
/// -floco: puts it before the user's own arguments, so that these may override
/// it, and takes "loco" out of the target prefix that was read from the name.
void addImpliedFlag(ParsedClangName &Name, SmallVectorImpl<const char *> &Args);

/// Whether the last of -floco and -fno-loco is -floco.
bool isEnabled(const llvm::opt::ArgList &Args);

/// Diagnoses what does not go with -floco and bad values of its options.
void checkArgs(const Driver &D, const ToolChain &TC,
               const llvm::opt::ArgList &Args);

/// Passes -floco and its options to cc1.
void addCC1Args(const ToolChain &TC, const llvm::opt::ArgList &Args,
                llvm::opt::ArgStringList &CmdArgs);

/// Adds runtime, linker script and start file. They come before the user's
/// inputs: the runtime's malloc, operator new and __libc_start_main are to win
/// over those of other libraries, and its libomp over the system's.
void addLinkerArgs(const ToolChain &TC, const llvm::opt::ArgList &Args,
                   llvm::opt::ArgStringList &CmdArgs);

} // namespace loco
} // namespace driver
} // namespace clang

#endif // LLVM_CLANG_DRIVER_LOCO_H
