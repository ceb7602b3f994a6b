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
// order; get and the atomics complete before they return, those with `later` in
// their names before wait() returns; put and scatter have completed at the target
// when flush() returns, or any later operation on that node that was waited for. A
// put may be reordered with another thread's. Every call may name this node itself.
//
// The public operations count what threads wait for (waits.h), and forward to those
// that a fabric implements, do_...: a call that must wait for another node is one wait.
//
// Thread-safety: all calls from any thread, unless said otherwise; none may
// allocate from the window. Failure of a peer or the device ends the job
// through fatal(), naming the peer.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "fabric/waits.h"

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
/// Stands before every message's payload.
struct MessageHeader {
  std::uint16_t message;
  std::uint16_t sent_us; ///< when, the low bits; of use where messages are delayed
  std::uint32_t bytes;   ///< of the payload
};
using Handler = void (*)(int source, std::span<const std::byte> payload);
inline constexpr std::size_t MaxPayloadBytes = 8192;

class Disturbance; // fabric/disturbance.h

struct Config {
  std::uint64_t memory_bytes;  ///< size of the Memory segment
  std::uint64_t control_bytes; ///< size of the Control segment
  int memory_fd;               ///< memfd behind this node's Memory segment
  std::byte *memory;           ///< its runtime view, mapped read-write
};

class Fabric {
public:
  virtual ~Fabric();

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

  void get(int node, Segment segment, std::uint64_t offset, void *into,
           std::size_t bytes) {
    Wait wait(*this, other(node));
    do_get(node, segment, offset, into, bytes);
  }
  /// The same without waiting: `into` stays the fabric's until wait(). For a thread
  /// that needs the answers of several, one wait is enough for all.
  void get_later(int node, Segment segment, std::uint64_t offset, void *into,
                 std::size_t bytes) {
    settle(node);
    do_get_later(node, segment, offset, into, bytes);
    thread_waits.gets |= other(node);
  }
  /// Waits for all that this thread has issued with `later`.
  void wait() {
    if (thread_waits.gets == 0)
      return;
    Wait wait(*this, thread_waits.gets);
    do_wait();
    thread_waits.gets = 0;
  }
  /// The place itself, where this CPU can load as get() does; else null, which every
  /// fabric but shm says. Counts as the get whose place it takes.
  const std::byte *direct_get(int node, Segment segment, std::uint64_t offset,
                              std::size_t bytes) {
    const std::byte *place = direct(node, segment, offset, bytes);
    Wait wait(*this, place == nullptr ? 0 : other(node));
    return place;
  }
  /// The same in the place of get_later(); to be loaded from after wait().
  const std::byte *direct_get_later(int node, Segment segment,
                                    std::uint64_t offset, std::size_t bytes) {
    const std::byte *place = direct(node, segment, offset, bytes);
    if (place != nullptr)
      thread_waits.gets |= other(node);
    return place;
  }
  /// direct_get() where the CPU can store as put() would.
  std::byte *direct_put(int node, Segment segment, std::uint64_t offset,
                        std::size_t bytes) {
    std::byte *place = direct(node, segment, offset, bytes);
    if (place != nullptr)
      thread_waits.puts |= other(node);
    return place;
  }
  /// `from` may be used again at once.
  void put(int node, Segment segment, std::uint64_t offset, const void *from,
           std::size_t bytes) {
    if (!is_held_back(node, segment, offset, from, bytes))
      do_put(node, segment, offset, from, bytes);
    thread_waits.puts |= other(node);
  }
  void scatter(int node, Segment segment, std::span<const Piece> pieces) {
    if (!is_held_back(node, segment, pieces))
      do_scatter(node, segment, pieces);
    thread_waits.puts |= other(node);
  }
  /// Waits until all puts and scatters of this thread are in place everywhere; and
  /// as wait() does.
  void flush() {
    Wait wait(*this, thread_waits.puts | thread_waits.gets);
    settle_all();
    if (thread_waits.gets != 0)
      do_wait();
    thread_waits.gets = 0;
    do_flush();
  }

