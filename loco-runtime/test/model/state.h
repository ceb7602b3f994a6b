// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// state.h - the state of the protocol's model: a few nodes, blocks and threads,
// with what docs/memory-model.md speaks of, and nothing else. Plain bytes, so
// that a state can be copied, hashed and compared as it lies.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace model {

constexpr int MaxNodes = 3;
constexpr int MaxThreads = 4;
constexpr int MaxBlocks = 2;
constexpr int BytesPerBlock = 2;
constexpr int MaxNotices = 8; ///< that a log can hold
constexpr int MaxPuts = 8;    ///< of a thread, on their way

using Byte = std::uint8_t;

/// The states of docs/memory-model.md.
enum class Copy : Byte { Absent, Clean, Dirty, Home, HomeProtected };
/// What the page table of a node lets a thread do.
enum class Page : Byte { None, ReadOnly, Writable };

constexpr Byte Nobody = 0xff;
/// Owner of a byte that all threads may use, by atomic operations alone.
constexpr int Shared = 0x40;
/// In a log: the block may have been modified (M17).
constexpr Byte UnsureBit = 0x40;

/// What threads that go by homes find (M15).
enum class GateState : Byte { Open, Closing, Closed };

/// A block on one node. On its home, `data` is the truth.
struct BlockOnNode {
  Copy state;
  Page page;
  Byte holder; ///< thread that has the block's lock, or Nobody
  Byte known_home;
  Byte has_copies; ///< the flag that acquires look at
  Byte dirty_flag; ///< that the block is in the list of dirty blocks
  Byte in_dirty_list;
  Byte listed_modified;
  Byte notice_pending;
  Byte marked; ///< at home: somebody has fetched it
  Byte watched; ///< at home: open, and compared by each release
  Byte listed_unsure;
  Byte print[BytesPerBlock]; ///< published fingerprint: here the data itself
  Byte data[BytesPerBlock];
  Byte twin[BytesPerBlock];
  Byte left[BytesPerBlock]; ///< of each byte's place: the node's release to wait for
};

struct Node {
  BlockOnNode blocks[MaxBlocks];
  Byte protocol_holder; ///< thread that has the protocol mutex, or Nobody
  Byte summary_mark;    ///< some block may be marked
  Byte published;       ///< notices ever published
  Byte log[MaxNotices]; ///< ring of block numbers, with UnsureBit
  Byte seen[MaxNodes];  ///< notices read of each peer
  GateState gate;
  Byte met; ///< how often it has met the others to move homes
  // Where releases are lazy.
  Byte started, completed; ///< releases
  Byte acquired[MaxNodes]; ///< releases of others
  Byte wanted;             ///< release that another node has asked for
};

/// Where a thread is. A step is what no other thread can look into.
enum class Step : Byte {
  Idle,
  // A load or store of the program, and the making ready of its block.
  Access,
  Enter,
  EnterLate,
  Claim,
  ClaimStore,
  Install,
  Lock,
  FetchFlag,
  FetchMark,
  FetchGet,
  FetchTwin,
  FetchShow,
  TwinCopy,
  TwinShow,
  HomeNote,
  HomeShow,
  Unlock,
  // An atomic operation.
  AtomicBytes,
  AtomicAct,
  AtomicPatch,
  // A release.
  ReleaseMutex,
  ReleaseTake,
  ReleaseLock,
  ReleaseProtect,
  ReleaseSnapshot,
  ReleaseCompare,
  ReleaseUnlock,
  ReleaseFence,
  ReleaseSummary,
  ReleaseMark,
  ReleaseHome,
  ReleaseWatch,
  ReleaseShut,
  PublishUnsure,
  ReleaseTakeModified,
  ReleaseClear,
  Publish,
  PublishEntries,
  ReleaseEnd,
  // An acquire.
  AcquireMutex,
  AcquireCount,
  AcquireNotice,
  AcquireLock,
  AcquireDrop,
  AcquireCompare,
  AcquireUnlock,
  RefreshMark,
  RefreshGet,
  MergeMark,
  MergeGet,
  MergeStore,
  AcquireEnd,
  // A release that waits until it is asked for, and who asks.
  LeaveCount,
  LeaveEntry,
  LeaveFlag,
  TakeLook,
  TakeNext,
  TakeAsk,
  TakeWait,
  // The end of an eviction, which else is part of an acquire.
  EvictForget,
  // The moving of a home.
  MoveMutex,
  MoveClose,
  MoveWait,
  MoveShut,
  MoveLook,
  MoveArrive,
  MoveMeet,
  MoveGive,
  MoveRest,
  MoveTake,
  MoveCompare,
  MoveGet,
  MoveLearn,
  MoveOpen,
};

