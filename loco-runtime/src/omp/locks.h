// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// locks.h - the locks of loco/omp_abi.h.
#pragma once

#include "fabric/fabric.h"

namespace loco::omp {

/// Collective, in the start-up order of Control reservations.
void open_locks(fabric::Fabric &fabric);

} // namespace loco::omp
