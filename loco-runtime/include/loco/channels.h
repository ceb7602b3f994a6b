// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco/channels.h - LOCO's objects over network memory: shared region, atomic
// variable, shared state table, barrier, ticket lock, queue lock, key-value
// store. C++20.
//
// They live in the nodes' Control segments, outside the shared address space,
// and lean on nothing but the fabric. Constructing one is collective where its
// comment says so: every node constructs the same objects in the same order
// while it starts. An object may be moved and copied: it is a name for its
// memory, which stays until the job ends.
#ifndef LOCO_CHANNELS_H
#define LOCO_CHANNELS_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

namespace loco {

namespace fabric {
class Fabric;
enum class Segment : std::uint8_t;
} // namespace fabric

#define LOCO_CHANNEL __attribute__((visibility("default")))

/// Where something is: an offset into a segment of a node.
struct Place {
  int node;
  fabric::Segment segment;
  std::uint64_t offset;
};

/// The same number of bytes on every node, zero at start, which every node may
/// read and write. Any thread.
class LOCO_CHANNEL SharedRegion {
public:
  /// Collective. The bytes are aligned to 64.
  SharedRegion(fabric::Fabric &fabric, std::size_t bytes);

  std::size_t size() const { return Bytes; }
  /// This node's bytes. Others change them at any time.
  std::byte *local() const;
  Place place(int node, std::size_t offset = 0) const;

  void read(int node, std::size_t offset, void *into, std::size_t bytes) const;
  /// In place at the latest when flush() returns; `from` must stay until then.
  void write(int node, std::size_t offset, const void *from,
             std::size_t bytes) const;
  /// Waits for this thread's writes, of all regions.
  void flush() const;

private:
  void check(std::size_t offset, std::size_t bytes) const;

  fabric::Fabric *Net;
  std::uint64_t Offset;
  std::size_t Bytes;
};

/// What AtomicVar does, for a value of some width.
class LOCO_CHANNEL AtomicWord {
public:
  AtomicWord(fabric::Fabric &fabric, Place place, unsigned width)
      : Net(&fabric), Where(place), Width(width) {}

  void load(void *into) const;
  void store(const void *from) const;
  bool compare_exchange(void *expected, const void *desired) const;
  std::uint64_t fetch_add_64(std::uint64_t value) const;
  /// Wakes the threads of all nodes that wait for a change.
  void notify_all() const;

private:
  fabric::Fabric *Net;
  Place Where;
  unsigned Width;
};

/// A variable of 1, 2, 4, 8 or 16 bytes that lives on one node; sequentially
/// consistent. Any thread.
template <typename T> class AtomicVar {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 ||
                sizeof(T) == 8 || sizeof(T) == 16);

public:
  /// Collective. Zero at start.
  AtomicVar(fabric::Fabric &fabric, int home)
      : Word(fabric, SharedRegion(fabric, sizeof(T)).place(home), sizeof(T)) {}
  /// On memory that is already there, aligned to its size.
  AtomicVar(fabric::Fabric &fabric, Place place)
      : Word(fabric, place, sizeof(T)) {}

  T load() const {
    T value;
    Word.load(&value);
    return value;
  }
  void store(T value) const { Word.store(&value); }
  /// Exchanges if the variable equals `expected`, which becomes what it was.
  bool compare_exchange(T &expected, T desired) const {
    return Word.compare_exchange(&expected, &desired);
  }
  /// Returns what it was.
  T fetch_add(T value) const {
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8)
      return static_cast<T>(
          Word.fetch_add_64(static_cast<std::uint64_t>(value)));
    T seen = load();
    while (!compare_exchange(seen, static_cast<T>(seen + value)))
      ;
    return seen;
  }
  void notify_all() const { Word.notify_all(); }

private:
  AtomicWord Word;
};

/// A shared state table: a row of 64-bit words a node. A node changes its own row
/// and pushes it; every node reads its own copy of the whole table, without
/// traffic. A word is never torn; words of one push may be seen apart. One
/// thread of a node writes at a time, any thread reads.
class LOCO_CHANNEL StateTable {
public:
  /// Collective.
  StateTable(fabric::Fabric &fabric, std::size_t words_per_row);

