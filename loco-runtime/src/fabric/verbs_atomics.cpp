// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_atomics.cpp - atomics over verbs: asking, and executing what is asked.

#include "base/futex.h"
#include "fabric/cpu_atomics.h"
#include "fabric/verbs_fabric.h"

#include <cstring>
#include <sched.h>

namespace loco::fabric::verbs {

Request *VerbsFabric::try_take_request(std::uint32_t &tag) {
  std::lock_guard lock(RequestsMutex);
  if (NumFreeTags == 0)
    return nullptr;
  tag = FreeTags[--NumFreeTags];
  return &Requests[tag];
}

Request &VerbsFabric::take_request(std::uint32_t &tag) {
  for (unsigned step = 0;; ++step) {
    if (Request *request = try_take_request(tag))
      return *request;
    wait_for_device(step);
  }
}

Internal VerbsFabric::ask(int node, Internal request) {
  Issued issued{};
  issued.node = node;
  issued.request = &take_request(issued.tag);
  begin_ask(issued, request);
  return end_ask(issued);
}

void VerbsFabric::begin_ask(Issued &issued, Internal request) {
  remote_place(issued.node, request.segment, request.offset, request.width);
  request.tag = issued.tag;
  issued.request->answered.store(0, std::memory_order_relaxed);
  issued.pack = Peers[issued.node]->last_pack();
  issued.number = send_internal(issued.node, request);
}

Internal VerbsFabric::end_ask(const Issued &issued) {
  constexpr long LookAgainUs = 100'000; // whether the peer is lost
  Connection &peer = *Peers[issued.node];
  Request &mine = *issued.request;
  auto answered = [&] {
    return mine.answered.load(std::memory_order_acquire) != 0;
  };
  const Clock::time_point start = Clock::now();
  while (!answered() && Clock::now() - start < PollTime) {
    if (ArrivalsMutex.try_lock()) {
      take_arrivals();
      ArrivalsMutex.unlock();
    }
    sched_yield();
  }
  while (!answered()) {
    futex_wait(mine.answered, 0, LookAgainUs);
    peer.try_poll();
  }
  peer.set_in_place(issued.number);
  peer.set_answered(issued.pack);
  const Internal reply = mine.reply;
  std::lock_guard lock(RequestsMutex);
  FreeTags[NumFreeTags++] = issued.tag;
  return reply;
}

Internal request_of(Operation operation, Segment segment,
                           std::uint64_t offset, unsigned width) {
  Internal request{};
  request.operation = operation;
  request.segment = segment;
  request.offset = offset;
  request.width = static_cast<std::uint8_t>(width);
  if (width > sizeof request.value)
    bad_width(width);
  return request;
}

std::uint64_t VerbsFabric::do_fetch_add(int node, Segment segment,
                                     std::uint64_t offset,
                                     std::uint64_t value) {
  if (node == this->node())
    return __atomic_fetch_add(reinterpret_cast<std::uint64_t *>(
                                  local_place(segment, offset, sizeof value)),
                              value, __ATOMIC_SEQ_CST);
  Internal request =
      request_of(Operation::FetchAdd, segment, offset, sizeof value);
  std::memcpy(request.value, &value, sizeof value);
  const Internal reply = ask(node, request);
  std::uint64_t before;
  std::memcpy(&before, reply.value, sizeof before);
  return before;
}

void VerbsFabric::do_atomic_load(int node, Segment segment, std::uint64_t offset,
                              void *into, unsigned width) {
  if (node == this->node())
    return cpu_atomic_load(local_place(segment, offset, width), into, width);
  const Internal reply =
      ask(node, request_of(Operation::Load, segment, offset, width));
  std::memcpy(into, reply.value, width);
}

void VerbsFabric::do_atomic_store(int node, Segment segment, std::uint64_t offset,
                               const void *from, unsigned width) {
  if (node == this->node())
    return cpu_atomic_store(local_place(segment, offset, width), from, width);
  Internal request = request_of(Operation::Store, segment, offset, width);
  std::memcpy(request.value, from, width);
  ask(node, request);
}

bool VerbsFabric::do_compare_exchange(int node, Segment segment,
                                   std::uint64_t offset, void *expected,
                                   const void *desired, unsigned width) {
  if (node == this->node())
    return cpu_compare_exchange(local_place(segment, offset, width), expected,
                                desired, width);
  Internal request =
      request_of(Operation::CompareExchange, segment, offset, width);
  std::memcpy(request.value, desired, width);
  std::memcpy(request.expected, expected, width);
  const Internal reply = ask(node, request);
  std::memcpy(expected, reply.value, width);
  return reply.exchanged != 0;
}

void VerbsFabric::execute(int source, const Internal &request) {
  std::byte *place =
      local_place(request.segment, request.offset, request.width);
  auto *message = reinterpret_cast<InternalMessage *>(
      ReplyBase +
      (static_cast<std::size_t>(source) * MaxRequests + request.tag) *
          ReplyBytes);
  InternalMessage answer{};
  answer.header = {static_cast<std::uint16_t>(Message::Internal), 0,
                   sizeof answer.body};
  Internal &reply = answer.body;
  reply.operation = Operation::Reply;
  reply.tag = request.tag;
  switch (request.operation) {
  case Operation::Load:
    cpu_atomic_load(place, reply.value, request.width);
    break;
  case Operation::Store:
    cpu_atomic_store(place, request.value, request.width);
    break;
  case Operation::CompareExchange:
    std::memcpy(reply.value, request.expected, sizeof reply.value);
    reply.exchanged =
        cpu_compare_exchange(place, reply.value, request.value, request.width);
    break;
  case Operation::FetchAdd: {
    std::uint64_t value;
    std::memcpy(&value, request.value, sizeof value);
    value = __atomic_fetch_add(reinterpret_cast<std::uint64_t *>(place), value,
                               __ATOMIC_SEQ_CST);
    std::memcpy(reply.value, &value, sizeof value);
    break;
  }
  case Operation::Fence:
    break;
  case Operation::Reply:
  case Operation::Notify:
  case Operation::Pack:
    return;
  }
  // Free again: the requester uses a tag after it has had the last reply.
  std::memcpy(message, &answer, sizeof answer);
  ibv_sge from{reinterpret_cast<std::uintptr_t>(message), sizeof answer,
               Own.region->lkey};
  ibv_send_wr wr{};
  wr.sg_list = &from;
  wr.num_sge = 1;
  wr.opcode = IBV_WR_SEND;
  Peers[source]->post(&wr, 1, Connection::Kind::Reply);
}

} // namespace loco::fabric::verbs
