//===--- LOCO.h - Kinds of the -floco options -------------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_CLANG_BASIC_LOCO_H
#define LLVM_CLANG_BASIC_LOCO_H

namespace clang {

/// How the global heap is kept (-floco-mode=).
enum class LOCOModeKind {
  Cache,  ///< Cached blocks, twins and byte deltas.
  KVStore ///< Each object an entry of a LOCO hash table; no cache.
};

/// How an access that may be remote is checked (-floco-checks=).
enum class LOCOChecksKind {
  Inline, ///< Shadow test in line, runtime call on a miss.
  Call,   ///< Runtime call for every access.
  None    ///< No check: page faults alone find remote accesses.
};

} // namespace clang

#endif // LLVM_CLANG_BASIC_LOCO_H