  std::uint64_t read(int row, std::size_t word) const;
  /// Changes a word of this node's row, seen by this node only.
  void set(std::size_t word, std::uint64_t value) const;
  /// Sends words [first, first + count) of this node's row to nodes
  /// 0 .. num_nodes-1 and wakes their waiting threads. What this thread wrote to
  /// them before is there when they see it.
  void push(std::size_t first, std::size_t count, int num_nodes) const;
  /// Waits until `word` is at least `value` in rows 0 .. num_nodes-1.
  void wait_at_least(std::size_t word, std::uint64_t value,
                     int num_nodes) const;

private:
  std::uint64_t *word_at(int row, std::size_t word) const;

  fabric::Fabric *Net;
  std::uint64_t Offset;
  std::size_t RowWords;
};

/// A barrier of the first k nodes, k as each call says; one thread of a node at
/// a time. What a node wrote before it came is seen by all others after.
class LOCO_CHANNEL Barrier {
public:
  /// Collective.
  explicit Barrier(fabric::Fabric &fabric);

  /// All of nodes 0 .. num_nodes-1 call it with the same num_nodes, this node
  /// among them. Barriers of different num_nodes do not disturb each other.
  /// Returns whether any of them came with a vote, on all of them the same.
  bool wait(int num_nodes, bool vote = false);

private:
  /// Word k-1, of barriers of k nodes: how many the node met, times 4, and its
  /// votes at the latest (2) and at the one before (1), which slower nodes may
  /// still have to read.
  StateTable Arrivals;
  int Node;
  int NumNodes;
};

/// A fair lock in 8 zero-initialised bytes anywhere, aligned to 8. Any thread of
/// any node; not recursive.
class LOCO_CHANNEL TicketLock {
public:
  TicketLock(fabric::Fabric &fabric, Place place)
      : Net(&fabric), Where(place) {}

  void lock();
  bool try_lock();
  void unlock();
  /// Some thread holds it, or waits for it.
  bool is_held() const;

private:
  // The ticket now served in the low half, the next free one in the high half:
  // there, the carry of its overflow falls off the word.
  static constexpr std::uint64_t OneTicket = std::uint64_t(1) << 32;
  static std::uint32_t serving(std::uint64_t word) {
    return static_cast<std::uint32_t>(word);
  }
  static std::uint32_t next(std::uint64_t word) {
    return static_cast<std::uint32_t>(word >> 32);
  }
  std::uint64_t load() const;

  fabric::Fabric *Net;
  Place Where;
};

/// Where the threads of each node wait for queue locks, any of them: a place a
/// thread. Any thread.
class LOCO_CHANNEL WaitingPlaces {
public:
  /// Collective. For as many threads of a node that wait at one time; one more
  /// of them ends the job.
  WaitingPlaces(fabric::Fabric &fabric, unsigned places_per_node);
  WaitingPlaces(const WaitingPlaces &) = delete;

private:
  friend class QueueLock;
  /// Place `index` of `node`, from 1 on: 0 is none, all ones "held".
  using Id = std::uint32_t;
  static constexpr std::size_t Bytes = 64; ///< of a place: a cache line
  static constexpr std::size_t NextAt = 8; ///< and the word that lets go at 0

  static Id id_of(int node, unsigned index) {
    return (static_cast<Id>(node) << 16) | index;
  }
  static int node_of(Id id) { return static_cast<int>(id >> 16); }
  static std::size_t offset_of(Id id) { return (id & 0xffff) * Bytes; }

  Id take();
  void give_back(Id id);
  std::uint64_t load(Id id, std::size_t at) const;
  void store(Id id, std::size_t at, std::uint64_t value) const;

  fabric::Fabric *Net;
  SharedRegion Region;
  unsigned Count;
  std::unique_ptr<std::atomic<bool>[]> Taken; ///< by index
};

