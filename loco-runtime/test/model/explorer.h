// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// explorer.h - visits every state that a setup can reach, breadth first, and
// checks the invariants in each: a trace that ends in a violation is as short
// as one can be. Deterministic.
//
// Of the states visited only a 64-bit hash is kept ("hash compaction", Stern
// and Dill 1995): two of a million states have the same one with a probability
// of 3e-8, and then a part of the space would be missed.
#pragma once

#include "model/protocol.h"

#include <cstddef>
#include <string>
#include <vector>

namespace model {

struct Limits {
  std::size_t states = 20'000'000;
  double seconds = 60;
};

struct Exploration {
  bool complete = false; ///< all states were visited
  const char *violation = nullptr;
  std::vector<std::string> trace; ///< that leads to it
  std::size_t states = 0;
  std::size_t transitions = 0;
  std::size_t depth = 0;
  double seconds = 0;
};

Exploration explore(const Setup &setup, Mutation mutation = Mutation::None,
                    const Limits &limits = {});

} // namespace model
