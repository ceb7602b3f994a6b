// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fabric.h - the one interface between LOCO and a network: one-sided get and
// put, scatter, atomics, active messages, completion. Everything above knows
// only this; shm.cpp and verbs_fabric.h implement it.
//
// Every node has two segments that its peers may reach, of the same size on all
// nodes: Memory (the backing of the window and of the globals) and Control
// (the runtime's own shared structures). A place is (node, segment, offset).
//
// Ordering: operations of one thread to one node take effect there in program
// order; get and the atomics complete before they return; put and scatter have
// completed at the target when flush() returns. A put may be reordered with
// another thread's. Every call may name this node itself.
//
// Thread-safety: all calls from any thread, unless said otherwise; none may
// allocate from the window. Failure of a peer or the device ends the job
// through fatal(), naming the peer.
#pragma once

#include "base/result.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace loco {
class Bootstrap; // base/bootstrap.h
}

namespace loco::fabric {

enum class Segment : std::uint8_t { Memory, Control };

/// One changed run of bytes for scatter().
struct Piece {
  std::uint64_t offset; ///< in the target's segment
  const void *source;   ///< must stay as it is until flush()
  std::uint32_t bytes;
};

/// Active-message handlers run on the progress thread, one at a time. They may
/// send, put and touch local memory, and must not wait for another message.
enum class Message : std::uint16_t {
  RemoteFree,///< memory: free a pointer that this node allocated
  WantRelease, ///< memory: release, and say when it is over
  Shutdown,  ///< launch: leave the worker loop
  RaceStores,     ///< memory, LOCO_RACE: changes of blocks at home here
  RaceLeftOut,    ///< bytes that atomics change
  RaceFound,      ///< to node 0: a data race
  RaceWhere,      ///< from node 0: which allocation is that?
  RaceAllocation, ///< to node 0: the answer
  RaceFinish,     ///< from node 0: the program ends
  RaceFinished,   ///< to node 0: all that was found is sent
  Internal,  ///< the fabric's own (verbs: atomics, notify)
  Count
};
using Handler = void (*)(int source, std::span<const std::byte> payload);
inline constexpr std::size_t MaxPayloadBytes = 8192;

struct Config {
  std::uint64_t memory_bytes;  ///< size of the Memory segment
  std::uint64_t control_bytes; ///< size of the Control segment
  int memory_fd;               ///< memfd behind this node's Memory segment
  std::byte *memory;           ///< its runtime view, mapped read-write
};

class Fabric {
public:
  virtual ~Fabric() = default;

  int node() const { return Node; }
  int num_nodes() const { return NumNodes; }
  virtual const char *name() const = 0;
  /// Whether the Memory segment's pages stay where they are for the device's
  /// sake: freeing some of the file would leave it with others than the CPU.
  virtual bool pins_memory() const { return false; }

  /// This node's Control segment; zero at start. Local plain and atomic CPU
  /// accesses to it are allowed; on words that peers change with the atomics
  /// below use those here too (RDMA atomics need not be coherent with the CPU).
  std::byte *control() const { return ControlBase; }

  /// Takes the next `bytes` of the Control segment, 64-byte aligned. Every node
  /// makes the same calls in the same order while it starts, so an offset
  /// means the same everywhere. Not thread-safe. Calls fatal() when full.
  std::uint64_t reserve_control(std::size_t bytes);

  virtual void get(int node, Segment segment, std::uint64_t offset, void *into,
                   std::size_t bytes) = 0;
  /// The place itself, where this CPU can load as get() and store as put() would;
  /// else null, which every fabric but shm says.
  virtual std::byte *direct(int node, Segment segment, std::uint64_t offset,
                            std::size_t bytes) {
    (void)node, (void)segment, (void)offset, (void)bytes;
    return nullptr;
  }
  virtual void put(int node, Segment segment, std::uint64_t offset,
                   const void *from, std::size_t bytes) = 0;
  virtual void scatter(int node, Segment segment,
                       std::span<const Piece> pieces) = 0;
  /// Waits until all puts and scatters of this thread are in place everywhere.
  virtual void flush() = 0;

