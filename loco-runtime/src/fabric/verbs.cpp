// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs.cpp - connecting the nodes of the verbs fabric, and taking it down.

#include "base/bootstrap.h"
#include "base/settings.h"
#include "fabric/backends.h"
#include "fabric/verbs_fabric.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

namespace loco::fabric::verbs {

namespace {

constexpr int ConnectTimeoutMs = 30'000;

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

} // namespace

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
        return other_segments(peer);
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
static void shorten_receiver_not_ready_delay(ibv_qp *queue) {
  ibv_qp_attr attributes{};
  attributes.min_rnr_timer = 5; // 60 us
  verbs_api.ibv_modify_qp(queue, &attributes, IBV_QP_MIN_RNR_TIMER);
}

/// The connection manager's own choice may take a minute to find a peer lost;
/// this with 8 tries takes about 2 s, or a few times that by the device's
/// delays.
static void shorten_ack_timeout(rdma_cm_id *id) {
  std::uint8_t exponent = 16; // 4.096 us * 2^16
  verbs_api.rdma_set_option(id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT,
                            &exponent, sizeof exponent);
}

Result<void> VerbsFabric::connect_to(int peer) {
  sockaddr_storage from = Device.address();
  sockaddr_storage to = Addresses[peer].where;
  auto failed = [&](const char *what) {
    return Error{"cannot connect to node " + std::to_string(peer) + " at " +
                 address_text(to) + " from " + Device.describe() + ": " + what +
                 ": " + std::strerror(errno) +
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
  const auto here = std::count(machines.value().begin(), machines.value().end(),
                               machines.value()[node()]);
  if (Result<void> fits =
          check_lockable(config.memory_bytes + config.control_bytes +
                             own_bytes_of(num_nodes()),
                         static_cast<int>(here));
      !fits.ok())
    return fits;
  if (Result<void> opened = open_memory(config); !opened.ok())
    return opened;

  Channel = verbs_api.ibv_create_comp_channel(Device.context());
  Receives = Channel ? verbs_api.ibv_create_cq(Device.context(),
                                               static_cast<int>(ReceiveDepth) *
                                                   num_nodes(),
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

} // namespace loco::fabric::verbs

namespace loco::fabric {

Result<std::unique_ptr<Fabric>> make_verbs_fabric(const Config &config,
                                                  Bootstrap &bootstrap) {
  auto fabric = std::make_unique<verbs::VerbsFabric>(bootstrap.node(),
                                                     bootstrap.num_nodes());
  if (Result<void> connected = fabric->connect(config, bootstrap);
      !connected.ok())
    return connected.error();
  return std::unique_ptr<Fabric>(std::move(fabric));
}

} // namespace loco::fabric
