// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// message_ring.h - a ring of messages in shared memory, one writer at a time and
// one reader, in different processes.
#pragma once

#include "fabric/message_queue.h"

#include <atomic>
#include <cstdint>

namespace loco::fabric {

class MessageRing {
public:
  static constexpr std::uint64_t DataBytes = 64 << 10;

  /// Appends a message; false where there is no room.
  bool try_push(const MessageHeader &header,
                std::span<const std::byte> payload);

  /// Takes the oldest message: its payload goes to `into`, which holds
  /// MaxPayloadBytes. False where there is none.
  bool try_pop(MessageHeader &header, std::byte *into);

  bool has_room(std::size_t payload_bytes) const;

  bool empty() const {
    return Head.load(std::memory_order_seq_cst) ==
           Tail.load(std::memory_order_relaxed);
  }

  /// The reader clears it, and notifies the writer's node, when it made room.
  alignas(64) std::atomic<std::uint32_t> WriterWaits;

private:
  void copy_in(std::uint64_t position, const void *from, std::size_t bytes);
  void copy_out(std::uint64_t position, void *into, std::size_t bytes) const;

  // Counts of bytes since the start; zeroed memory is an empty ring.
  alignas(64) std::atomic<std::uint64_t> Head; ///< written up to here
  alignas(64) std::atomic<std::uint64_t> Tail; ///< read up to here
  alignas(64) std::byte Data[DataBytes];
};

} // namespace loco::fabric
