// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// protocol.h - what can happen next in a state of the model: the steps of
// src/memory/coherence.cpp and the files beside it, the program's own, and
// those of CPU and network.
#pragma once

#include "model/mutation.h"
#include "model/state.h"

#include <vector>

namespace model {

/// One thing that happens, as a trace shows it.
struct Event {
  int thread;
  const char *what;
  int block = -1, byte = -1, value = -1; ///< -1: it is about none
};

struct Transition {
  State state;
  Event event;
  const char *violation = nullptr; ///< what this step itself shows to be wrong
};

State initial_state(const Setup &setup);

/// All that can happen in `state`, in a fixed order.
void successors(const Setup &setup, Mutation mutation, const State &state,
                std::vector<Transition> &into);

/// The invariant that does not hold in `state`, or null.
const char *broken_invariant(const Setup &setup, const State &state);

/// Whether `state` may be the last: nobody is in the middle of anything.
bool may_end(const Setup &setup, const State &state);

} // namespace model
