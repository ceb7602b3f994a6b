// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

void AtomicWord::load(void *into) const {
  Net->atomic_load(Where.node, Where.segment, Where.offset, into, Width);
}

void AtomicWord::store(const void *from) const {
  Net->atomic_store(Where.node, Where.segment, Where.offset, from, Width);
}

bool AtomicWord::compare_exchange(void *expected, const void *desired) const {
  return Net->compare_exchange(Where.node, Where.segment, Where.offset,
                               expected, desired, Width);
}

std::uint64_t AtomicWord::fetch_add_64(std::uint64_t value) const {
  return Net->fetch_add(Where.node, Where.segment, Where.offset, value);
}

void AtomicWord::notify_all() const {
  for (int node = 0; node < Net->num_nodes(); ++node)
    Net->notify(node);
}

} // namespace loco
