// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// modules.cpp - objects compiled with -floco make themselves known.

#include "loco/abi.h"

#include "base/export.h"
#include "base/result.h"
#include "memory/process/globals.h"

#include <string>

extern "C" LOCO_EXPORT void
__loco_register_globals(const struct loco_globals *globals) {
  if (globals->abi_version != LOCO_ABI_VERSION)
    loco::fatal("an object was compiled for version " +
                std::to_string(globals->abi_version) +
                " of the LOCO ABI; this libloco.so has version " +
                std::to_string(LOCO_ABI_VERSION) + ": compile it again");
  loco::memory::adopt_globals(*globals);
}
