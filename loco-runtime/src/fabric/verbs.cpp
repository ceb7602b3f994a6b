// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs.cpp - the fabric over RDMA: a reliable connected queue pair between
// each two nodes. get, put and scatter are one-sided; messages are sends into
// receive buffers of the peer.
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
#include "base/futex.h"
#include "base/settings.h"
#include "base/thread.h"
#include "fabric/backends.h"
#include "fabric/cpu_atomics.h"
#include "fabric/message_queue.h"
#include "fabric/verbs_connection.h"
#include "fabric/verbs_device.h"
#include "launch/bootstrap.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

namespace loco::fabric {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int ConnectTimeoutMs = 30'000;
/// How long the network thread and those that wait for a reply poll, yielding,
/// before they sleep: waking up takes longer than the network.
constexpr std::chrono::microseconds PollTime{100};

/// What a node tells the others of itself.
struct Address {
  sockaddr_storage where; ///< with the port it listens on
  std::uint64_t token;    ///< shown by those that connect: they are of this job
  RemoteSegment segments[2];
};

/// Shown to the node that is connected to.
struct Greeting {
  std::uint64_t token;
  std::int32_t node;
};

enum class Operation : std::uint8_t {
  Load,
  Store,
  CompareExchange,
  FetchAdd,
  Fence, ///< answers, and does nothing else
  Reply,
  Notify,
  Pack ///< PackHeader follows in place of Internal
};

/// The payload of Message::Internal.
struct Internal {
  Operation operation;
  Segment segment;
  std::uint8_t width;
  std::uint8_t exchanged; ///< Reply to CompareExchange
  std::uint32_t tag;      ///< of the request, also in its Reply
  std::uint64_t offset;
  std::byte value[16];    ///< operand, or what was found
  std::byte expected[16]; ///< CompareExchange
};

/// Pieces of a scatter, of which each is a PackedPiece and its bytes.
struct PackHeader {
  Operation operation;
  Segment segment;
  std::uint16_t count;
  std::uint32_t padding;
  std::uint64_t base;
};
struct PackedPiece {
  std::uint16_t offset; ///< from the base
  std::uint16_t bytes;
};

struct InternalMessage {
  MessageHeader header;
  Internal body;
};
static_assert(sizeof(InternalMessage) ==
              sizeof(MessageHeader) + sizeof(Internal)); // no gap on the wire

/// An atomic that waits for its reply. Not on the stack of the thread that
/// waits: that may be in the window.
struct Request {
  std::atomic<std::uint32_t> answered{1};
  Internal reply;
};

/// Of atomics under way; the buffers for replies are by tag.
constexpr unsigned MaxRequests = Connection::ReservedForReplies;
constexpr std::size_t ReplyBytes = 128;
static_assert(sizeof(InternalMessage) <= ReplyBytes);

constexpr unsigned ReceiveDepth = 128;
constexpr std::size_t ReceiveBytes = 8448;
static_assert(sizeof(MessageHeader) + MaxPayloadBytes <= ReceiveBytes);
static_assert(ReceiveBytes <= BufferPool::BufferBytes);

constexpr std::size_t LandingBytes = 64;

/// Registered memory of the fabric itself.
std::size_t own_bytes_of(int num_nodes) {
  return BufferPool::TotalBytes +
         static_cast<std::size_t>(num_nodes) *
             (ReceiveDepth * ReceiveBytes + MaxRequests * ReplyBytes) +
         LandingBytes;
}

class VerbsFabric final : public Fabric {
public:
  VerbsFabric(int node, int num_nodes)
      : Fabric(node, num_nodes), Peers(num_nodes) {}
  ~VerbsFabric() override;

  Result<void> connect(const Config &config, Bootstrap &bootstrap);

