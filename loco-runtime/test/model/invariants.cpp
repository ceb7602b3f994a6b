// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// invariants.cpp - what must hold in every state, numbered as in
// docs/memory-model.md.

#include "model/protocol.h"

namespace model {

namespace {

/// Whether the last value of a byte is somewhere from where it comes home.
bool is_kept(const Setup &setup, const State &state, int b, int byte) {
  const Ghost &ghost = state.ghosts[b][byte];
  const Byte home = state.bytes_at[b];
  if (home == Nobody)
    return ghost.value == 0;
  if (state.nodes[home].blocks[b].data[byte] == ghost.value)
    return true;
  // Left for a release that is to come; who takes it waits for that.
  const bool is_left = state.nodes[ghost.giver].completed < ghost.epoch;
  if ((ghost.owner == Nobody && !is_left) || ghost.owner == Shared)
    return false;
  const int node =
      is_left ? ghost.giver : setup.threads[ghost.owner].node;
  const BlockOnNode &copy = state.nodes[node].blocks[b];
  if (copy.state == Copy::Dirty && copy.data[byte] == ghost.value &&
      copy.twin[byte] != ghost.value)
    return true;
  for (int t = 0; t < setup.num_threads(); ++t) {
    const Thread &thread = state.threads[t];
    if (setup.threads[t].node != node)
      continue;
    // It differs from the twin that a release is about to give the copy.
    if (thread.open & 1 << b && copy.data[byte] == ghost.value &&
        thread.step == Step::ReleaseUnlock && thread.aside[b][byte] != ghost.value)
      return true;
    if (thread.buffer_full && thread.buffer_block == b &&
        thread.buffer_byte == byte && thread.buffer_value == ghost.value)
      return true;
    for (int i = 0; i < thread.num_puts; ++i)
      if ((thread.puts[i].kind == Put::Data ||
           thread.puts[i].kind == Put::Snapshot) &&
          thread.puts[i].block == b &&
          thread.puts[i].byte == byte && thread.puts[i].value == ghost.value)
        return true;
  }
  return false;
}

} // namespace

const char *broken_invariant(const Setup &setup, const State &state) {
  for (int b = 0; b < setup.num_blocks(); ++b)
    for (int byte = 0; byte < BytesPerBlock; ++byte)
      if (!is_kept(setup, state, b, byte))
        return state.ghosts[b][byte].owner == Nobody
                   ? "M4: a byte was given away and is not at home"
               : state.ghosts[b][byte].owner == Shared
                   ? "M7: an atomic operation is lost"
                   : "M3: a store is lost";
  return nullptr;
}

bool may_end(const Setup &setup, const State &state) {
  for (int t = 0; t < setup.num_threads(); ++t)
    if (state.threads[t].step != Step::Idle || state.threads[t].buffer_full ||
        state.threads[t].num_puts > 0)
      return false;
  return true;
}

} // namespace model
