// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// verbs_connection.h - the queue pair to one peer. Work requests complete in
// the order in which they were posted, so their number in that order is all
// that is needed to wait for one, and for all before it.
//
// Locks are never held while memory of the program is touched: such a touch may
// fault, and the fault thread needs the connections, too.
#pragma once

#include "fabric/fabric.h"
#include "fabric/verbs_api.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace loco::fabric {

/// Registered buffers of one size for what is sent from or read to memory that
/// is not registered. Any thread.
class BufferPool {
public:
  static constexpr std::size_t BufferBytes = 16 << 10;
  static constexpr int NumBuffers = 256;
  static constexpr std::size_t TotalBytes = BufferBytes * NumBuffers;
  static constexpr int None = -1;

  BufferPool();
  void open(std::byte *base, std::uint32_t key) {
    Base = base;
    Key = key;
  }

  /// None where all are in use.
  int try_take();
  void give_back(int buffer);
  std::byte *bytes(int buffer) const {
    return Base + static_cast<std::size_t>(buffer) * BufferBytes;
  }
  std::uint32_t key() const { return Key; }

private:
  std::byte *Base = nullptr;
  std::uint32_t Key = 0;
  std::mutex Mutex;
  int Free[NumBuffers];
  int NumFree = 0;
};

/// Where a peer's segment lies, and its key.
struct RemoteSegment {
  std::uint64_t base;
  std::uint64_t bytes;
  std::uint32_t key;
  std::uint32_t padding;
};

class Connection {
public:
  /// Work requests that may be under way.
  static constexpr unsigned Depth = 512;
  /// Of these, kept free for replies: the thread that sends them must not wait
  /// for what its own peer's like thread has to do first.
  static constexpr unsigned ReservedForReplies = 64;

  enum class Kind { Put, Packed, Other, Reply };

  Connection(int peer, BufferPool &pool) : Peer(peer), Pool(pool) {}
  Connection(const Connection &) = delete;
  ~Connection();

  /// Makes the send queue and the queue pair of an id whose address is
  /// resolved. `receives` is the queue that all connections share.
  Result<void> create_queues(rdma_cm_id *id, ibv_pd *domain, ibv_cq *receives,
                             unsigned receive_depth);

  rdma_cm_id *id() const { return Id; }
  const RemoteSegment &remote(Segment segment) const {
    return Remote[static_cast<int>(segment)];
  }
  void set_remote(Segment segment, const RemoteSegment &remote) {
    Remote[static_cast<int>(segment)] = remote;
  }

  /// Posts a chain of `count` requests, of which the last is signalled, and
  /// gives `buffer` back to the pool when it has completed. Returns the number
  /// of the last one. Waits while the queue is full.
  std::uint64_t post(ibv_send_wr *first, unsigned count, Kind kind,
                     int buffer = BufferPool::None);
  void post_receive(ibv_recv_wr &request);

  /// Waits until request `number` and all before it have completed.
  void wait(std::uint64_t number);
  /// The same for a get, after which all puts before it are in place.
  void wait_for_get(std::uint64_t number);
  /// Waits until all puts posted so far are in place. `landing` is registered
  /// scratch memory of 8 bytes, of no use to anybody.
  void flush(std::byte *landing, std::uint32_t landing_key);
  bool has_unflushed_puts() const {
    return LastPut.load(std::memory_order_relaxed) >
           LastInPlace.load(std::memory_order_relaxed);
  }
  /// The peer has answered what request `number` asked: puts before it are in place.
  void set_in_place(std::uint64_t number) { raise(LastInPlace, number); }
  /// Puts that travel in messages are in place when the peer has answered one
  /// that was sent later.
  bool has_unanswered_packs() const {
    return last_pack() > LastAnswered.load(std::memory_order_relaxed);
  }
  std::uint64_t last_pack() const {
    return LastPacked.load(std::memory_order_relaxed);
  }
  void set_answered(std::uint64_t pack) { raise(LastAnswered, pack); }

  /// Takes completions, if nobody else does.
  void try_poll();

private:
  /// Other threads may have got further meanwhile.
  static void raise(std::atomic<std::uint64_t> &mark, std::uint64_t number) {
    std::uint64_t before = mark.load(std::memory_order_relaxed);
    while (before < number && !mark.compare_exchange_weak(before, number))
      ;
  }
  void poll();
  void complete_to(std::uint64_t number);
  std::uint64_t in_flight() const {
    return Posted - Completed.load(std::memory_order_relaxed);
  }

  const int Peer;
  BufferPool &Pool;
  rdma_cm_id *Id = nullptr;
  ibv_cq *Sends = nullptr;
  RemoteSegment Remote[2] = {};

  std::mutex Mutex;
  std::uint64_t Posted = 0;
  std::atomic<std::uint64_t> Completed{0};
  std::atomic<std::uint64_t> LastPut{0};
  std::atomic<std::uint64_t> LastInPlace{0};
  std::atomic<std::uint64_t> LastPacked{0};
  std::atomic<std::uint64_t> LastAnswered{0};
  int BufferOf[Depth];
};

/// Ends the job: `peer` does not answer. While the job is ending anyway, waits
/// for that instead.
[[noreturn]] void lost_peer(int peer, const std::string &why);
/// From now on a lost peer is one that has left.
void expect_peers_to_leave();

/// One step of waiting for the device: it answers in microseconds, or, where a
/// packet was lost, in milliseconds.
void wait_for_device(unsigned step);

} // namespace loco::fabric