/// What the program is doing.
enum class Operation : Byte {
  None,
  Load,
  Store,
  Atomic,
  Release,
  Acquire,
  Give, ///< a release, after which a byte is for others to take
  Leave, ///< the same, but the release comes when somebody asks for it
  Take, ///< takes such a byte, and acquires
  Evict,
  Move, ///< of a home, with all other nodes
};

/// A put that has not arrived yet.
struct Put {
  enum Kind : Byte { None, Data, Snapshot, Mark, SummaryMark };
  Kind kind;
  Byte to; ///< node
  Byte block;
  Byte byte;
  Byte value; ///< of Data, when it was sent; of Snapshot
};

struct Thread {
  Step step;
  Operation operation;
  Byte block, byte; ///< of the operation
  Byte at;          ///< block, byte or notice that a loop is at
  Byte mask;        ///< blocks that a loop goes through
  Byte peer;        ///< whose log an acquire reads
  Byte end;         ///< of that log
  Byte dropping;    ///< block that an acquire takes away
  Byte unsure;      ///< drop it only where it differs from the fingerprint
  Byte lost;        ///< the log has been overwritten: drop everything
  Byte result;      ///< of an atomic operation
  Byte open;        ///< blocks that a release leaves writable
  Byte was_marked;  ///< the home block that a release looks at
  /// Releases of others that an acquire is about, or that it waits for first.
  Byte completed[MaxNodes];
  /// Copies of them; or what a merge has got.
  Byte aside[MaxBlocks][BytesPerBlock];
  Byte accesses, syncs, atomics, evictions,
      moves;   ///< that the program may still begin here
  Byte inside; ///< of the gate
  // A store waits in the CPU until it is visible to others (x86, TSO).
  Byte buffer_full, buffer_block, buffer_byte, buffer_value;
  Byte num_puts;
  Put puts[MaxPuts]; ///< oldest first
};

/// What the program may expect: of every byte, who may use it and what was
/// stored last. No part of the protocol.
struct Ghost {
  Byte owner; ///< thread, Shared, or Nobody: given and not yet taken
  Byte value;
  Byte giver, epoch; ///< left by that node, for that release; 0: at home
};

struct State {
  Node nodes[MaxNodes];
  Thread threads[MaxThreads];
  Ghost ghosts[MaxBlocks][BytesPerBlock];
  Byte home[MaxBlocks];     ///< the directory: a node, or Nobody
  Byte bytes_at[MaxBlocks]; ///< the same, but where it moves once it has
};
static_assert(std::has_unique_object_representations_v<State>);

/// A thread, and how many operations of each kind it may do at most.
struct Actor {
  int node;
  int accesses; ///< loads and stores
  int syncs;    ///< releases and acquires
  int atomics = 0;
  int evictions = 0;
  int moves = 0; ///< 0 or 1, for one thread of each node
  bool serves = false; ///< releases when another node asks for it
};

/// What is to be explored: all data-race-free programs of so many operations,
/// in every order.
struct Setup {
  const char *name;
  int nodes;
  std::vector<Actor> threads;
  /// Homes of the blocks; -1: claimed at the first touch.
  std::vector<int> home;
  /// Threads to which the bytes of each block belong at first, or Shared.
  std::vector<std::array<int, BytesPerBlock>> owner;
  int log_notices = MaxNotices; ///< size of the ring
  bool always_modified = false; ///< home blocks are never protected (M9)
  int moves_to = -1;            ///< node to which the home of block 0 moves
  bool toggles = false; ///< stores alternate between two values (ABA)
  bool shuts = false;   ///< a release leaves nothing open
  bool lazy = false;    ///< bytes are also given by releases to come
  bool asks = false;    ///< and the same by plain stores to flags, which say nothing

  int num_blocks() const { return static_cast<int>(home.size()); }
  int num_threads() const { return static_cast<int>(threads.size()); }
};

} // namespace model