  const char *name() const override { return "verbs"; }
  bool pins_memory() const override { return true; }
  void get(int node, Segment segment, std::uint64_t offset, void *into,
           std::size_t bytes) override;
  void put(int node, Segment segment, std::uint64_t offset, const void *from,
           std::size_t bytes) override;
  void scatter(int node, Segment segment,
               std::span<const Piece> pieces) override;
  void flush() override;
  std::uint64_t fetch_add(int node, Segment segment, std::uint64_t offset,
                          std::uint64_t value) override;
  void atomic_load(int node, Segment segment, std::uint64_t offset, void *into,
                   unsigned width) override;
  void atomic_store(int node, Segment segment, std::uint64_t offset,
                    const void *from, unsigned width) override;
  bool compare_exchange(int node, Segment segment, std::uint64_t offset,
                        void *expected, const void *desired,
                        unsigned width) override;
  void send(int node, Message message,
            std::span<const std::byte> payload) override;
  void start() override;
  void stop() override;
  void notify(int node) override;

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
  void scatter_packed(int node, Segment segment,
                      std::span<const Piece> pieces);
  /// The connection to a node, once what travels to it in packs is in place,
  /// as one-sided operations would overtake it.
  Connection &one_sided(int node);
  void fence(int node);
  void read(int node, Segment segment, std::uint64_t offset, void *into,
            std::uint32_t key, std::size_t bytes);

