// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_fabric.h - the fabric over RDMA: a reliable connected queue pair
// between each two nodes. get, put and scatter are one-sided; messages are
// sends into receive buffers of the peer.
//
// A scatter of many small pieces travels in messages, which the target's CPU
// unpacks: a write a piece costs the devices far more than the bytes.
//
// Atomics are messages, too, which the target answers with its CPU's atomics:
// those of today's devices are atomic with each other only, and aligned words
// are not read whole by every device (Soft-RoCE copies them bytewise).
//
// Two threads serve a node. `loco-network` waits for messages; it executes
// atomics and wakes sleepers at once, queues the messages of the
// layers above, and never waits for anything a peer has to do first. So
// `loco-progress`, which runs the handlers, may itself need an atomic.
#pragma once

#include "base/thread.h"
#include "fabric/fabric.h"
#include "fabric/message_queue.h"
#include "fabric/verbs_connection.h"
#include "fabric/verbs_device.h"
#include "fabric/verbs_wire.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace loco::fabric::verbs {

using Clock = std::chrono::steady_clock;

/// How long the network thread and those that wait for a reply poll, yielding,
/// before they sleep: waking up takes longer than the network.
inline constexpr std::chrono::microseconds PollTime{100};

/// An atomic that waits for its reply. Not on the stack of the thread that
/// waits: that may be in the window.
struct Request {
  std::atomic<std::uint32_t> answered{1};
  Internal reply;
};

/// What a thread has issued with `later`: a read, or an atomic load.
struct Issued {
  int node;
  int buffer;           ///< of the pool, where a read goes first; or None
  std::uint64_t number; ///< of the work request
  Request *request;     ///< of a load; null: it is a read
  std::uint32_t tag;    ///< of the request
  std::uint32_t bytes;
  std::uint64_t pack;   ///< the last before the request
  void *into;
};
inline constexpr unsigned MaxIssued = 64;

/// Of atomics under way; the buffers for replies are by tag.
inline constexpr unsigned MaxRequests = Connection::ReservedForReplies;
inline constexpr std::size_t ReplyBytes = 128;
static_assert(sizeof(InternalMessage) <= ReplyBytes);

inline constexpr unsigned ReceiveDepth = 128;
inline constexpr std::size_t ReceiveBytes = 8448;
static_assert(sizeof(MessageHeader) + MaxPayloadBytes <= ReceiveBytes);
static_assert(ReceiveBytes <= BufferPool::BufferBytes);

inline constexpr std::size_t LandingBytes = 64;

/// Registered memory of the fabric itself.
inline std::size_t own_bytes_of(int num_nodes) {
  return BufferPool::TotalBytes +
         static_cast<std::size_t>(num_nodes) *
             (ReceiveDepth * ReceiveBytes + MaxRequests * ReplyBytes) +
         LandingBytes;
}

Internal request_of(Operation operation, Segment segment, std::uint64_t offset,
                    unsigned width);

class VerbsFabric final : public Fabric {
public:
  VerbsFabric(int node, int num_nodes)
      : Fabric(node, num_nodes), Peers(num_nodes) {
    TimesWaits = true;
  }
  ~VerbsFabric() override;

  Result<void> connect(const Config &config, Bootstrap &bootstrap);

  const char *name() const override { return "verbs"; }
  bool pins_memory() const override { return true; }
  void do_get(int node, Segment segment, std::uint64_t offset, void *into,
           std::size_t bytes) override;
  void do_get_later(int node, Segment segment, std::uint64_t offset, void *into,
                    std::size_t bytes) override;
  void do_atomic_load_later(int node, Segment segment, std::uint64_t offset,
                            void *into, unsigned width) override;
  void do_wait() override;
  void do_put(int node, Segment segment, std::uint64_t offset, const void *from,
           std::size_t bytes) override;
  void do_scatter(int node, Segment segment,
               std::span<const Piece> pieces) override;
  void do_flush() override;
  std::uint64_t do_fetch_add(int node, Segment segment, std::uint64_t offset,
                          std::uint64_t value) override;
  void do_atomic_load(int node, Segment segment, std::uint64_t offset, void *into,
                   unsigned width) override;
  void do_atomic_store(int node, Segment segment, std::uint64_t offset,
                    const void *from, unsigned width) override;
  bool do_compare_exchange(int node, Segment segment, std::uint64_t offset,
                        void *expected, const void *desired,
                        unsigned width) override;
  void do_send(int node, const MessageHeader &header,
            std::span<const std::byte> payload) override;
  void start() override;
  void stop() override;
  void do_notify(int node) override;

private:
  // Connecting.
  Result<void> open_memory(const Config &config);
  Result<void> exchange_addresses(Bootstrap &bootstrap);
  Result<void> connect_to(int peer);
  Result<void> accept_one();
  Result<void> add_peer(int peer, rdma_cm_id *id);
  rdma_conn_param parameters(const Greeting *greeting) const;

