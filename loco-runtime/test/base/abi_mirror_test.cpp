// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// abi_mirror_test.cpp - the compiler's ABI.h says what loco/abi.h says.

#include "llvm/Transforms/LOCO/ABI.h"
#include "loco/abi.h"

#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>

namespace compiler = llvm::loco::abi;

TEST(ABIMirror, Shadow) {
  EXPECT_EQ(compiler::Version, LOCO_ABI_VERSION);
  EXPECT_EQ(compiler::BlockShift, LOCO_BLOCK_SHIFT);
  EXPECT_EQ(compiler::BlockBytes, LOCO_BLOCK_BYTES);
  EXPECT_EQ(compiler::ShadowBase, LOCO_SHADOW_BASE);
  EXPECT_EQ(compiler::ShadowBytes, LOCO_SHADOW_BYTES);
  EXPECT_EQ(int(compiler::ShadowReady), LOCO_SHADOW_READY);
  EXPECT_EQ(int(compiler::ShadowClean), LOCO_SHADOW_CLEAN);
  EXPECT_EQ(int(compiler::ShadowAbsent), LOCO_SHADOW_ABSENT);
  EXPECT_EQ(compiler::FlagMulti,
            reinterpret_cast<std::uintptr_t>(LOCO_FLAG_MULTI));
  EXPECT_EQ(compiler::FlagWorker,
            reinterpret_cast<std::uintptr_t>(LOCO_FLAG_WORKER));
  EXPECT_EQ(compiler::NestEpoch,
            reinterpret_cast<std::uintptr_t>(LOCO_NEST_EPOCH));
  EXPECT_EQ(offsetof(loco_nest, epoch), 0U);
}

TEST(ABIMirror, Accesses) {
  EXPECT_EQ(int(compiler::TouchLoad), LOCO_TOUCH_LOAD);
  EXPECT_EQ(int(compiler::TouchStore), LOCO_TOUCH_STORE);
  EXPECT_EQ(compiler::TouchLimitShift, LOCO_TOUCH_LIMIT_SHIFT);
  EXPECT_EQ(compiler::NestBytes, sizeof(loco_nest));
}

TEST(ABIMirror, ReadModifyWrite) {
  EXPECT_EQ(int(compiler::RMWXchg), LOCO_RMW_XCHG);
  EXPECT_EQ(int(compiler::RMWAdd), LOCO_RMW_ADD);
  EXPECT_EQ(int(compiler::RMWSub), LOCO_RMW_SUB);
  EXPECT_EQ(int(compiler::RMWAnd), LOCO_RMW_AND);
  EXPECT_EQ(int(compiler::RMWNand), LOCO_RMW_NAND);
  EXPECT_EQ(int(compiler::RMWOr), LOCO_RMW_OR);
  EXPECT_EQ(int(compiler::RMWXor), LOCO_RMW_XOR);
  EXPECT_EQ(int(compiler::RMWMax), LOCO_RMW_MAX);
  EXPECT_EQ(int(compiler::RMWMin), LOCO_RMW_MIN);
  EXPECT_EQ(int(compiler::RMWUMax), LOCO_RMW_UMAX);
  EXPECT_EQ(int(compiler::RMWUMin), LOCO_RMW_UMIN);
  EXPECT_EQ(int(compiler::RMWFAdd), LOCO_RMW_FADD);
  EXPECT_EQ(int(compiler::RMWFSub), LOCO_RMW_FSUB);
  EXPECT_EQ(int(compiler::RMWFMax), LOCO_RMW_FMAX);
  EXPECT_EQ(int(compiler::RMWFMin), LOCO_RMW_FMIN);
}
