// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// spans.h - starting parallel regions on the other nodes, and the worker nodes'
// loop that waits for them. The C side is loco/omp_abi.h.
#pragma once

#include "fabric/fabric.h"

namespace loco::omp {

/// Collective, in the start-up order of Control reservations; before
/// Fabric::start().
void open_spans(fabric::Fabric &fabric, int threads_per_node);

/// A worker node's user thread: runs spans until stop_serving().
void serve_spans();
/// Ends serve_spans(). False where the worker is in a span, and half a second
/// later still is: it will not be taken out of it.
bool stop_serving();

} // namespace loco::omp