  // Places and buffers.
  const Registered &local(Segment segment) const {
    return Local[static_cast<int>(segment)];
  }
  std::byte *local_place(Segment segment, std::uint64_t offset,
                         std::size_t bytes);
  std::uint64_t remote_place(int node, Segment segment, std::uint64_t offset,
                             std::size_t bytes);
  /// The segment that holds these bytes, so that the device may reach them.
  const Registered *registered(const void *at, std::size_t bytes) const;
  int take_buffer();
  void scatter_packed(int node, Segment segment, std::span<const Piece> pieces);
  /// The connection to a node, once what travels to it in packs is in place,
  /// as one-sided operations would overtake it.
  Connection &one_sided(int node);
  void fence(int node);
  /// Posts a read, and returns its number.
  std::uint64_t read(int node, Segment segment, std::uint64_t offset,
                     void *into, std::uint32_t key, std::size_t bytes);
  /// This thread's place for one more, once there is one.
  Issued &next_issued();
  void finish(const Issued &issued);

  // Messages and atomics.
  std::uint64_t send_message(int node, const MessageHeader &header,
                             const void *payload);
  /// Sends the first bytes of a buffer of the pool.
  std::uint64_t post_message(int node, int buffer, std::uint32_t bytes,
                             Connection::Kind kind);
  std::uint64_t send_internal(int node, const Internal &body);
  /// Sends an atomic to another node and waits for the reply.
  Internal ask(int node, Internal request);
  void begin_ask(Issued &issued, Internal request);
  Internal end_ask(const Issued &issued);
  Request *try_take_request(std::uint32_t &tag);
  Request &take_request(std::uint32_t &tag);

  // The network thread.
  static void network_main(void *self);
  void network();
  /// Takes some of the messages that have arrived, with ArrivalsMutex held.
  bool take_arrivals();
  void arrived(int source, const std::byte *buffer);
  void internal_arrived(int source, const Internal &body);
  void execute(int source, const Internal &request);
  void unpack(const std::byte *pack);
  std::byte *receive_buffer(std::uint64_t index);
  void post_receive(std::uint64_t index);

  // The progress thread.
  static void progress_main(void *self);
  void progress();
  void queue_message(int source, const MessageHeader &header,
                     const std::byte *payload);

  VerbsDevice Device;
  Registered Local[2]; ///< by segment
  Registered Own;      ///< buffers: the pool, receives, replies, a landing
  BufferPool Pool;
  std::byte *ReceiveBase = nullptr;
  std::byte *ReplyBase = nullptr;
  std::byte *Landing = nullptr; ///< where reads that only flush put their bytes
  std::vector<Address> Addresses;
  std::vector<std::unique_ptr<Connection>> Peers; ///< by node; none for itself
  ibv_comp_channel *Channel = nullptr;
  ibv_cq *Receives = nullptr;

  std::mutex RequestsMutex;
  std::uint32_t FreeTags[MaxRequests];
  unsigned NumFreeTags = 0;
  Request Requests[MaxRequests];

  std::mutex ArrivalsMutex; ///< messages are taken in order
  InternalThread Network;
  int NetworkStop = -1; ///< an eventfd

  InternalThread Progress;
  std::atomic<bool> Stopping{false};
  std::mutex QueueMutex;
  MessageQueue Queue;
  std::atomic<std::uint32_t> QueueRings{0};
};

} // namespace loco::fabric::verbs