  // Messages and atomics.
  std::uint64_t send_message(int node, const MessageHeader &header,
                             const void *payload);
  /// Sends the first bytes of a buffer of the pool.
  std::uint64_t post_message(int node, int buffer, std::uint32_t bytes,
                             Connection::Kind kind);
  void send_internal(int node, const Internal &body);
  /// Sends an atomic to another node and waits for the reply.
  Internal ask(int node, Internal request);
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

Result<std::byte *> map_shared_anonymous(std::uint64_t bytes,
                                         const char *what) {
  // Shared: registered private pages would part from the program's at a fork.
  void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return Error{std::string("cannot map ") + what + " (" +
                 std::to_string(bytes >> 20) +
                 " MiB): " + std::strerror(errno)};
  return static_cast<std::byte *>(mapped);
}

std::string machine_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// -------------------------------------------------------------- connecting

Result<void> VerbsFabric::open_memory(const Config &config) {
  Result<std::byte *> control =
      map_shared_anonymous(config.control_bytes, "the control segment");
  if (!control.ok())
    return control.error();
  ControlBase = control.value();
  ControlBytes = config.control_bytes;
  reserve_events();
  const std::size_t own_bytes = own_bytes_of(num_nodes());
  Result<std::byte *> own = map_shared_anonymous(own_bytes, "buffers");
  if (!own.ok())
    return own.error();

  struct {
    void *base;
    std::uint64_t bytes;
    const char *what;
    Registered &into;
  } ranges[] = {
      {config.memory, config.memory_bytes, "the memory segment",
       Local[static_cast<int>(Segment::Memory)]},
      {ControlBase, ControlBytes, "the control segment",
       Local[static_cast<int>(Segment::Control)]},
      {own.value(), own_bytes, "buffers", Own},
  };
  for (auto &range : ranges) {
    Result<Registered> done =
        Device.register_memory(range.base, range.bytes, range.what);
    if (!done.ok())
      return done.error();
    range.into = done.value();
  }
  Pool.open(Own.base, Own.region->lkey);
  ReceiveBase = Own.base + BufferPool::TotalBytes;
  ReplyBase = ReceiveBase + ReceiveDepth * ReceiveBytes *
                                static_cast<std::size_t>(num_nodes());
  Landing = Own.base + own_bytes - LandingBytes;
  for (std::uint32_t tag = 0; tag < MaxRequests; ++tag)
    FreeTags[NumFreeTags++] = tag;
  return {};
}

Result<void> VerbsFabric::exchange_addresses(Bootstrap &bootstrap) {
  Address mine{};
  mine.where = Device.address();
  // The port lies at the same place for both families.
  reinterpret_cast<sockaddr_in &>(mine.where).sin_port =
      verbs_api.rdma_get_src_port(Device.listener());
  if (getrandom(&mine.token, sizeof mine.token, 0) != sizeof mine.token)
    return Error{"getrandom() gives no random bytes"};
  for (Segment segment : {Segment::Memory, Segment::Control}) {
    const Registered &from = local(segment);
    mine.segments[static_cast<int>(segment)] = {
        reinterpret_cast<std::uintptr_t>(from.base), from.bytes,
        from.region->rkey, 0};
  }
  Result<std::vector<std::string>> gathered = bootstrap.all_gather(
      std::string(reinterpret_cast<const char *>(&mine), sizeof mine));
  if (!gathered.ok())
    return gathered.error();
  for (int peer = 0; peer < num_nodes(); ++peer) {
    Address address;
    if (gathered.value()[peer].size() != sizeof address)
      return Error{"node " + std::to_string(peer) +
                   " speaks another version of the verbs fabric"};
    std::memcpy(&address, gathered.value()[peer].data(), sizeof address);
    for (Segment segment : {Segment::Memory, Segment::Control})
      if (address.segments[static_cast<int>(segment)].bytes !=
          local(segment).bytes)
        return Error{"node " + std::to_string(peer) +
                     " has segments of another size (LOCO_WINDOW must be the "
                     "same on all nodes)"};
    Addresses.push_back(address);
  }
  return {};
}

rdma_conn_param VerbsFabric::parameters(const Greeting *greeting) const {
  constexpr int MostReads = 16;
  rdma_conn_param with{};
  with.private_data = greeting;
  with.private_data_len = greeting ? sizeof *greeting : 0;
  with.responder_resources =
      std::min(Device.attributes().max_qp_rd_atom, MostReads);
  with.initiator_depth =
      std::min(Device.attributes().max_qp_init_rd_atom, MostReads);
  with.retry_count = 7;
  with.rnr_retry_count = 7; // for ever: the peer's network thread never waits
  return with;
}

Result<void> VerbsFabric::add_peer(int peer, rdma_cm_id *id) {
  Peers[peer] = std::make_unique<Connection>(peer, Pool);
  if (Result<void> made = Peers[peer]->create_queues(id, Device.domain(),
                                                     Receives, ReceiveDepth);
      !made.ok())
    return Error{made.error().message + " (for node " + std::to_string(peer) +
                 ", on " + Device.describe() + ")"};
  for (Segment segment : {Segment::Memory, Segment::Control})
    Peers[peer]->set_remote(
        segment, Addresses[peer].segments[static_cast<int>(segment)]);
  for (unsigned i = 0; i < ReceiveDepth; ++i)
    post_receive(static_cast<std::uint64_t>(peer) * ReceiveDepth + i);
  return {};
}

/// Without it a sender tries again after 655 ms where all buffers were full.
void shorten_receiver_not_ready_delay(ibv_qp *queue) {
  ibv_qp_attr attributes{};
  attributes.min_rnr_timer = 5; // 60 us
  verbs_api.ibv_modify_qp(queue, &attributes, IBV_QP_MIN_RNR_TIMER);
}

/// The connection manager's own choice may take a minute to find a peer lost;
/// this with 8 tries takes about 2 s, or a few times that by the device's delays.
void shorten_ack_timeout(rdma_cm_id *id) {
  std::uint8_t exponent = 16; // 4.096 us * 2^16
  verbs_api.rdma_set_option(id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT,
                            &exponent, sizeof exponent);
}

Result<void> VerbsFabric::connect_to(int peer) {
  sockaddr_storage from = Device.address();
  sockaddr_storage to = Addresses[peer].where;
  auto failed = [&](const char *what) {
    return Error{"cannot connect to node " + std::to_string(peer) + " at " +
                 address_text(to) + " from " + Device.describe() + ": " +
                 what + ": " + std::strerror(errno) +
                 "; can the two addresses reach each other (ping -I)? "
                 "LOCO_VERBS_ADDRESS chooses others"};
  };
  rdma_cm_id *id = nullptr;
  if (verbs_api.rdma_create_id(nullptr, &id, nullptr, RDMA_PS_TCP) != 0)
    return failed("rdma_create_id");
  // The source matters where both ends are of one machine: routing would choose
  // the destination's own device.
  if (verbs_api.rdma_resolve_addr(id, reinterpret_cast<sockaddr *>(&from),
                                  reinterpret_cast<sockaddr *>(&to),
                                  ConnectTimeoutMs) != 0) {
    Error error = failed("no RDMA device leads there (rdma_resolve_addr)");
    verbs_api.rdma_destroy_id(id);
    return error;
  }
  if (id->verbs != Device.context()) {
    verbs_api.rdma_destroy_id(id);
    errno = ENODEV;
    return failed("the route leads over another RDMA device");
  }
  if (verbs_api.rdma_resolve_route(id, ConnectTimeoutMs) != 0) {
    Error error = failed("no route (rdma_resolve_route)");
    verbs_api.rdma_destroy_id(id);
    return error;
  }
  if (Result<void> added = add_peer(peer, id); !added.ok())
    return added;
  shorten_ack_timeout(id);
  Greeting greeting{Addresses[peer].token, node()};
  rdma_conn_param with = parameters(&greeting);
  if (verbs_api.rdma_connect(id, &with) != 0)
    return failed("rdma_connect");
  shorten_receiver_not_ready_delay(id->qp);
  return {};
}

Result<void> VerbsFabric::accept_one() {
  pollfd event{Device.listener()->channel->fd, POLLIN, 0};
  if (::poll(&event, 1, ConnectTimeoutMs) != 1)
    return Error{"no other node has connected to " + Device.describe() +
                 " within " + std::to_string(ConnectTimeoutMs / 1000) + " s"};
  rdma_cm_id *id = nullptr;
  if (verbs_api.rdma_get_request(Device.listener(), &id) != 0)
    return Error{"cannot take a connection on " + Device.describe() + ": " +
                 std::strerror(errno)};
  Greeting greeting{};
  const rdma_conn_param &theirs = id->event->param.conn;
  if (theirs.private_data && theirs.private_data_len >= sizeof greeting)
    std::memcpy(&greeting, theirs.private_data, sizeof greeting);
  if (greeting.token != Addresses[node()].token || greeting.node <= node() ||
      greeting.node >= num_nodes() || Peers[greeting.node]) {
    verbs_api.rdma_reject(id, nullptr, 0);
    verbs_api.rdma_destroy_id(id);
    return accept_one();
  }
  if (Result<void> added = add_peer(greeting.node, id); !added.ok())
    return added;
  shorten_ack_timeout(id);
  rdma_conn_param with = parameters(nullptr);
  if (verbs_api.rdma_accept(id, &with) != 0)
    return Error{"cannot accept the connection of node " +
                 std::to_string(greeting.node) + " on " + Device.describe() +
                 ": " + std::strerror(errno)};
  shorten_receiver_not_ready_delay(id->qp);
  return {};
}

Result<void> VerbsFabric::connect(const Config &config, Bootstrap &bootstrap) {
  if (Result<void> loaded = load_verbs_api(); !loaded.ok())
    return loaded;
  if (Result<void> opened = Device.open(node()); !opened.ok())
    return opened;
  Result<std::vector<std::string>> machines =
      bootstrap.all_gather(machine_id());
  if (!machines.ok())
    return machines.error();
  const auto here =
      std::count(machines.value().begin(), machines.value().end(),
                 machines.value()[node()]);
  if (Result<void> fits = check_lockable(
          config.memory_bytes + config.control_bytes +
              own_bytes_of(num_nodes()),
          static_cast<int>(here));
      !fits.ok())
    return fits;
  if (Result<void> opened = open_memory(config); !opened.ok())
    return opened;

  Channel = verbs_api.ibv_create_comp_channel(Device.context());
  Receives = Channel ? verbs_api.ibv_create_cq(
                           Device.context(),
                           static_cast<int>(ReceiveDepth) * num_nodes(),
                           nullptr, Channel, 0)
                     : nullptr;
  if (!Receives)
    return Error{"cannot create a completion queue on " + Device.describe() +
                 ": " + std::strerror(errno)};
  if (Result<void> exchanged = exchange_addresses(bootstrap); !exchanged.ok())
    return exchanged;
  // A node accepts the higher ones after it has reached the lower ones, so
  // node 0 starts the chain and nobody waits in a circle.
  for (int peer = 0; peer < node(); ++peer)
    if (Result<void> connected = connect_to(peer); !connected.ok())
      return connected;
  for (int peer = node() + 1; peer < num_nodes(); ++peer)
    if (Result<void> accepted = accept_one(); !accepted.ok())
      return accepted;
  NetworkStop = eventfd(0, EFD_CLOEXEC);
  if (NetworkStop < 0)
    return Error{std::string("eventfd: ") + std::strerror(errno)};
  Network = start_internal_thread("loco-network", network_main, this);
  // Nobody may send before all can answer.
  if (Result<std::vector<std::string>> ready = bootstrap.all_gather("");
      !ready.ok())
    return ready.error();
  return {};
}

VerbsFabric::~VerbsFabric() {
  stop();
  if (Network.running()) {
    std::uint64_t one = 1;
    if (write(NetworkStop, &one, sizeof one) == sizeof one)
      Network.join();
  }
  if (NetworkStop >= 0)
    close(NetworkStop);
  Peers.clear();
  if (Receives)
    verbs_api.ibv_destroy_cq(Receives);
  if (Channel)
    verbs_api.ibv_destroy_comp_channel(Channel);
  // The device, with its registrations, goes last; the mappings stay until the
  // process ends.
}

// ----------------------------------------------------------- one-sided

[[noreturn]] void out_of_range(int node, std::uint64_t offset,
                               std::size_t bytes) {
  fatal("internal error: " + std::to_string(bytes) + " bytes at offset " +
        std::to_string(offset) + " of node " + std::to_string(node) +
        " lie outside its segment");
}

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

void VerbsFabric::read(int node, Segment segment, std::uint64_t offset,
                       void *into, std::uint32_t key, std::size_t bytes) {
  ibv_sge to{reinterpret_cast<std::uintptr_t>(into),
             static_cast<std::uint32_t>(bytes), key};
  ibv_send_wr request{};
  request.sg_list = &to;
  request.num_sge = 1;
  request.opcode = IBV_WR_RDMA_READ;
  request.wr.rdma.remote_addr = remote_place(node, segment, offset, bytes);
  request.wr.rdma.rkey = Peers[node]->remote(segment).key;
  Connection &peer = one_sided(node);
  peer.wait_for_get(peer.post(&request, 1, Connection::Kind::Other));
}

void VerbsFabric::get(int node, Segment segment, std::uint64_t offset,
                      void *into, std::size_t bytes) {
  if (node == this->node()) {
    std::memcpy(into, local_place(segment, offset, bytes), bytes);
    return;
  }
  constexpr std::size_t MostAtOnce = 1 << 20; // devices limit a request
  auto *to = static_cast<std::byte *>(into);
  const Registered *direct = registered(into, bytes);
  const std::size_t step = direct ? MostAtOnce : BufferPool::BufferBytes;
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(step, bytes - done);
    if (direct) {
      read(node, segment, offset + done, to + done, direct->region->lkey,
           count);
    } else {
      int buffer = take_buffer();
      read(node, segment, offset + done, Pool.bytes(buffer), Pool.key(),
           count);
      std::memcpy(to + done, Pool.bytes(buffer), count);
      Pool.give_back(buffer);
    }
    done += count;
  }
}

void VerbsFabric::put(int node, Segment segment, std::uint64_t offset,
                      const void *from, std::size_t bytes) {
  if (node == this->node()) {
    std::memcpy(local_place(segment, offset, bytes), from, bytes);
    return;
  }
  // Always through a buffer: the caller may use the source again at once.
  auto *source = static_cast<const std::byte *>(from);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(BufferPool::BufferBytes, bytes - done);
    const std::uint64_t to =
        remote_place(node, segment, offset + done, count);
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

void VerbsFabric::scatter(int node, Segment segment,
                          std::span<const Piece> pieces) {
  if (node == this->node()) {
    for (const Piece &piece : pieces)
      std::memcpy(local_place(segment, piece.offset, piece.bytes),
                  piece.source, piece.bytes);
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
      put(node, segment, piece.offset, piece.source, piece.bytes);
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
      const std::size_t count =
          std::min<std::size_t>(piece.bytes - done,
                                room() - sizeof(PackedPiece));
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
    std::memcpy(local_place(header.segment, header.base + piece.offset,
                            piece.bytes),
                pack + sizeof piece, piece.bytes);
    pack += sizeof piece + piece.bytes;
  }
}

void VerbsFabric::fence(int node) {
  const std::uint64_t pack = Peers[node]->last_pack();
  Internal request{};
  request.operation = Operation::Fence;
  ask(node, request);
  Peers[node]->set_answered(pack);
}

Connection &VerbsFabric::one_sided(int node) {
  if (Peers[node]->has_unanswered_packs())
    fence(node);
  return *Peers[node];
}

void VerbsFabric::flush() {
  // Those of other threads as well: puts complete in the order of posting.
  for (int peer = 0; peer < num_nodes(); ++peer)
    if (peer != node())
      one_sided(peer).flush(Landing, Own.region->lkey);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

// -------------------------------------------------------------- atomics

Request &VerbsFabric::take_request(std::uint32_t &tag) {
  for (unsigned step = 0;; ++step) {
    {
      std::lock_guard lock(RequestsMutex);
      if (NumFreeTags != 0) {
        tag = FreeTags[--NumFreeTags];
        return Requests[tag];
      }
    }
    wait_for_device(step);
  }
}

Internal VerbsFabric::ask(int node, Internal request) {
  constexpr long LookAgainUs = 100'000; // whether the peer is lost
  remote_place(node, request.segment, request.offset, request.width);
  Request &mine = take_request(request.tag);
  mine.answered.store(0, std::memory_order_relaxed);
  send_internal(node, request);
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
    Peers[node]->try_poll();
  }
  const Internal reply = mine.reply;
  std::lock_guard lock(RequestsMutex);
  FreeTags[NumFreeTags++] = request.tag;
  return reply;
}

Internal request_of(Operation operation, Segment segment, std::uint64_t offset,
                    unsigned width) {
  Internal request{};
  request.operation = operation;
  request.segment = segment;
  request.offset = offset;
  request.width = static_cast<std::uint8_t>(width);
  if (width > sizeof request.value)
    bad_width(width);
  return request;
}

std::uint64_t VerbsFabric::fetch_add(int node, Segment segment,
                                     std::uint64_t offset,
                                     std::uint64_t value) {
  if (node == this->node())
    return __atomic_fetch_add(reinterpret_cast<std::uint64_t *>(local_place(
                                  segment, offset, sizeof value)),
                              value, __ATOMIC_SEQ_CST);
  Internal request =
      request_of(Operation::FetchAdd, segment, offset, sizeof value);
  std::memcpy(request.value, &value, sizeof value);
  const Internal reply = ask(node, request);
  std::uint64_t before;
  std::memcpy(&before, reply.value, sizeof before);
  return before;
}

void VerbsFabric::atomic_load(int node, Segment segment, std::uint64_t offset,
                              void *into, unsigned width) {
  if (node == this->node())
    return cpu_atomic_load(local_place(segment, offset, width), into, width);
  const Internal reply =
      ask(node, request_of(Operation::Load, segment, offset, width));
  std::memcpy(into, reply.value, width);
}

void VerbsFabric::atomic_store(int node, Segment segment, std::uint64_t offset,
                               const void *from, unsigned width) {
  if (node == this->node())
    return cpu_atomic_store(local_place(segment, offset, width), from, width);
  Internal request = request_of(Operation::Store, segment, offset, width);
  std::memcpy(request.value, from, width);
  ask(node, request);
}

bool VerbsFabric::compare_exchange(int node, Segment segment,
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
    reply.exchanged = cpu_compare_exchange(place, reply.value, request.value,
                                           request.width);
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

// ------------------------------------------------------------- messages

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

void VerbsFabric::send_internal(int node, const Internal &body) {
  send_message(node,
               {static_cast<std::uint16_t>(Message::Internal), 0, sizeof body},
               &body);
}

void VerbsFabric::send(int node, Message message,
                       std::span<const std::byte> payload) {
  if (payload.size() > MaxPayloadBytes)
    fatal("internal error: a message of " + std::to_string(payload.size()) +
          " bytes; the most is " + std::to_string(MaxPayloadBytes));
  MessageHeader header{static_cast<std::uint16_t>(message), 0,
                       static_cast<std::uint32_t>(payload.size())};
  if (node == this->node()) {
    queue_message(node, header, payload.data());
    return;
  }
  const std::uint64_t number = send_message(node, header, payload.data());
  if (message == Message::Shutdown) {
    // This process may end next, and its queue pairs with it.
    Peers[node]->wait(number);
    expect_peers_to_leave();
  }
}

void VerbsFabric::notify(int node) {
  flush();
  if (node == this->node()) {
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
    Handler handler = header.message < std::size(Handlers)
                          ? Handlers[header.message]
                          : nullptr;
    if (!handler)
      fatal("internal error: node " + std::to_string(source) +
            " sent message " + std::to_string(header.message) +
            ", which has no handler");
    handler(source, {payload, header.bytes});
  }
}

} // namespace

Result<std::unique_ptr<Fabric>> make_verbs_fabric(const Config &config,
                                                  Bootstrap &bootstrap) {
  auto fabric =
      std::make_unique<VerbsFabric>(bootstrap.node(), bootstrap.num_nodes());
  if (Result<void> connected = fabric->connect(config, bootstrap);
      !connected.ok())
    return connected.error();
  return std::unique_ptr<Fabric>(std::move(fabric));
}

} // namespace loco::fabric