  /// 64-bit atomics on 8-byte aligned places; sequentially consistent; atomic
  /// with each other and with compare_exchange(), from any node.
  std::uint64_t fetch_add(int node, Segment segment, std::uint64_t offset,
                          std::uint64_t value) {
    Wait wait(*this, other(node));
    return do_fetch_add(node, segment, offset, value);
  }
  /// Atomic read, write and compare-exchange of `width` in {1,2,4,8,16} bytes,
  /// aligned to it. Sequentially consistent, and atomic with the *CPU's* own
  /// atomics at the target. compare_exchange stores the old value through
  /// `expected` and returns whether it exchanged.
  void atomic_load(int node, Segment segment, std::uint64_t offset, void *into,
                   unsigned width) {
    Wait wait(*this, other(node));
    do_atomic_load(node, segment, offset, into, width);
  }
  /// As get_later(). Words of Control that this CPU reaches are loaded right here, as
  /// each of a program's atomics looks at some.
  void atomic_load_later(int node, Segment segment, std::uint64_t offset,
                         void *into, unsigned width) {
    settle(node);
    thread_waits.gets |= other(node);
    if (segment == Segment::Control && width == sizeof(std::uint64_t) &&
        PeersControl[node] != nullptr)
      *static_cast<std::uint64_t *>(into) =
          reinterpret_cast<const std::atomic<std::uint64_t> *>(
              PeersControl[node] + offset)
              ->load(std::memory_order_seq_cst);
    else
      do_atomic_load_later(node, segment, offset, into, width);
  }
  void atomic_store(int node, Segment segment, std::uint64_t offset,
                    const void *from, unsigned width) {
    Wait wait(*this, other(node));
    do_atomic_store(node, segment, offset, from, width);
  }
  bool compare_exchange(int node, Segment segment, std::uint64_t offset,
                        void *expected, const void *desired, unsigned width) {
    Wait wait(*this, other(node));
    return do_compare_exchange(node, segment, offset, expected, desired, width);
  }

  /// Sends at most MaxPayloadBytes; in order for each pair of nodes. The
  /// payload may be reused at once. Blocks (politely) while the peer's ring
  /// is full.
  void send(int node, Message message, std::span<const std::byte> payload) {
    check_payload(payload.size());
    settle(node);
    do_send(node, header_of(message, payload), payload);
  }
  /// Sets the handler of a message. Before start() only.
  void set_handler(Message message, Handler handler);

  /// Begins to handle messages: starts the progress thread.
  virtual void start() = 0;
  /// Ends the progress thread. No call but the destructor may follow.
  virtual void stop() = 0;

  /// Wakes every thread of `node` that is in wait_until() or wait_here(). Call
  /// it after the put or atomic that the thread waits for: what this thread has
  /// put to that node is in place when they wake. It does not wait.
  void notify(int node) {
    settle(node);
    do_notify(node);
  }

  /// Waits for what other nodes do, until `ready()` is true: spins briefly, then
  /// yields, then sleeps until notify() (or 1 ms, whichever is sooner).
  template <typename Predicate> void wait_until(Predicate ready) {
    if (ready())
      return;
    Wait wait(*this, AnyNode);
    wait_here(ready);
  }
  /// The same for what another thread of this node does.
  template <typename Predicate> void wait_here(Predicate ready) {
    for (unsigned spins = 0; !ready(); ++spins)
      wait_step(spins, ready);
  }
  /// How often notify() has ended a sleep of this node before its time was up.
  std::uint64_t woken() const {
    return Woken.load(std::memory_order_relaxed);
  }

protected:
  Fabric(int node, int num_nodes);

  // What a fabric implements; arguments and contract as above.
  virtual void do_get(int node, Segment segment, std::uint64_t offset,
                      void *into, std::size_t bytes) = 0;
  /// As they stand, for fabrics without waits.
  virtual void do_get_later(int node, Segment segment, std::uint64_t offset,
                            void *into, std::size_t bytes) {
    do_get(node, segment, offset, into, bytes);
  }
  virtual void do_atomic_load_later(int node, Segment segment,
                                    std::uint64_t offset, void *into,
                                    unsigned width) {
    do_atomic_load(node, segment, offset, into, width);
  }
  virtual void do_wait() {}
  virtual std::byte *do_direct(int node, Segment segment, std::uint64_t offset,
                               std::size_t bytes) {
    (void)node, (void)segment, (void)offset, (void)bytes;
    return nullptr;
  }
  virtual void do_put(int node, Segment segment, std::uint64_t offset,
                      const void *from, std::size_t bytes) = 0;
  virtual void do_scatter(int node, Segment segment,
                          std::span<const Piece> pieces) = 0;
  virtual void do_flush() = 0;
  virtual std::uint64_t do_fetch_add(int node, Segment segment,
                                     std::uint64_t offset,
                                     std::uint64_t value) = 0;
  virtual void do_atomic_load(int node, Segment segment, std::uint64_t offset,
                              void *into, unsigned width) = 0;
  virtual void do_atomic_store(int node, Segment segment, std::uint64_t offset,
                               const void *from, unsigned width) = 0;
  virtual bool do_compare_exchange(int node, Segment segment,
                                   std::uint64_t offset, void *expected,
                                   const void *desired, unsigned width) = 0;
  virtual void do_send(int node, const MessageHeader &header,
                       std::span<const std::byte> payload) = 0;
  virtual void do_notify(int node) = 0;

