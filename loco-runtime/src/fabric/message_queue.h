// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// message_queue.h - messages that have arrived and wait to be handled, in
// memory of this process. Pages are taken only when it is used.
#pragma once

#include "fabric/fabric.h"

#include <cstddef>
#include <cstdint>

namespace loco::fabric {

/// Not thread-safe.
class MessageQueue {
public:
  MessageQueue() = default;
  MessageQueue(const MessageQueue &) = delete;
  ~MessageQueue();

  bool empty() const { return Read == Written; }

  /// Calls fatal() where too many wait.
  void push(int source, const MessageHeader &header, const std::byte *payload);

  /// Takes the oldest message, of which there must be one; its payload goes to
  /// `into`, which holds MaxPayloadBytes. Returns its source.
  int pop(MessageHeader &header, std::byte *into);

private:
  static constexpr std::size_t Bytes = 256 << 20;

  void map();

  std::byte *Base = nullptr;
  std::size_t Read = 0;
  std::size_t Written = 0;
};

} // namespace loco::fabric
