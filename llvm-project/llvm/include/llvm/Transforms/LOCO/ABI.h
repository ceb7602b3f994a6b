//===- ABI.h - What compiled code knows of libloco --------------*- C++ -*-===//
//
// Part of the LOCO toolchain, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's mirror of loco-runtime/include/loco/abi.h, where the contracts
// stand. Names and values here are compared with that header by the runtime's
// abi-mirror test.
//
//===----------------------------------------------------------------------===//

#ifndef LLVM_TRANSFORMS_LOCO_ABI_H
#define LLVM_TRANSFORMS_LOCO_ABI_H

#include <cstdint>

namespace llvm::loco::abi {

constexpr unsigned Version = 2;

constexpr unsigned BlockShift = 12;
constexpr uint64_t BlockBytes = 4096;
constexpr uint64_t ShadowBase = 0x7fff8000;
constexpr uint64_t ShadowBytes = uint64_t(1) << (47 - BlockShift);

/// What a shadow byte says of its block.
enum Shadow : unsigned { ShadowReady = 0, ShadowClean = 1, ShadowAbsent = 2 };

/// Addresses of the flags that compiled code reads.
constexpr uint64_t FlagMulti = ShadowBase + 0;
constexpr uint64_t FlagWorker = ShadowBase + 1;
/// What the first member of a nest's notes, of 4 bytes, is compared with.
constexpr uint64_t NestEpoch = ShadowBase + 4;

enum TouchKind : unsigned { TouchLoad = 0, TouchStore = 1 };
/// From this bit of a `kind` on: 1 + log2 of the bytes of an element.
constexpr unsigned TouchLimitShift = 8;

/// Places for a check: the section that lists them, the nop there, and the
/// symbols of crtloco.o that check the address in a register (its name
/// follows).
constexpr const char *ChecksSection = "loco_checks";
constexpr const char *CheckNop = "15, 31, 68, 0, 0";
constexpr const char *CheckLoadPrefix = "__loco_check_load_";
constexpr const char *CheckStorePrefix = "__loco_check_store_";

/// sizeof(struct loco_nest).
constexpr uint64_t NestBytes = 24;

/// The `op` of __loco_atomic_rmw_N.
enum RMW : unsigned {
  RMWXchg,
  RMWAdd,
  RMWSub,
  RMWAnd,
  RMWNand,
  RMWOr,
  RMWXor,
  RMWMax,
  RMWMin,
  RMWUMax,
  RMWUMin,
  RMWFAdd,
  RMWFSub,
  RMWFMax,
  RMWFMin
};

/// The widest __loco_atomic_*_N, in bytes.
constexpr unsigned MaxAtomicBytes = 16;

} // namespace llvm::loco::abi

#endif // LLVM_TRANSFORMS_LOCO_ABI_H