  /// Whether a wait takes so long that looking at the clock costs nothing.
  bool TimesWaits = false;

  /// Runs the handler of a message that has arrived; fatal() without one.
  void handle(int source, const MessageHeader &header,
              std::span<const std::byte> payload);
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
  /// By node: its Control segment, where this CPU can load from it.
  const std::byte *PeersControl[MaxNodes] = {};
  std::byte *ControlBase = nullptr;
  std::uint64_t ControlBytes = 0;
  std::uint64_t ControlUsed = 0;
  Handler Handlers[static_cast<std::size_t>(Message::Count)] = {};

private:
  /// Nodes, by bit: the waits of fabrics name those that they are for.
  using Nodes = std::uint64_t;
  static_assert(MaxNodes <= 64);
  Nodes other(int node) const { return node == Node ? 0 : Nodes{1} << node; }
  static constexpr Nodes AnyNode = ~Nodes{0};

  /// A wait for other nodes, where it is for any: counted, and its time where that
  /// costs nothing beside it.
  class Wait {
  public:
    Wait(Fabric &fabric, Nodes nodes) : Of(fabric) {
      if (nodes == 0)
        return;
      count_wait(thread_waits.cause, &Stats::Waits::number, 1);
      if (nodes != AnyNode) // what was put there before is in place, too
        thread_waits.puts &= ~nodes;
      if (fabric.TimesWaits || nodes == AnyNode) [[unlikely]]
        Start = fabric.begin_wait(nodes);
      IsAny = nodes == AnyNode;
    }
    ~Wait() {
      if (Start != 0) [[unlikely]]
        Of.end_wait(IsAny, Start);
    }
    Wait(const Wait &) = delete;

  private:
    Fabric &Of;
    std::uint64_t Start = 0;
    bool IsAny = false;
  };
  /// Makes what was held back for these nodes; returns the time.
  std::uint64_t begin_wait(Nodes nodes);
  void end_wait(bool is_any, std::uint64_t start_ns);

  // With a disturbance (LOCO_FABRIC_LATENCY, LOCO_CHAOS).
  friend class Disturbance;
  friend Result<std::unique_ptr<Fabric>> make_fabric(const Config &,
                                                     Bootstrap &);
  std::byte *direct(int node, Segment segment, std::uint64_t offset,
                    std::size_t bytes) {
    return Disturbed ? nullptr : do_direct(node, segment, offset, bytes);
  }
  /// Makes the puts of this thread that were held back.
  void settle(int node) {
    if (Disturbed) [[unlikely]]
      let_go(other(node));
  }
  void settle_all() {
    if (Disturbed) [[unlikely]]
      let_go(AnyNode);
  }
  void let_go(Nodes nodes);
  bool is_held_back(int node, Segment segment, std::uint64_t offset,
                    const void *from, std::size_t bytes) {
    return Disturbed && hold_back(node, segment, offset, from, bytes);
  }
  bool is_held_back(int node, Segment segment, std::span<const Piece> pieces) {
    return Disturbed && hold_back(node, segment, pieces);
  }
  bool hold_back(int node, Segment segment, std::uint64_t offset,
                 const void *from, std::size_t bytes);
  bool hold_back(int node, Segment segment, std::span<const Piece> pieces);
  MessageHeader header_of(Message message,
                          std::span<const std::byte> payload) const;

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
  std::atomic<std::uint64_t> Woken{0};
  std::unique_ptr<Disturbance> Disturbed;
};

/// Makes the fabric that LOCO_FABRIC names ("shm", "verbs"; default shm where
/// all nodes share a machine), connected to all peers. `bootstrap` exchanges
/// addresses. Errors say which peer or device failed, and what to do.
Result<std::unique_ptr<Fabric>> make_fabric(const Config &config,
                                            Bootstrap &bootstrap);

} // namespace loco::fabric
