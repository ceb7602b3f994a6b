// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_transfer.cpp - get, put, scatter and flush over verbs: one-sided, and
// in packs.

#include "fabric/verbs_fabric.h"

#include <algorithm>
#include <cstring>

namespace loco::fabric::verbs {

std::byte *VerbsFabric::local_place(Segment segment, std::uint64_t offset,
                                    std::size_t bytes) {
  const Registered &in = local(segment);
  if (offset > in.bytes || bytes > in.bytes - offset) [[unlikely]]
    out_of_range(node(), offset, bytes);
  return in.base + offset;
}

std::uint64_t VerbsFabric::remote_place(int node, Segment segment,
                                        std::uint64_t offset,
                                        std::size_t bytes) {
  const RemoteSegment &in = Peers[node]->remote(segment);
  if (offset > in.bytes || bytes > in.bytes - offset) [[unlikely]]
    out_of_range(node, offset, bytes);
  return in.base + offset;
}

const Registered *VerbsFabric::registered(const void *at,
                                          std::size_t bytes) const {
  for (const Registered &in : Local)
    if (in.holds(at, bytes))
      return &in;
  return nullptr;
}

constexpr std::size_t MostAtOnce = 1 << 20; // devices limit a request

int VerbsFabric::take_buffer() {
  for (unsigned step = 0;; ++step) {
    if (int buffer = Pool.try_take(); buffer != BufferPool::None)
      return buffer;
    for (auto &peer : Peers)
      if (peer)
        peer->try_poll();
    wait_for_device(step);
  }
}

std::uint64_t VerbsFabric::read(int node, Segment segment,
                                std::uint64_t offset, void *into,
                                std::uint32_t key, std::size_t bytes) {
  ibv_sge to{reinterpret_cast<std::uintptr_t>(into),
             static_cast<std::uint32_t>(bytes), key};
  ibv_send_wr request{};
  request.sg_list = &to;
  request.num_sge = 1;
  request.opcode = IBV_WR_RDMA_READ;
  request.wr.rdma.remote_addr = remote_place(node, segment, offset, bytes);
  request.wr.rdma.rkey = Peers[node]->remote(segment).key;
  return one_sided(node).post(&request, 1, Connection::Kind::Other);
}

/// What this thread has issued and not waited for.
static thread_local struct {
  Issued all[MaxIssued];
  unsigned count;
} issued __attribute__((tls_model("initial-exec")));

Issued &VerbsFabric::next_issued() {
  if (issued.count == MaxIssued)
    do_wait();
  return issued.all[issued.count];
}

void VerbsFabric::do_get_later(int node, Segment segment, std::uint64_t offset,
                               void *into, std::size_t bytes) {
  if (node == this->node()) {
    std::memcpy(into, local_place(segment, offset, bytes), bytes);
    return;
  }
  auto *to = static_cast<std::byte *>(into);
  const Registered *direct = registered(into, bytes);
  const std::size_t step = direct ? MostAtOnce : BufferPool::BufferBytes;
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(step, bytes - done);
    next_issued();
    int buffer = BufferPool::None;
    if (!direct && (buffer = Pool.try_take()) == BufferPool::None) {
      do_wait(); // who keeps buffers waits for none
      buffer = take_buffer();
    }
    std::byte *place = direct ? to + done : Pool.bytes(buffer);
    const std::uint64_t number =
        read(node, segment, offset + done, place,
             direct ? direct->region->lkey : Pool.key(), count);
    issued.all[issued.count++] = {.node = node,
                                  .buffer = buffer,
                                  .number = number,
                                  .request = nullptr,
                                  .tag = 0,
                                  .bytes = static_cast<std::uint32_t>(count),
                                  .pack = 0,
                                  .into = to + done};
    done += count;
  }
}

void VerbsFabric::do_atomic_load_later(int node, Segment segment,
                                       std::uint64_t offset, void *into,
                                       unsigned width) {
  if (node == this->node())
    return do_atomic_load(node, segment, offset, into, width);
  next_issued();
  Internal request = request_of(Operation::Load, segment, offset, width);
  Issued load{.node = node,
              .buffer = BufferPool::None,
              .number = 0,
              .request = nullptr,
              .tag = 0,
              .bytes = width,
              .pack = 0,
              .into = into};
  load.request = try_take_request(load.tag);
  if (load.request == nullptr) {
    do_wait(); // who keeps requests waits for none
    load.request = &take_request(load.tag);
  }
  begin_ask(load, request);
  issued.all[issued.count++] = load;
}

