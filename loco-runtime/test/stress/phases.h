// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// phases.h - a round as one thread runs it.
#pragma once

#include <pthread.h>

namespace stress {

/// Of this node's threads.
inline pthread_barrier_t local_barrier;

/// All phases, and a look at the whole arena at the end.
void run_thread(int local_thread);

} // namespace stress
