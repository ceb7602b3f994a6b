// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// model.cpp - the model, and comparing with it.

#include "model.h"

#include "failure.h"

#include <cstring>

namespace stress {

/// Which invariant a wrong byte speaks against.
static const char *invariant_of(const Context &context,
                                const LastWrite &write) {
  if (write.thread == context.thread)
    return "M3: this thread's own store is lost";
  if (node_of(write.thread) == node_of(context.thread))
    return "M3: a store of this node is lost";
  return "M4, M5 or M6: another node's store is not seen";
}

void note_write(const Context &context, uint32_t offset, const void *data,
                uint32_t n) {
  memcpy(model + offset, data, n);
  for (uint32_t i = 0; i < n; ++i)
    last_write[offset + i] = {static_cast<uint16_t>(context.thread),
                              static_cast<uint16_t>(context.phase)};
}

void check_bytes(const Context &context, uint32_t offset,
                 const unsigned char *got, uint32_t n, const char *how) {
  for (uint32_t i = 0; i < n; ++i)
    if (got[i] != model[offset + i])
      fail(context, round_.arena + offset + i,
           "%s: expected 0x%02x, got 0x%02x (byte %u of %u, %s; last written "
           "by thread %u of node %d in phase %u)",
           invariant_of(context, last_write[offset + i]), model[offset + i],
           got[i], i, n, how, last_write[offset + i].thread,
           node_of(last_write[offset + i].thread),
           last_write[offset + i].phase);
}

} // namespace stress