void VerbsFabric::finish(const Issued &one) {
  if (one.request != nullptr) {
    const Internal reply = end_ask(one);
    std::memcpy(one.into, reply.value, one.bytes);
    return;
  }
  Peers[one.node]->wait_for_get(one.number);
  if (one.buffer == BufferPool::None)
    return;
  std::memcpy(one.into, Pool.bytes(one.buffer), one.bytes);
  Pool.give_back(one.buffer);
}

void VerbsFabric::do_wait() {
  for (unsigned i = 0; i < issued.count; ++i)
    finish(issued.all[i]);
  issued.count = 0;
}

static bool has_issued_load(int node) {
  for (unsigned i = 0; i < issued.count; ++i)
    if (issued.all[i].node == node && issued.all[i].request != nullptr)
      return true;
  return false;
}

void VerbsFabric::do_get(int node, Segment segment, std::uint64_t offset,
                      void *into, std::size_t bytes) {
  if (node == this->node()) {
    std::memcpy(into, local_place(segment, offset, bytes), bytes);
    return;
  }
  auto *to = static_cast<std::byte *>(into);
  const Registered *direct = registered(into, bytes);
  const std::size_t step = direct ? MostAtOnce : BufferPool::BufferBytes;
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(step, bytes - done);
    if (direct) {
      Peers[node]->wait_for_get(read(node, segment, offset + done, to + done,
                                     direct->region->lkey, count));
    } else {
      int buffer = take_buffer();
      Peers[node]->wait_for_get(read(node, segment, offset + done,
                                     Pool.bytes(buffer), Pool.key(), count));
      std::memcpy(to + done, Pool.bytes(buffer), count);
      Pool.give_back(buffer);
    }
    done += count;
  }
}

void VerbsFabric::do_put(int node, Segment segment, std::uint64_t offset,
                      const void *from, std::size_t bytes) {
  if (node == this->node()) {
    std::memcpy(local_place(segment, offset, bytes), from, bytes);
    return;
  }
  // Always through a buffer: the caller may use the source again at once.
  auto *source = static_cast<const std::byte *>(from);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(BufferPool::BufferBytes, bytes - done);
    const std::uint64_t to = remote_place(node, segment, offset + done, count);
    int buffer = take_buffer();
    std::memcpy(Pool.bytes(buffer), source + done, count);
    ibv_sge local{reinterpret_cast<std::uintptr_t>(Pool.bytes(buffer)),
                  static_cast<std::uint32_t>(count), Pool.key()};
    ibv_send_wr request{};
    request.sg_list = &local;
    request.num_sge = 1;
    request.opcode = IBV_WR_RDMA_WRITE;
    request.wr.rdma.remote_addr = to;
    request.wr.rdma.rkey = Peers[node]->remote(segment).key;
    one_sided(node).post(&request, 1, Connection::Kind::Put, buffer);
    done += count;
  }
}

void VerbsFabric::do_scatter(int node, Segment segment,
                          std::span<const Piece> pieces) {
  if (node == this->node()) {
    for (const Piece &piece : pieces)
      std::memcpy(local_place(segment, piece.offset, piece.bytes), piece.source,
                  piece.bytes);
    return;
  }
  std::size_t bytes = 0;
  for (const Piece &piece : pieces)
    bytes += piece.bytes;
  constexpr std::size_t FewPieces = 8, SmallPiece = 128;
  if (pieces.size() > FewPieces && bytes < pieces.size() * SmallPiece)
    return scatter_packed(node, segment, pieces);
  // One write a piece, in chains of which the last is signalled.
  constexpr unsigned ChainLength = 32;
  ibv_send_wr chain[ChainLength];
  ibv_sge sources[ChainLength];
  unsigned length = 0;
  int buffer = BufferPool::None;
  std::size_t buffer_used = 0;
  auto post_chain = [&] {
    if (length == 0)
      return;
    chain[length - 1].next = nullptr;
    one_sided(node).post(chain, length, Connection::Kind::Put, buffer);
    length = 0;
    buffer = BufferPool::None;
    buffer_used = 0;
  };
  for (const Piece &piece : pieces) {
    if (piece.bytes == 0)
      continue;
    const Registered *direct = registered(piece.source, piece.bytes);
    if (!direct && piece.bytes > BufferPool::BufferBytes - buffer_used)
      post_chain();
    if (!direct && piece.bytes > BufferPool::BufferBytes) {
      do_put(node, segment, piece.offset, piece.source, piece.bytes);
      continue;
    }
    ibv_sge &source = sources[length];
    if (direct) {
      source = {reinterpret_cast<std::uintptr_t>(piece.source), piece.bytes,
                direct->region->lkey};
    } else {
      if (buffer == BufferPool::None)
        buffer = take_buffer();
      std::byte *copy = Pool.bytes(buffer) + buffer_used;
      std::memcpy(copy, piece.source, piece.bytes);
      buffer_used += piece.bytes;
      source = {reinterpret_cast<std::uintptr_t>(copy), piece.bytes,
                Pool.key()};
    }
    ibv_send_wr &request = chain[length];
    request = {};
    request.next = &chain[length + 1];
    request.sg_list = &source;
    request.num_sge = 1;
    request.opcode = IBV_WR_RDMA_WRITE;
    request.wr.rdma.remote_addr =
        remote_place(node, segment, piece.offset, piece.bytes);
    request.wr.rdma.rkey = Peers[node]->remote(segment).key;
    if (++length == ChainLength)
      post_chain();
  }
  post_chain();
}

