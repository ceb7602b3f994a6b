// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// counters.h - atomic counters of all widths, between the data.
#pragma once

#include "atomics.h"
#include "random.h"
#include "round.h"

namespace stress {

struct CounterDelta {
  int which;
  uint64_t value;
};

inline Wide counter_model[CounterCount];

/// Taken from the random numbers alike when executed and when replayed.
bool pick_counter(Random &random, const Context &context, CounterDelta &delta,
                  int &order);
void count(int which, uint64_t value, int order);
/// The same on a value of the model. Floats are kept as whole numbers there.
Wide model_count(int which, Wide old_value, uint64_t value);
/// Adds what a replayed thread's operations came to; under model_mutex.
void add_to_model(const Wide (&counters)[CounterCount]);
void check_counters(Random &random, const Context &context);
void reset_counters(const Context &context);

} // namespace stress
