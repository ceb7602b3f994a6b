// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// same_program.h - that all nodes run the same program, at the same addresses.
#pragma once

#include "launch/bootstrap.h"

namespace loco {

/// Collective. Compares every loaded object's name, load address and build-id
/// (or, without one, its read-only bytes) with node 0's; fatal() where they
/// differ, with what differs and what to do.
void check_same_program(Bootstrap &bootstrap);

} // namespace loco