  /// 64-bit atomics on 8-byte aligned places; sequentially consistent; atomic
  /// with each other and with compare_exchange(), from any node.
  virtual std::uint64_t fetch_add(int node, Segment segment,
                                  std::uint64_t offset,
                                  std::uint64_t value) = 0;
  /// Atomic read, write and compare-exchange of `width` in {1,2,4,8,16} bytes,
  /// aligned to it. Sequentially consistent, and atomic with the *CPU's* own
  /// atomics at the target. compare_exchange stores the old value through
  /// `expected` and returns whether it exchanged.
  virtual void atomic_load(int node, Segment segment, std::uint64_t offset,
                           void *into, unsigned width) = 0;
  virtual void atomic_store(int node, Segment segment, std::uint64_t offset,
                            const void *from, unsigned width) = 0;
  virtual bool compare_exchange(int node, Segment segment, std::uint64_t offset,
                                void *expected, const void *desired,
                                unsigned width) = 0;

  /// Sends at most MaxPayloadBytes; in order for each pair of nodes. The
  /// payload may be reused at once. Blocks (politely) while the peer's ring
  /// is full.
  virtual void send(int node, Message message,
                    std::span<const std::byte> payload) = 0;
  /// Sets the handler of a message. Before start() only.
  void set_handler(Message message, Handler handler);

  /// Begins to handle messages: starts the progress thread.
  virtual void start() = 0;
  /// Ends the progress thread. No call but the destructor may follow.
  virtual void stop() = 0;

  /// Wakes every thread of `node` that is in wait_until(); call it after the
  /// put or atomic that the thread waits for (it flushes the caller's puts).
  virtual void notify(int node) = 0;

  /// Waits until `ready()` is true: spins briefly, then yields, then sleeps
  /// until notify() (or 1 ms, whichever is sooner).
  template <typename Predicate> void wait_until(Predicate ready) {
    for (unsigned spins = 0; !ready(); ++spins)
      wait_step(spins, ready);
  }

protected:
  Fabric(int node, int num_nodes) : Node(node), NumNodes(num_nodes) {}

  /// Runs the handler of a message that has arrived; fatal() without one.
  void handle(int source, std::uint16_t message,
              std::span<const std::byte> payload);
  /// fatal() where a payload is too long to be sent.
  static void check_payload(std::size_t bytes);
  /// Of an operation that names bytes outside a node's segment.
  [[noreturn]] static void out_of_range(int node, std::uint64_t offset,
                                        std::size_t bytes);
  /// What a node reports whose segments have other sizes than this one's.
  static Error other_segments(int node);

  /// Takes the words of Events from the Control segment; once ControlBase and
  /// ControlBytes are set.
  void reserve_events();
  /// notify() of the node whose Events these are, where they can be reached.
  static void wake_sleepers(std::atomic<std::uint32_t> *events);

  /// Where local threads sleep: a futex word that notify() increments, followed
  /// by the number of threads that sleep there.
  std::atomic<std::uint32_t> *Events = nullptr;
  static constexpr int SleepersWord = 1;
  std::uint64_t EventsOffset = 0;
  std::byte *ControlBase = nullptr;
  std::uint64_t ControlBytes = 0;
  std::uint64_t ControlUsed = 0;
  Handler Handlers[static_cast<std::size_t>(Message::Count)] = {};

private:
  static constexpr unsigned SpinsBeforeYield = 64;
  static constexpr unsigned SpinsBeforeSleep = 4096; ///< about a millisecond

  template <typename Predicate>
  void wait_step(unsigned spins, Predicate &ready) {
    if (spins < SpinsBeforeYield)
      return pause();
    if (spins < SpinsBeforeSleep)
      return yield();
    std::uint32_t seen = Events->load(std::memory_order_acquire);
    if (!ready())
      sleep(seen);
  }
  static void pause();
  static void yield();
  /// Sleeps while *Events == seen, 1 ms at most.
  void sleep(std::uint32_t seen);

  int Node;
  int NumNodes;
};

/// Makes the fabric that LOCO_FABRIC names ("shm", "verbs"; default shm where
/// all nodes share a machine), connected to all peers. `bootstrap` exchanges
/// addresses. Errors say which peer or device failed, and what to do.
Result<std::unique_ptr<Fabric>> make_fabric(const Config &config,
                                            Bootstrap &bootstrap);

} // namespace loco::fabric
