// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/verbs_connection.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <sched.h>
#include <unistd.h>

namespace loco::fabric {

namespace {
std::atomic<bool> peers_leave{false};
}

void expect_peers_to_leave() { peers_leave.store(true); }

void lost_peer(int peer, const std::string &why) {
  static constexpr unsigned LongestExitSeconds = 3;
  if (peers_leave.load())
    sleep(LongestExitSeconds); // the process ends meanwhile
  fatal("node " + std::to_string(peer) + " is lost: " + why);
}

void wait_for_device(unsigned step) {
  static constexpr unsigned PausesFirst = 32;
  static constexpr unsigned YieldsNext = 4096;
  if (step < PausesFirst) {
    __builtin_ia32_pause();
  } else if (step < PausesFirst + YieldsNext) {
    sched_yield();
  } else {
    timespec nap{0, 100'000};
    nanosleep(&nap, nullptr);
  }
}

BufferPool::BufferPool() {
  for (int buffer = NumBuffers; buffer-- > 0;)
    Free[NumFree++] = buffer;
}

int BufferPool::try_take() {
  std::lock_guard lock(Mutex);
  return NumFree == 0 ? None : Free[--NumFree];
}

void BufferPool::give_back(int buffer) {
  std::lock_guard lock(Mutex);
  Free[NumFree++] = buffer;
}

Connection::~Connection() {
  if (Id && Id->qp)
    verbs_api.rdma_destroy_qp(Id);
  if (Sends)
    verbs_api.ibv_destroy_cq(Sends);
  if (Id)
    verbs_api.rdma_destroy_id(Id);
}

Result<void> Connection::create_queues(rdma_cm_id *id, ibv_pd *domain,
                                       ibv_cq *receives,
                                       unsigned receive_depth) {
  Id = id;
  Sends = verbs_api.ibv_create_cq(id->verbs, Depth, nullptr, nullptr, 0);
  if (!Sends)
    return Error{std::string("cannot create a completion queue: ") +
                 std::strerror(errno)};
  ibv_qp_init_attr attributes{};
  attributes.send_cq = Sends;
  attributes.recv_cq = receives;
  attributes.cap.max_send_wr = Depth;
  attributes.cap.max_recv_wr = receive_depth;
  attributes.cap.max_send_sge = 1;
  attributes.cap.max_recv_sge = 1;
  attributes.qp_type = IBV_QPT_RC;
  if (verbs_api.rdma_create_qp(id, domain, &attributes) != 0)
    return Error{std::string("cannot create a queue pair: ") +
                 std::strerror(errno)};
  return {};
}

void Connection::complete_to(std::uint64_t number) {
  std::uint64_t done = Completed.load(std::memory_order_relaxed);
  while (done < number) {
    int &buffer = BufferOf[++done % Depth];
    if (buffer != BufferPool::None)
      Pool.give_back(buffer);
    buffer = BufferPool::None;
  }
  Completed.store(number, std::memory_order_release);
}

void Connection::poll() {
  ibv_wc completions[16];
  for (;;) {
    int count = ibv_poll_cq(Sends, std::size(completions), completions);
    if (count < 0)
      lost_peer(Peer, "its completion queue cannot be read");
    for (int i = 0; i < count; ++i) {
      const ibv_wc &done = completions[i];
      if (done.status != IBV_WC_SUCCESS)
        lost_peer(Peer, verbs_api.ibv_wc_status_str(done.status));
      complete_to(done.wr_id);
    }
    if (count < static_cast<int>(std::size(completions)))
      return;
  }
}

void Connection::try_poll() {
  if (Mutex.try_lock()) {
    poll();
    Mutex.unlock();
  }
}

std::uint64_t Connection::post(ibv_send_wr *first, unsigned count, Kind kind,
                               int buffer) {
  const unsigned limit =
      kind == Kind::Reply ? Depth : Depth - ReservedForReplies;
  std::unique_lock lock(Mutex);
  for (unsigned step = 0; in_flight() + count > limit; ++step) {
    poll();
    if (in_flight() + count <= limit)
      break;
    lock.unlock();
    wait_for_device(step);
    lock.lock();
  }
  for (ibv_send_wr *request = first; request; request = request->next) {
    request->wr_id = ++Posted;
    request->send_flags = request->next ? 0 : IBV_SEND_SIGNALED;
    BufferOf[Posted % Depth] = request->next ? BufferPool::None : buffer;
  }
  // What this thread has asked to read is read before what comes now.
  if (first->opcode != IBV_WR_RDMA_READ && (thread_waits.gets >> Peer & 1) != 0)
    first->send_flags |= IBV_SEND_FENCE;
  const std::uint64_t number = Posted;
  if (kind == Kind::Put)
    LastPut.store(number, std::memory_order_relaxed);
  else if (kind == Kind::Packed)
    LastPacked.store(number, std::memory_order_relaxed);
  ibv_send_wr *bad = nullptr;
  if (int error = ibv_post_send(Id->qp, first, &bad))
    lost_peer(Peer, std::string("cannot post to its queue: ") +
                        std::strerror(error));
  return number;
}

void Connection::post_receive(ibv_recv_wr &request) {
  ibv_recv_wr *bad = nullptr;
  if (int error = ibv_post_recv(Id->qp, &request, &bad))
    lost_peer(Peer, std::string("cannot post a receive buffer: ") +
                        std::strerror(error));
}

void Connection::wait(std::uint64_t number) {
  for (unsigned step = 0;
       Completed.load(std::memory_order_acquire) < number; ++step) {
    try_poll();
    if (Completed.load(std::memory_order_acquire) >= number)
      return;
    wait_for_device(step);
  }
}

void Connection::wait_for_get(std::uint64_t number) {
  wait(number);
  set_in_place(number);
}

void Connection::flush(std::byte *landing, std::uint32_t landing_key) {
  // The completion of a write says that the peer's device has it, not that it
  // is in memory. A read is executed after the writes before it, and pushes
  // them there.
  if (!has_unflushed_puts())
    return;
  ibv_sge local{reinterpret_cast<std::uintptr_t>(landing), 8, landing_key};
  ibv_send_wr read{};
  read.sg_list = &local;
  read.num_sge = 1;
  read.opcode = IBV_WR_RDMA_READ;
  read.wr.rdma.remote_addr = remote(Segment::Control).base;
  read.wr.rdma.rkey = remote(Segment::Control).key;
  wait_for_get(post(&read, 1, Kind::Other));
}

} // namespace loco::fabric
