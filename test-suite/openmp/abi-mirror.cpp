// RUN: %loco-clangxx -fsyntax-only -Werror -I%root/loco-runtime/include -I%root/llvm-project/openmp/runtime/src %s
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libomp's mirror of the runtime's ABI declares what the ABI's headers do: a
// different signature or constant does not compile.

#include "loco/abi.h"
#include "loco/omp_abi.h"

static constexpr int rmw_or = LOCO_RMW_OR;

#include "kmp_loco_abi.h"

static_assert(LOCO_RMW_OR == rmw_or);

int main() {}
