// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {

std::uint64_t TicketLock::load() const {
  std::uint64_t word;
  Net->atomic_load(Where.node, Where.segment, Where.offset, &word,
                   sizeof word);
  return word;
}

void TicketLock::lock() {
  const std::uint64_t before =
      Net->fetch_add(Where.node, Where.segment, Where.offset, OneTicket);
  const std::uint32_t ticket = next(before);
  if (serving(before) != ticket)
    Net->wait_until([&] { return serving(load()) == ticket; });
}

bool TicketLock::try_lock() {
  std::uint64_t word = load();
  if (next(word) != serving(word))
    return false;
  const std::uint64_t taken = word + OneTicket;
  return Net->compare_exchange(Where.node, Where.segment, Where.offset, &word,
                               &taken, sizeof word);
}

void TicketLock::unlock() {
  // Only the holder changes `serving`, so it can be read before. Its overflow
  // must not carry into `next`. fetch_add, and not a store of 32 bits: a network
  // card's atomics are atomic with each other only.
  const bool overflows = serving(load()) == UINT32_MAX;
  const std::uint64_t before =
      Net->fetch_add(Where.node, Where.segment, Where.offset,
                     overflows ? 1 - OneTicket : 1);
  const bool others_wait = next(before) != serving(before) + 1;
  if (!others_wait)
    return;
  // A ticket does not say on which node it waits.
  for (int node = 0; node < Net->num_nodes(); ++node)
    Net->notify(node);
}

bool TicketLock::is_held() const {
  const std::uint64_t word = load();
  return next(word) != serving(word);
}

} // namespace loco
