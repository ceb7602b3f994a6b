// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// shm.cpp - the fabric between processes of one machine. Every node maps the
// memfds behind its peers' segments, so get, put and the atomics are plain CPU
// accesses; messages go through rings in the target's Control segment and wake
// its progress thread by futex.
#include "base/bootstrap.h"
#include "base/futex.h"
#include "base/thread.h"
#include "fabric/backends.h"
#include "fabric/cpu_atomics.h"
#include "fabric/message_queue.h"
#include "fabric/message_ring.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace loco::fabric {
namespace {

/// Where the progress thread sleeps.
struct Doorbell {
  std::atomic<std::uint32_t> Rings;
  std::atomic<std::uint32_t> Sleeping;
};

struct Mapping {
  std::byte *base = nullptr;
  std::uint64_t bytes = 0;
};

/// What a node tells the others of itself.
struct Address {
  std::int32_t pid;
  std::int32_t memory_fd;
  std::int32_t control_fd;
  std::int32_t padding;
  std::uint64_t memory_bytes;
  std::uint64_t control_bytes;
};

class ShmFabric final : public Fabric {
public:
  ShmFabric(int node, int num_nodes)
      : Fabric(node, num_nodes), Memory(num_nodes), Control(num_nodes),
        SendLocks(num_nodes) {}
  ~ShmFabric() override;

  Result<void> connect(const Config &config, Bootstrap &bootstrap);

  const char *name() const override { return "shm"; }
  void do_get(int node, Segment segment, std::uint64_t offset, void *into,
           std::size_t bytes) override;
  std::byte *do_direct(int node, Segment segment, std::uint64_t offset,
                    std::size_t bytes) override {
    return place(node, segment, offset, bytes);
  }
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
  Result<void> create_control(const Config &config);
  Result<void> map_peer(int node, const Address &address);
  void reserve_structures();

  std::byte *place(int node, Segment segment, std::uint64_t offset,
                   std::size_t bytes);
  MessageRing &ring(int target, int source);
  Doorbell &doorbell(int node);
  std::atomic<std::uint32_t> *events(int node);

  static void progress_main(void *self);
  void progress();
  bool nothing_arrived();
  /// Takes one message from each ring; handles it, or puts it aside.
  bool poll_rings(bool defer);

  std::vector<Mapping> Memory, Control; ///< by node
  std::vector<std::mutex> SendLocks;    ///< by target
  int ControlFd = -1;
  std::uint64_t DoorbellOffset = 0;
  std::uint64_t RingsOffset = 0;

