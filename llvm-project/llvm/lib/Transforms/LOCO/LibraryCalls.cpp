//===- LibraryCalls.cpp - What calls of libc reach ------------------------===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table, of the functions that take a length. For all others that LLVM
// knows, attributes say which strings they read.
//
//===----------------------------------------------------------------------===//

#include "LibraryCalls.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/InstrTypes.h"

using namespace llvm;
using namespace llvm::loco;

namespace {

constexpr int None = -1;

struct Row {
  LibFunc Function;
  int Pointer;
  abi::TouchKind Kind;
  int Size = None, Count = None;
};

// What is sorted in place is written as well.
constexpr Row Table[] = {
    {LibFunc_memcpy, 0, abi::TouchStore, 2},
    {LibFunc_memcpy, 1, abi::TouchLoad, 2},
    {LibFunc_mempcpy, 0, abi::TouchStore, 2},
    {LibFunc_mempcpy, 1, abi::TouchLoad, 2},
    {LibFunc_memmove, 0, abi::TouchStore, 2},
    {LibFunc_memmove, 1, abi::TouchLoad, 2},
    {LibFunc_memset, 0, abi::TouchStore, 2},
    {LibFunc_bzero, 0, abi::TouchStore, 1},
    {LibFunc_bcopy, 0, abi::TouchLoad, 2},
    {LibFunc_bcopy, 1, abi::TouchStore, 2},
    {LibFunc_memcmp, 0, abi::TouchLoad, 2},
    {LibFunc_memcmp, 1, abi::TouchLoad, 2},
    {LibFunc_bcmp, 0, abi::TouchLoad, 2},
    {LibFunc_bcmp, 1, abi::TouchLoad, 2},
    {LibFunc_memchr, 0, abi::TouchLoad, 2},
    {LibFunc_memrchr, 0, abi::TouchLoad, 2},
    {LibFunc_strncpy, 0, abi::TouchStore, 2}, // fills up with zeros
    {LibFunc_strncpy, 1, abi::TouchLoad},
    {LibFunc_stpncpy, 0, abi::TouchStore, 2},
    {LibFunc_stpncpy, 1, abi::TouchLoad},
    {LibFunc_strcpy, 0, abi::TouchStore},
    {LibFunc_strcpy, 1, abi::TouchLoad},
    {LibFunc_stpcpy, 0, abi::TouchStore},
    {LibFunc_stpcpy, 1, abi::TouchLoad},
    {LibFunc_fread, 0, abi::TouchStore, 1, 2},
    {LibFunc_fread_unlocked, 0, abi::TouchStore, 1, 2},
    {LibFunc_fwrite, 0, abi::TouchLoad, 1, 2},
    {LibFunc_fwrite_unlocked, 0, abi::TouchLoad, 1, 2},
    {LibFunc_fgets, 0, abi::TouchStore},
    {LibFunc_read, 1, abi::TouchStore, 2},
    {LibFunc_pread, 1, abi::TouchStore, 2},
    {LibFunc_write, 1, abi::TouchLoad, 2},
    {LibFunc_pwrite, 1, abi::TouchLoad, 2},
    {LibFunc_qsort, 0, abi::TouchStore, 2, 1},
    {LibFunc_sprintf, 0, abi::TouchStore},
    {LibFunc_snprintf, 0, abi::TouchStore},
};

std::optional<unsigned> argument(int Number) {
  return Number == None ? std::nullopt : std::optional<unsigned>(Number);
}

} // namespace

SmallVector<ArgumentRange, 4>
loco::getLibraryRanges(const CallBase &Call, const TargetLibraryInfo &TLI) {
  SmallVector<ArgumentRange, 4> Ranges;
  LibFunc Function;
  if (!TLI.getLibFunc(Call, Function) || !TLI.has(Function))
    return Ranges;
  for (const Row &R : Table)
    if (R.Function == Function)
      Ranges.push_back(
          {unsigned(R.Pointer), R.Kind, argument(R.Size), argument(R.Count)});
  if (!Ranges.empty() && !Call.getFunctionType()->isVarArg())
    return Ranges;
  // Strings: what it is said to read only, and what printf may have for %s.
  unsigned NumFixed = Call.getFunctionType()->getNumParams();
  for (unsigned I = 0, E = Call.arg_size(); I != E; ++I)
    if (Call.getArgOperand(I)->getType()->isPointerTy() &&
        (I >= NumFixed ||
         (Call.onlyReadsMemory(I) && !Call.doesNotAccessMemory(I))))
      Ranges.push_back({I, abi::TouchLoad, std::nullopt, std::nullopt});
  return Ranges;
}
