// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// model.h - what the arena should hold: this node's copy in private memory, to
// which its threads apply their stores at once, and the other nodes' after a
// phase.
#pragma once

#include "round.h"

#include <cstdint>
#include <pthread.h>

namespace stress {

struct LastWrite {
  uint16_t thread;
  uint16_t phase;
};

inline unsigned char model[MaxArenaBytes];
inline LastWrite last_write[MaxArenaBytes];
/// Of the parts of the model that several threads of a node change.
inline pthread_mutex_t model_mutex = PTHREAD_MUTEX_INITIALIZER;

void note_write(const Context &context, uint32_t offset, const void *data,
                uint32_t n);
/// Ends the job where the bytes are not those of the model.
void check_bytes(const Context &context, uint32_t offset,
                 const unsigned char *got, uint32_t n, const char *how);

} // namespace stress
