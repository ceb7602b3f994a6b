// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// failure.cpp - telling a failure.

#include "failure.h"

#include "loco/omp_abi.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace stress {

unsigned shadow_of(const void *p) {
  return *reinterpret_cast<volatile unsigned char *>(
      LOCO_SHADOW_BASE + (reinterpret_cast<uintptr_t>(p) >> LOCO_BLOCK_SHIFT));
}

void fail(const Context &context, const void *address, const char *format,
          ...) {
  char what[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  dprintf(STDERR_FILENO,
          "coherence-stress: FAILED: seed %llu, round %u, phase %u, node %d, "
          "thread %d: address %p (arena%+ld, home %d, shadow %u): %s\n"
          "coherence-stress: repeat with --seed %llu --first-round %u "
          "--rounds 1 --threads %d%s on %d nodes\n",
          static_cast<unsigned long long>(round_.user_seed), round_.number,
          context.phase, __loco_omp_node(), context.thread, address,
          static_cast<long>(static_cast<const char *>(address) - round_.arena),
          __loco_home(address), shadow_of(address), what,
          static_cast<unsigned long long>(round_.user_seed), round_.number,
          round_.threads, round_.uncached_only ? " --uncached" : "",
          round_.nodes);
  exit(1);
}

} // namespace stress
