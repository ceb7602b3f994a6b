// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/message_queue.h"

#include <cstring>
#include <sys/mman.h>

namespace loco::fabric {
namespace {

struct Entry {
  int source;
  MessageHeader header;
};

} // namespace

MessageQueue::~MessageQueue() {
  if (Base)
    munmap(Base, Bytes);
}

void MessageQueue::map() {
  void *mapped = mmap(nullptr, Bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    fatal_errno("cannot map memory for waiting messages");
  Base = static_cast<std::byte *>(mapped);
}

void MessageQueue::push(int source, const MessageHeader &header,
                        const std::byte *payload) {
  if (!Base)
    map();
  const std::size_t needed = sizeof(Entry) + header.bytes;
  if (Bytes - Written < needed && Read != 0) {
    std::memmove(Base, Base + Read, Written - Read);
    Written -= Read;
    Read = 0;
  }
  if (Bytes - Written < needed)
    fatal("more than " + std::to_string(Bytes >> 20) +
          " MiB of messages wait to be handled");
  Entry entry{source, header};
  std::memcpy(Base + Written, &entry, sizeof entry);
  if (header.bytes != 0)
    std::memcpy(Base + Written + sizeof entry, payload, header.bytes);
  Written += needed;
}

int MessageQueue::pop(MessageHeader &header, std::byte *into) {
  Entry entry;
  std::memcpy(&entry, Base + Read, sizeof entry);
  header = entry.header;
  std::memcpy(into, Base + Read + sizeof entry, header.bytes);
  Read += sizeof entry + header.bytes;
  if (Read == Written)
    Read = Written = 0;
  return entry.source;
}

} // namespace loco::fabric
