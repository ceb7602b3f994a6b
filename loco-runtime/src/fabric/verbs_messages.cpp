// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_messages.cpp - messages over verbs, and the two threads that take and
// handle them.

#include "base/futex.h"
#include "fabric/verbs_fabric.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>

namespace loco::fabric::verbs {

std::uint64_t VerbsFabric::send_message(int node, const MessageHeader &header,
                                        const void *payload) {
  int buffer = take_buffer();
  std::byte *message = Pool.bytes(buffer);
  std::memcpy(message, &header, sizeof header);
  if (header.bytes != 0)
    std::memcpy(message + sizeof header, payload, header.bytes);
  return post_message(node, buffer,
                      static_cast<std::uint32_t>(sizeof header + header.bytes),
                      Connection::Kind::Other);
}

std::uint64_t VerbsFabric::post_message(int node, int buffer,
                                        std::uint32_t bytes,
                                        Connection::Kind kind) {
  ibv_sge from{reinterpret_cast<std::uintptr_t>(Pool.bytes(buffer)), bytes,
               Pool.key()};
  ibv_send_wr request{};
  request.sg_list = &from;
  request.num_sge = 1;
  request.opcode = IBV_WR_SEND;
  return Peers[node]->post(&request, 1, kind, buffer);
}

std::uint64_t VerbsFabric::send_internal(int node, const Internal &body) {
  return send_message(node,
               {static_cast<std::uint16_t>(Message::Internal), 0, sizeof body},
               &body);
}

void VerbsFabric::do_send(int node, const MessageHeader &header,
                       std::span<const std::byte> payload) {
  if (node == this->node()) {
    queue_message(node, header, payload.data());
    return;
  }
  const std::uint64_t number = send_message(node, header, payload.data());
  if (header.message == static_cast<std::uint16_t>(Message::Shutdown)) {
    // This process may end next, and its queue pairs with it.
    Peers[node]->wait(number);
    expect_peers_to_leave();
  }
}

void VerbsFabric::do_notify(int node) {
  // The message comes after what was put to that node, also in packs.
  if (node == this->node()) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    wake_sleepers(Events);
    return;
  }
  Internal body{};
  body.operation = Operation::Notify;
  send_internal(node, body);
}

// ------------------------------------------------------ the network thread

std::byte *VerbsFabric::receive_buffer(std::uint64_t index) {
  return ReceiveBase + index * ReceiveBytes;
}

void VerbsFabric::post_receive(std::uint64_t index) {
  ibv_sge into{reinterpret_cast<std::uintptr_t>(receive_buffer(index)),
               ReceiveBytes, Own.region->lkey};
  ibv_recv_wr request{};
  request.wr_id = index;
  request.sg_list = &into;
  request.num_sge = 1;
  Peers[index / ReceiveDepth]->post_receive(request);
}

void VerbsFabric::network_main(void *self) {
  static_cast<VerbsFabric *>(self)->network();
}

void VerbsFabric::network() {
  fcntl(Channel->fd, F_SETFL, fcntl(Channel->fd, F_GETFL) | O_NONBLOCK);
  auto take = [this] {
    std::lock_guard lock(ArrivalsMutex);
    return take_arrivals();
  };
  for (;;) {
    for (auto last = Clock::now(); Clock::now() - last < PollTime;
         sched_yield())
      if (take())
        last = Clock::now();
    // Asked for before the last look: what comes after the look wakes us.
    if (ibv_req_notify_cq(Receives, 0) != 0)
      fatal("the RDMA device refuses to tell of messages");
    while (take())
      ;
    pollfd events[] = {{Channel->fd, POLLIN, 0}, {NetworkStop, POLLIN, 0}};
    if (::poll(events, std::size(events), -1) < 0 && errno != EINTR)
      fatal_errno("cannot wait for messages");
    if (events[1].revents)
      return;
    ibv_cq *queue;
    void *context;
    if (verbs_api.ibv_get_cq_event(Channel, &queue, &context) == 0)
      verbs_api.ibv_ack_cq_events(queue, 1);
  }
}

bool VerbsFabric::take_arrivals() {
  ibv_wc completions[16];
  int count = ibv_poll_cq(Receives, std::size(completions), completions);
  if (count < 0)
    fatal("the RDMA device's queue of messages cannot be read");
  for (int i = 0; i < count; ++i) {
    const ibv_wc &done = completions[i];
    const int source = static_cast<int>(done.wr_id / ReceiveDepth);
    if (done.status != IBV_WC_SUCCESS)
      lost_peer(source, verbs_api.ibv_wc_status_str(done.status));
    arrived(source, receive_buffer(done.wr_id));
    post_receive(done.wr_id);
  }
  return count > 0;
}

void VerbsFabric::arrived(int source, const std::byte *buffer) {
  MessageHeader header;
  std::memcpy(&header, buffer, sizeof header);
  if (header.message != static_cast<std::uint16_t>(Message::Internal)) {
    if (header.message == static_cast<std::uint16_t>(Message::Shutdown))
      expect_peers_to_leave();
    queue_message(source, header, buffer + sizeof header);
    return;
  }
  Operation operation;
  std::memcpy(&operation, buffer + sizeof header, sizeof operation);
  if (operation == Operation::Pack)
    return unpack(buffer + sizeof header);
  Internal body;
  std::memcpy(&body, buffer + sizeof header, sizeof body);
  internal_arrived(source, body);
}

void VerbsFabric::internal_arrived(int source, const Internal &body) {
  switch (body.operation) {
  case Operation::Reply: {
    Request &request = Requests[body.tag];
    request.reply = body;
    request.answered.store(1, std::memory_order_release);
    futex_wake(request.answered, 1);
    return;
  }
  case Operation::Notify:
    return wake_sleepers(Events);
  default:
    return execute(source, body);
  }
}

// ----------------------------------------------------- the progress thread

void VerbsFabric::queue_message(int source, const MessageHeader &header,
                                const std::byte *payload) {
  {
    std::lock_guard lock(QueueMutex);
    Queue.push(source, header, payload);
  }
  QueueRings.fetch_add(1, std::memory_order_release);
  futex_wake(QueueRings, 1);
}

void VerbsFabric::start() {
  Stopping.store(false);
  Progress = start_internal_thread("loco-progress", progress_main, this);
}

void VerbsFabric::stop() {
  if (!Progress.running())
    return;
  Stopping.store(true);
  QueueRings.fetch_add(1, std::memory_order_release);
  futex_wake(QueueRings);
  Progress.join();
}

void VerbsFabric::progress_main(void *self) {
  static_cast<VerbsFabric *>(self)->progress();
}

void VerbsFabric::progress() {
  alignas(16) std::byte payload[MaxPayloadBytes];
  while (!Stopping.load()) {
    const std::uint32_t seen = QueueRings.load(std::memory_order_acquire);
    MessageHeader header;
    int source = -1;
    {
      std::lock_guard lock(QueueMutex);
      if (!Queue.empty())
        source = Queue.pop(header, payload);
    }
    if (source < 0) {
      if (!Stopping.load())
        futex_wait(QueueRings, seen, -1);
      continue;
    }
    handle(source, header, {payload, header.bytes});
  }
}

} // namespace loco::fabric::verbs
