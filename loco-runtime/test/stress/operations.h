// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// operations.h - what a thread does in a phase, beside counters and records.
#pragma once

#include "random.h"
#include "round.h"

namespace stress {

/// Each of these is one kind of operation. Where `execute` is false only the
/// model follows; both ways the same random numbers are taken.
void plain_access(Random &random, const Context &context, bool execute);
void range_access(Random &random, const Context &context, bool execute);
/// After a release: this thread's bytes are at their homes (M4).
void check_released(Random &random, const Context &context);

void send_letter(Random &random, const Context &context);
void receive_letter(Random &random, const Context &context);
void use_guards(Random &random, const Context &context);
void use_heap(const Context &context);

inline constexpr int StackBoxBytes = 256;
void use_stacks(Random &random, const Context &context);

} // namespace stress
