// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_wire.h - what the nodes of the verbs fabric send each other: their
// addresses at start, and the payloads of Message::Internal.
#pragma once

#include "fabric/message_queue.h"
#include "fabric/verbs_connection.h"

#include <cstddef>
#include <cstdint>
#include <sys/socket.h>

namespace loco::fabric::verbs {

/// What a node tells the others of itself.
struct Address {
  sockaddr_storage where; ///< with the port it listens on
  std::uint64_t token;    ///< shown by those that connect: they are of this job
  RemoteSegment segments[2];
};

/// Shown to the node that is connected to.
struct Greeting {
  std::uint64_t token;
  std::int32_t node;
};

enum class Operation : std::uint8_t {
  Load,
  Store,
  CompareExchange,
  FetchAdd,
  Fence, ///< answers, and does nothing else
  Reply,
  Notify,
  Pack ///< PackHeader follows in place of Internal
};

/// The payload of Message::Internal.
struct Internal {
  Operation operation;
  Segment segment;
  std::uint8_t width;
  std::uint8_t exchanged; ///< Reply to CompareExchange
  std::uint32_t tag;      ///< of the request, also in its Reply
  std::uint64_t offset;
  std::byte value[16];    ///< operand, or what was found
  std::byte expected[16]; ///< CompareExchange
};

/// Pieces of a scatter, of which each is a PackedPiece and its bytes.
struct PackHeader {
  Operation operation;
  Segment segment;
  std::uint16_t count;
  std::uint32_t padding;
  std::uint64_t base;
};
struct PackedPiece {
  std::uint16_t offset; ///< from the base
  std::uint16_t bytes;
};

struct InternalMessage {
  MessageHeader header;
  Internal body;
};
static_assert(sizeof(InternalMessage) ==
              sizeof(MessageHeader) + sizeof(Internal)); // no gap on the wire

} // namespace loco::fabric::verbs
