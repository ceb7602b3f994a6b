// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// constructs.cpp - what OpenMP's constructs without a barrier have stored. By the
// letter nobody may read that before the next barrier, and a watch reports who does;
// but programs do, and on one machine find it.

#include "base/export.h"
#include "base/private_scope.h"
#include "loco/omp_abi.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"

using loco::PrivateScope;
using loco::memory::coherence;

/// All constructs are left and met through one place (M27).
static constexpr std::uint64_t Key = 8;

extern "C" {

LOCO_EXPORT void __loco_omp_leave_construct(void) {
  PrivateScope scope;
  if (coherence->watch() == nullptr)
    coherence->release_through(Key);
}

LOCO_EXPORT void __loco_omp_meet_constructs(void) {
  PrivateScope scope;
  if (coherence->watch() == nullptr)
    coherence->acquire_through(Key);
}

} // extern "C"
