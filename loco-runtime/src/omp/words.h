// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// words.h - the shared words of loco/omp_abi.h.
#pragma once

#include "fabric/fabric.h"

namespace loco::omp {

/// Collective, in the start-up order of Control reservations.
void open_words(fabric::Fabric &fabric);

} // namespace loco::omp
