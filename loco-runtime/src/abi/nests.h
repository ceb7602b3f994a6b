// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nests.h - what slow paths tell of the loop nest that a thread runs.
#pragma once

#include <cstdint>

namespace loco::abi {

/// How often checks of this thread found something not ready.
inline thread_local std::uint64_t thread_misses
    __attribute__((tls_model("initial-exec")));

} // namespace loco::abi