  InternalThread Progress;
  std::atomic<bool> Stopping{false};
  /// Messages that arrived while the progress thread itself waits for room in a
  /// peer's ring. Two nodes whose handlers send to each other would otherwise
  /// wait forever.
  MessageQueue Deferred;
};

/// Set in the progress thread: a send there must not wait for itself.
thread_local const ShmFabric *ProgressThreadOf = nullptr;

Result<std::byte *> map_shared(int fd, std::uint64_t bytes) {
  void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (mapped == MAP_FAILED)
    return Error{"cannot map " + std::to_string(bytes >> 20) +
                 " MiB of shared memory: " + std::strerror(errno)};
  // A core dump would touch, and so allocate, each page of every node's window.
  madvise(mapped, bytes, MADV_DONTDUMP);
  return static_cast<std::byte *>(mapped);
}

/// Opens descriptor `fd` of process `pid` (a memfd: no name leads to it).
int open_descriptor_of(int pid, int fd) {
  const std::string path =
      "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
  int opened = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (opened >= 0)
    return opened;
  const int open_errno = errno;
  // /proc may be hidden (hidepid); the same rights may do here.
  int process = syscall(SYS_pidfd_open, pid, 0);
  if (process >= 0) {
    opened = syscall(SYS_pidfd_getfd, process, fd, 0);
    close(process);
    if (opened >= 0)
      return opened;
  }
  errno = open_errno;
  return -1;
}

Result<void> ShmFabric::create_control(const Config &config) {
  ControlFd = memfd_create("loco-control", MFD_CLOEXEC);
  if (ControlFd < 0 ||
      ftruncate(ControlFd, static_cast<off_t>(config.control_bytes)) != 0)
    return Error{std::string("cannot create the control segment: ") +
                 std::strerror(errno)};
  Result<std::byte *> mapped = map_shared(ControlFd, config.control_bytes);
  if (!mapped.ok())
    return mapped.error();
  ControlBase = mapped.value();
  ControlBytes = config.control_bytes;
  return {};
}

void ShmFabric::reserve_structures() {
  reserve_events();
  DoorbellOffset = reserve_control(sizeof(Doorbell));
  RingsOffset = reserve_control(sizeof(MessageRing) * num_nodes());
}

Result<void> ShmFabric::map_peer(int node, const Address &address) {
  auto map = [&](int fd, std::uint64_t bytes,
                 Mapping &into) -> Result<void> {
    if (bytes == 0)
      return {};
    int opened = open_descriptor_of(address.pid, fd);
    if (opened < 0)
      return Error{"cannot open the memory of node " + std::to_string(node) +
                   " (process " + std::to_string(address.pid) +
                   "): " + std::strerror(errno) +
                   "; nodes of one machine must run as one user and share /proc"};
    Result<std::byte *> mapped = map_shared(opened, bytes);
    close(opened);
    if (!mapped.ok())
      return mapped.error();
    into = {mapped.value(), bytes};
    return {};
  };
  if (Result<void> done =
          map(address.memory_fd, address.memory_bytes, Memory[node]);
      !done.ok())
    return done;
  Result<void> mapped =
      map(address.control_fd, address.control_bytes, Control[node]);
  PeersControl[node] = Control[node].base;
  return mapped;
}

Result<void> ShmFabric::connect(const Config &config, Bootstrap &bootstrap) {
  if (Result<void> created = create_control(config); !created.ok())
    return created;
  reserve_structures();
  Memory[node()] = {config.memory, config.memory_bytes};
  Control[node()] = {ControlBase, ControlBytes};

  Address mine{getpid(),       config.memory_fd,    ControlFd, 0,
               config.memory_bytes, config.control_bytes};
  Result<std::vector<std::string>> gathered = bootstrap.all_gather(
      std::string(reinterpret_cast<const char *>(&mine), sizeof mine));
  if (!gathered.ok())
    return gathered.error();
  for (int peer = 0; peer < num_nodes(); ++peer) {
    if (peer == node())
      continue;
    Address address;
    if (gathered.value()[peer].size() != sizeof address)
      return Error{"node " + std::to_string(peer) +
                   " speaks another version of the shm fabric"};
    std::memcpy(&address, gathered.value()[peer].data(), sizeof address);
    if (address.memory_bytes != config.memory_bytes ||
        address.control_bytes != config.control_bytes)
      return other_segments(peer);
    if (Result<void> mapped = map_peer(peer, address); !mapped.ok())
      return mapped;
  }
  // Nobody may close its descriptors before all have opened them.
  Result<std::vector<std::string>> opened = bootstrap.all_gather("");
  if (!opened.ok())
    return opened.error();
  return {};
}

ShmFabric::~ShmFabric() {
  stop();
  for (int peer = 0; peer < num_nodes(); ++peer) {
    if (peer != node() && Memory[peer].base)
      munmap(Memory[peer].base, Memory[peer].bytes);
    if (peer != node() && Control[peer].base)
      munmap(Control[peer].base, Control[peer].bytes);
  }
  if (ControlBase)
    munmap(ControlBase, ControlBytes);
  if (ControlFd >= 0)
    close(ControlFd);
}

inline std::byte *ShmFabric::place(int node, Segment segment,
                                   std::uint64_t offset, std::size_t bytes) {
  const Mapping &mapping =
      segment == Segment::Memory ? Memory[node] : Control[node];
  if (offset > mapping.bytes || bytes > mapping.bytes - offset) [[unlikely]]
    out_of_range(node, offset, bytes);
  return mapping.base + offset;
}

MessageRing &ShmFabric::ring(int target, int source) {
  return reinterpret_cast<MessageRing *>(Control[target].base +
                                         RingsOffset)[source];
}

Doorbell &ShmFabric::doorbell(int node) {
  return *reinterpret_cast<Doorbell *>(Control[node].base + DoorbellOffset);
}

std::atomic<std::uint32_t> *ShmFabric::events(int node) {
  return reinterpret_cast<std::atomic<std::uint32_t> *>(Control[node].base +
                                                        EventsOffset);
}

// memcpy moves aligned 8-byte words whole on every x86-64 (by words, vectors or
// rep movsb); races on bytes are excluded by the protocol above. A word by
// itself may be one that others wait for.
static bool is_word(const std::byte *p, std::size_t bytes) {
  return bytes == sizeof(std::uint64_t) &&
         reinterpret_cast<std::uintptr_t>(p) % sizeof(std::uint64_t) == 0;
}

void ShmFabric::do_get(int node, Segment segment, std::uint64_t offset,
                    void *into, std::size_t bytes) {
  std::byte *from = place(node, segment, offset, bytes);
  if (is_word(from, bytes))
    return cpu_atomic_load(from, into, sizeof(std::uint64_t));
  std::memcpy(into, from, bytes);
}

void ShmFabric::do_put(int node, Segment segment, std::uint64_t offset,
                    const void *from, std::size_t bytes) {
  std::byte *into = place(node, segment, offset, bytes);
  if (is_word(into, bytes))
    return cpu_atomic_store(into, from, sizeof(std::uint64_t));
  std::memcpy(into, from, bytes);
}

void ShmFabric::do_scatter(int node, Segment segment,
                        std::span<const Piece> pieces) {
  for (const Piece &piece : pieces)
    std::memcpy(place(node, segment, piece.offset, piece.bytes), piece.source,
                piece.bytes);
}

void ShmFabric::do_flush() { std::atomic_thread_fence(std::memory_order_seq_cst); }

std::uint64_t ShmFabric::do_fetch_add(int node, Segment segment,
                                   std::uint64_t offset, std::uint64_t value) {
  return __atomic_fetch_add(reinterpret_cast<std::uint64_t *>(
                                place(node, segment, offset, sizeof value)),
                            value, __ATOMIC_SEQ_CST);
}

void ShmFabric::do_atomic_load(int node, Segment segment, std::uint64_t offset,
                            void *into, unsigned width) {
  cpu_atomic_load(place(node, segment, offset, width), into, width);
}

void ShmFabric::do_atomic_store(int node, Segment segment, std::uint64_t offset,
                             const void *from, unsigned width) {
  cpu_atomic_store(place(node, segment, offset, width), from, width);
}

bool ShmFabric::do_compare_exchange(int node, Segment segment,
                                 std::uint64_t offset, void *expected,
                                 const void *desired, unsigned width) {
  return cpu_compare_exchange(place(node, segment, offset, width), expected,
                              desired, width);
}

void ShmFabric::do_send(int node, const MessageHeader &header,
                        std::span<const std::byte> payload) {
  const bool in_handler = ProgressThreadOf == this;
  MessageRing &to = ring(node, this->node());
  for (bool sent = false; !sent;) {
    {
      std::lock_guard lock(SendLocks[node]);
      sent = to.try_push(header, payload);
    }
    if (sent)
      break;
    if (in_handler && poll_rings(/*defer=*/true))
      continue;
    unsigned looks = 0;
    wait_until([&] {
      if (looks++ == 0)
        to.WriterWaits.store(1, std::memory_order_seq_cst);
      // Room may go to another thread of ours first, then we come back.
      return to.has_room(payload.size()) || (in_handler && !nothing_arrived());
    });
  }
  Doorbell &bell = doorbell(node);
  if (bell.Sleeping.load(std::memory_order_seq_cst) != 0) {
    bell.Rings.fetch_add(1, std::memory_order_seq_cst);
    futex_wake(bell.Rings);
  }
}

void ShmFabric::do_notify(int node) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  wake_sleepers(events(node));
}

