// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

using fabric::Segment;

SharedRegion::SharedRegion(fabric::Fabric &fabric, std::size_t bytes)
    : Net(&fabric), Offset(fabric.reserve_control(bytes)), Bytes(bytes) {}

std::byte *SharedRegion::local() const { return Net->control() + Offset; }

Place SharedRegion::place(int node, std::size_t offset) const {
  return {node, Segment::Control, Offset + offset};
}

void SharedRegion::check(std::size_t offset, std::size_t bytes) const {
  if (offset > Bytes || bytes > Bytes - offset)
    fatal("bytes " + std::to_string(offset) + " to " +
          std::to_string(offset + bytes) + " lie outside a shared region of " +
          std::to_string(Bytes));
}

void SharedRegion::read(int node, std::size_t offset, void *into,
                        std::size_t bytes) const {
  check(offset, bytes);
  Net->get(node, Segment::Control, Offset + offset, into, bytes);
}

void SharedRegion::write(int node, std::size_t offset, const void *from,
                         std::size_t bytes) const {
  check(offset, bytes);
  Net->put(node, Segment::Control, Offset + offset, from, bytes);
}

void SharedRegion::flush() const { Net->flush(); }

} // namespace loco