/// A fair lock in 8 zero-initialised bytes anywhere, aligned to 8, which are zero
/// again whenever it is free. Who waits looks at memory of its own node, and who
/// gives the lock back tells the next one alone (after Mellor-Crummey and Scott,
/// 1991; the holder keeps no place, as in K42's variant). Any thread of any node;
/// not recursive; what one thread has taken another may give back.
class LOCO_CHANNEL QueueLock {
public:
  QueueLock(fabric::Fabric &fabric, WaitingPlaces &places, Place place)
      : Net(&fabric), Places(&places), Where(place) {}

  void lock();
  bool try_lock();
  void unlock();
  /// Some thread holds it.
  bool is_held() const;

private:
  using Id = WaitingPlaces::Id;
  // The place of the first that waits in the low half, of the last in the high
  // half; who holds it while nobody waits has `Held` there.
  static constexpr Id Held = ~Id(0);
  static constexpr std::uint64_t OnlyHeld = std::uint64_t(Held) << 32;
  static Id first(std::uint64_t word) { return static_cast<Id>(word); }
  static Id last(std::uint64_t word) { return static_cast<Id>(word >> 32); }
  static std::uint64_t queue(Id first, Id last) {
    return std::uint64_t(last) << 32 | first;
  }
  /// As AtomicVar's.
  bool exchange(std::uint64_t &expected, std::uint64_t desired);

  fabric::Fabric *Net;
  WaitingPlaces *Places;
  Place Where;
};

/// A hash table over all nodes, from 64-bit keys to values of 16 bytes. An
/// entry lies on the node that its key's hash says. find() takes no lock: it is
/// one one-sided read of a cache line, seldom more; what changes the table
/// takes the ticket lock of a section of it. Any thread; every operation is
/// atomic.
class LOCO_CHANNEL KVStore {
public:
  using Key = std::uint64_t; ///< not 0 and not ~0
  struct Value {
    std::uint64_t first, second;
    bool operator==(const Value &) const = default;
  };
  enum class Insertion {
    Done,
    KeyExists,
    Full ///< the section of the table that the key belongs to
  };

  /// Collective. Room for `slots_per_node` entries on each node, rounded up to
  /// whole sections; sections fill evenly, up to some 95 % of it all. Empty at
  /// start.
  KVStore(fabric::Fabric &fabric, std::size_t slots_per_node);
  /// The bytes of a node's Control segment that such a store takes.
  static std::size_t control_bytes(std::size_t slots_per_node);

  std::optional<Value> find(Key key) const;
  Insertion insert(Key key, Value value);
  /// False where there is no such entry.
  bool update(Key key, Value value);
  /// Returns what it was; nothing where there is no such entry.
  std::optional<Value> erase(Key key);

  /// The node that has the key's entry, if there is one.
  int home(Key key) const { return place_of(key).node; }

private:
  struct Slot {
    Key key;
    Value value;
    std::uint64_t check; ///< of the above: wrong where a read met a change
  };
  /// Where the search for a key starts.
  struct Start {
    int node;
    std::size_t section;
    std::size_t slot; ///< in the section
  };
  struct Found {
    std::size_t slot;
    bool is_there; ///< else `slot` is free, or SlotsPerSection where none is
    Value value;
  };
  static constexpr std::size_t SlotsPerSection = 1024;
  static constexpr std::size_t SlotsPerLine = 2;
  static constexpr Key Empty = 0;   ///< no search goes on behind it
  static constexpr Key Erased = ~0; ///< free, but a search goes on

  static std::uint64_t check_of(Key key, const Value &value);
  static std::size_t num_sections(std::size_t slots_per_node);
  Start place_of(Key key) const;
  TicketLock lock_of(const Start &at) const;
  std::size_t offset_of(const Start &at, std::size_t slot) const;
  Slot read_slot(const Start &at, std::size_t slot) const;
  void write_value(const Start &at, std::size_t slot, const Slot &from) const;
  void write_key(const Start &at, std::size_t slot, Key key) const;
  /// For who holds the section's lock.
  Found search(const Start &at, Key key) const;

  fabric::Fabric *Net;
  std::size_t Sections; ///< of a node
  SharedRegion Locks;
  SharedRegion Slots;
};

#undef LOCO_CHANNEL

} // namespace loco

#endif // LOCO_CHANNELS_H