void ShmFabric::start() {
  Stopping.store(false);
  Progress = start_internal_thread("loco-progress", progress_main, this);
}

void ShmFabric::stop() {
  if (!Progress.running())
    return;
  Stopping.store(true, std::memory_order_seq_cst);
  Doorbell &bell = doorbell(node());
  bell.Rings.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(bell.Rings);
  Progress.join();
}

void ShmFabric::progress_main(void *self) {
  auto *fabric = static_cast<ShmFabric *>(self);
  ProgressThreadOf = fabric;
  fabric->progress();
}

void ShmFabric::progress() {
  Doorbell &bell = doorbell(node());
  alignas(16) std::byte payload[MaxPayloadBytes];
  while (!Stopping.load(std::memory_order_seq_cst)) {
    while (!Deferred.empty()) {
      MessageHeader header;
      int source = Deferred.pop(header, payload);
      handle(source, header, {payload, header.bytes});
    }
    if (poll_rings(/*defer=*/false))
      continue;
    // A sender rings when it sees Sleeping after its push; we look once more
    // after setting it.
    const std::uint32_t seen = bell.Rings.load(std::memory_order_seq_cst);
    bell.Sleeping.store(1, std::memory_order_seq_cst);
    if (nothing_arrived() && !Stopping.load(std::memory_order_seq_cst))
      futex_wait(bell.Rings, seen, -1);
    bell.Sleeping.store(0, std::memory_order_seq_cst);
  }
}

bool ShmFabric::nothing_arrived() {
  for (int source = 0; source < num_nodes(); ++source)
    if (!ring(node(), source).empty())
      return false;
  return true;
}

bool ShmFabric::poll_rings(bool defer) {
  alignas(16) std::byte payload[MaxPayloadBytes];
  MessageHeader header;
  bool any = false;
  for (int source = 0; source < num_nodes(); ++source) {
    MessageRing &from = ring(node(), source);
    if (!from.try_pop(header, payload))
      continue;
    any = true;
    if (from.WriterWaits.load(std::memory_order_seq_cst) != 0) {
      from.WriterWaits.store(0, std::memory_order_seq_cst);
      notify(source);
    }
    if (defer) {
      Deferred.push(source, header, payload);
      continue;
    }
    // In order of arrival: what was put aside by a handler's send goes first.
    handle(source, header, {payload, header.bytes});
    if (!Deferred.empty())
      break;
  }
  return any;
}

} // namespace

Result<std::unique_ptr<Fabric>> make_shm_fabric(const Config &config,
                                                Bootstrap &bootstrap) {
  auto fabric =
      std::make_unique<ShmFabric>(bootstrap.node(), bootstrap.num_nodes());
  if (Result<void> connected = fabric->connect(config, bootstrap);
      !connected.ok())
    return connected.error();
  return std::unique_ptr<Fabric>(std::move(fabric));
}

} // namespace loco::fabric
