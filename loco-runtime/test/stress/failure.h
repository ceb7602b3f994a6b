// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// failure.h - how a failure is told, so that it can be repeated.
#pragma once

#include "round.h"

namespace stress {

unsigned shadow_of(const void *p);

/// Ends the job. The text begins with the invariant of docs/memory-model.md
/// that does not hold, where it is about one.
[[noreturn, gnu::format(printf, 3, 4)]] void
fail(const Context &context, const void *address, const char *format, ...);

} // namespace stress
