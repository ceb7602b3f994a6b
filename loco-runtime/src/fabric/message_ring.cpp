// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/message_ring.h"

#include <algorithm>
#include <cstring>

namespace loco::fabric {
namespace {

constexpr std::uint64_t rounded_up(std::uint64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

std::uint64_t bytes_in_ring(std::size_t payload_bytes) {
  return sizeof(MessageHeader) + rounded_up(payload_bytes);
}

} // namespace

bool MessageRing::has_room(std::size_t payload_bytes) const {
  return DataBytes - (Head.load(std::memory_order_relaxed) -
                      Tail.load(std::memory_order_seq_cst)) >=
         bytes_in_ring(payload_bytes);
}

bool MessageRing::try_push(const MessageHeader &header,
                           std::span<const std::byte> payload) {
  const std::uint64_t head = Head.load(std::memory_order_relaxed);
  const std::uint64_t needed = bytes_in_ring(payload.size());
  if (DataBytes - (head - Tail.load(std::memory_order_acquire)) < needed)
    return false;
  copy_in(head, &header, sizeof header);
  copy_in(head + sizeof header, payload.data(), payload.size());
  // seq_cst: ordered before the writer's look at whether the reader sleeps.
  Head.store(head + needed, std::memory_order_seq_cst);
  return true;
}

bool MessageRing::try_pop(MessageHeader &header, std::byte *into) {
  const std::uint64_t tail = Tail.load(std::memory_order_relaxed);
  if (Head.load(std::memory_order_acquire) == tail)
    return false;
  copy_out(tail, &header, sizeof header);
  if (header.bytes > MaxPayloadBytes)
    fatal("a message of " + std::to_string(header.bytes) +
          " bytes stands in a ring: its memory was overwritten");
  copy_out(tail + sizeof header, into, header.bytes);
  Tail.store(tail + sizeof header + rounded_up(header.bytes),
             std::memory_order_seq_cst);
  return true;
}

void MessageRing::copy_in(std::uint64_t position, const void *from,
                          std::size_t bytes) {
  const std::uint64_t at = position % DataBytes;
  const std::size_t first = std::min<std::uint64_t>(bytes, DataBytes - at);
  if (bytes == 0)
    return;
  std::memcpy(Data + at, from, first);
  std::memcpy(Data, static_cast<const std::byte *>(from) + first,
              bytes - first);
}

void MessageRing::copy_out(std::uint64_t position, void *into,
                           std::size_t bytes) const {
  const std::uint64_t at = position % DataBytes;
  const std::size_t first = std::min<std::uint64_t>(bytes, DataBytes - at);
  std::memcpy(into, Data + at, first);
  std::memcpy(static_cast<std::byte *>(into) + first, Data, bytes - first);
}

} // namespace loco::fabric