void VerbsFabric::scatter_packed(int node, Segment segment,
                                 std::span<const Piece> pieces) {
  int buffer = BufferPool::None;
  std::byte *message = nullptr, *at = nullptr;
  PackHeader pack{};
  auto room = [&] {
    return sizeof(MessageHeader) + MaxPayloadBytes -
           static_cast<std::size_t>(at - message);
  };
  auto send_pack = [&] {
    if (buffer == BufferPool::None)
      return;
    const auto bytes = static_cast<std::uint32_t>(at - message);
    MessageHeader header{
        static_cast<std::uint16_t>(Message::Internal), 0,
        static_cast<std::uint32_t>(bytes - sizeof(MessageHeader))};
    std::memcpy(message, &header, sizeof header);
    std::memcpy(message + sizeof header, &pack, sizeof pack);
    post_message(node, buffer, bytes, Connection::Kind::Packed);
    buffer = BufferPool::None;
  };
  for (const Piece &piece : pieces) {
    remote_place(node, segment, piece.offset, piece.bytes);
    std::uint32_t done = 0;
    while (done < piece.bytes) {
      const std::uint64_t offset = piece.offset + done;
      if (buffer != BufferPool::None &&
          (offset < pack.base || offset - pack.base > UINT16_MAX ||
           room() <= sizeof(PackedPiece)))
        send_pack();
      if (buffer == BufferPool::None) {
        buffer = take_buffer();
        message = Pool.bytes(buffer);
        at = message + sizeof(MessageHeader) + sizeof pack;
        pack = {Operation::Pack, segment, 0, 0, offset};
      }
      const std::size_t count = std::min<std::size_t>(
          piece.bytes - done, room() - sizeof(PackedPiece));
      PackedPiece packed{static_cast<std::uint16_t>(offset - pack.base),
                         static_cast<std::uint16_t>(count)};
      std::memcpy(at, &packed, sizeof packed);
      std::memcpy(at + sizeof packed,
                  static_cast<const std::byte *>(piece.source) + done, count);
      at += sizeof packed + count;
      ++pack.count;
      done += static_cast<std::uint32_t>(count);
    }
  }
  send_pack();
}

void VerbsFabric::unpack(const std::byte *pack) {
  PackHeader header;
  std::memcpy(&header, pack, sizeof header);
  pack += sizeof header;
  for (unsigned i = 0; i < header.count; ++i) {
    PackedPiece piece;
    std::memcpy(&piece, pack, sizeof piece);
    std::memcpy(
        local_place(header.segment, header.base + piece.offset, piece.bytes),
        pack + sizeof piece, piece.bytes);
    pack += sizeof piece + piece.bytes;
  }
}

void VerbsFabric::fence(int node) {
  Internal request{};
  request.operation = Operation::Fence;
  ask(node, request);
}

Connection &VerbsFabric::one_sided(int node) {
  if (has_issued_load(node))
    do_wait(); // the peer's CPU makes it: what is one-sided would overtake it
  if (Peers[node]->has_unanswered_packs())
    fence(node);
  return *Peers[node];
}

void VerbsFabric::do_flush() {
  // Those of other threads as well: puts complete in the order of posting.
  for (int peer = 0; peer < num_nodes(); ++peer)
    if (peer != node())
      one_sided(peer).flush(Landing, Own.region->lkey);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

} // namespace loco::fabric::verbs
