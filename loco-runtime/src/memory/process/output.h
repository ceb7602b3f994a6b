// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output.h - stdout as from one process: what a node has printed before a
// release is in the file before what another prints after the acquire.
#pragma once

#include <cstdio>
#include <stdio_ext.h>

namespace loco::memory {

/// Flushes stdout where something waits in it. Any user thread.
inline void flush_output() {
  if (__fpending(stdout) != 0)
    std::fflush(stdout);
}

} // namespace loco::memory
