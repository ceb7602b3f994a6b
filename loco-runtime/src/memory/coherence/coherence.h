// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coherence.h - home-based release consistency over blocks, with twins and byte
// deltas. docs/memory-model.md tells the protocol and numbers its invariants
// (M1...); code refers to the numbers.
//
// Sources: lazy release consistency and write notices: Keleher et al., ISCA
// 1992; home-based LRC: Zhou, Iftode, Li, OSDI 1996; twins and diffs: Carter et
// al., SOSP 1991.
#pragma once

#include "base/stats.h"
#include "fabric/fabric.h"
#include "memory/coherence/block_list.h"
#include "memory/coherence/cache.h"
#include "memory/coherence/costs.h"
#include "memory/coherence/cut_ranges.h"
#include "memory/coherence/exports.h"
#include "memory/coherence/fingerprints.h"
#include "memory/coherence/gate.h"
#include "memory/coherence/notices.h"
#include "memory/coherence/open_history.h"
#include "memory/coherence/readahead.h"
#include "memory/coherence/refresh.h"
#include "memory/coherence/release_epochs.h"
#include "memory/coherence/store_watch.h"
#include "memory/coherence/twins.h"
#include "memory/homes/homes.h"
#include "memory/homes/move_board.h"
#include "memory/homes/sole_writers.h"
#include "memory/space/address_space.h"
#include "memory/space/page_table.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace loco::memory {

enum class Access { Load, Store };

class Coherence {
public:
  /// The first `compute_nodes` of the fabric's nodes run the program, the
  /// others only give homes: they make this object for its place in Control,
  /// and never call it. `cache_bytes`: what copies of other nodes' blocks may
  /// take; 0: anything.
  Coherence(fabric::Fabric &fabric, int compute_nodes, AddressSpace &space,
            PageTable &pages, std::uint64_t cache_bytes);

  /// Makes blocks [first, first + count) present for the access; fetches what
  /// is missing in runs, and counts `ahead_bytes` down by it: where nothing is
  /// left of that, other nodes' blocks stay for later faults. Contiguous in the
  /// program view. Any user thread.
  void prepare(Block first, Block count, Access access,
               std::uint64_t &ahead_bytes);
  /// As much as one range may fetch, for the above.
  std::uint64_t ahead_bytes() const { return Copies.ahead_bytes(); }
  /// prepare() has left out some of this range.
  void was_cut(const CutRange &range) { Cuts.remember(range); }

  /// As prepare() for one block, but gives up where another thread holds the
  /// block: the fault handler must not wait for a thread that may itself be
  /// waiting for a fault. True when done.
  bool try_prepare(Block block, Access access);

  /// This node's stores are at their homes, and noticed, when it returns.
  void release();
  /// Drops what other nodes have published as modified. `upto`, for a watch: the
  /// releases that this synchronises with, if not with all.
  void acquire(const ReleaseClock *upto = nullptr);

  /// Around an atomic or a lock, which has its own `key` (of an atomic the offset of its
  /// aligned bytes): who acquires through it sees what was stored before this, and costs
  /// nothing until somebody does (M27).
  void release_through(std::uint64_t key, std::size_t bytes = 1);
  /// Before a store without an order: hands on what the thread's last release by a
  /// fence was about.
  void hand_on(std::uint64_t key, std::size_t bytes);
  /// Does nothing where this node has acquired all that was released through it.
  void acquire_through(std::uint64_t key, std::size_t bytes = 1);
  /// By a fence: through what the thread stores without an order from now on, and from
  /// whatever others have released.
  void release_by_fence(bool at_once = false);
  void acquire_by_fence();
  /// What others have stored by now, released or not (M28).
  void acquire_from_all();
  /// Releases when other nodes ask for it, for ever.
  [[noreturn]] void serve_releases();

  /// This node would move homes here at the next barrier of all nodes.
  bool wants_to_move_homes() const;
  /// After the acquire of a barrier of all nodes, on each of them. Moves homes
  /// (collectively) where any node has wanted to before that barrier.
  void end_interval(bool move_homes_now);

  /// Makes whole extents of this node, not used yet, memory for a stack, whose
  /// stores are unchecked. It stays at home here, its pages are the kernel's
  /// affair, and its blocks are never protected: they count as modified
  /// whenever they are exported (M9).
  void open_stack(Block first, Block count);
  /// Whether the byte is in one of those.
  bool is_own_stack(std::uint64_t offset) const;

  /// The home of a block, which from now on stays: it is acted on at the home
  /// without at_home() (records of locks).
  int pin_home(Block block);

  // home_twins.cpp: of use where something watches stores.
  /// Before the first store to shared memory.
  void set_watch(StoreWatch &watch);
  StoreWatch *watch() { return Watch; }
  /// Stores to [from, end), of one of this node's stacks, are looked at from now
  /// on, though no others are to stacks.
  void watch_stack(const void *from, const void *end);
  /// Other nodes' stores to a block at home here: `bytes` of `runs`, one after the
  /// other. Returns those that this node has changed, too, and not released. The
  /// progress thread.
  std::vector<ByteRun> apply_stores(Block block, std::span<const ByteRun> runs,
                                    const std::byte *bytes);

  /// An operation on `bytes` bytes at `offset`, in one block, that acts at the
  /// home: runs act(home, copy, twin) under the block's lock, after this node's
  /// own unreleased stores to those bytes have gone home. copy is this node's
  /// cached block (its runtime view) and twin its twin, each null where there
  /// is none. The block counts as modified by this node where `modifies`.
  template <typename Act>
  void at_home(std::uint64_t offset, std::size_t bytes, bool modifies,
               Act act) {
    fabric::WaitFor cause(fabric::Cause::Atomic);
    Gate::Pass pass(HomesGate);
    Block block = block_at(offset);
    int home = Directory.claim(block);
    if (Watch != nullptr)
      Watch->leave_out(home, offset, bytes);
    BlockLock lock(*this, block);
    BlockInfo &info = Info[block];
    std::byte *copy = nullptr, *twin = nullptr;
    if (home == Network.node()) {
      // It goes past the page table, so a protected block stays protected.
      if (modifies && info.State == State::HomeProtected)
        note_modified(block);
    } else {
      if (info.State != State::Absent)
        copy = Space.runtime_view(block);
      if (info.State == State::Dirty) {
        twin = change_twin(block);
        put_bytes(block, offset, bytes);
      }
      if (modifies)
        note_modified(block);
    }
    act(home, copy, twin);
  }

  Homes &homes() { return Directory; }
  AddressSpace &space() { return Space; }
  fabric::Fabric &network() { return Network; }
  int compute_nodes() const { return ComputeNodes; }

private:
  enum class State : std::uint8_t {
    Absent,        ///< not here: no page-table entry, shadow ABSENT
    Hidden,        ///< a copy, but no page-table entry, shadow ABSENT
    Clean,         ///< a copy, write-protected, shadow CLEAN
    Dirty,         ///< a copy with a twin, writable, shadow READY
    Home,          ///< at home, writable, shadow READY
    HomeProtected, ///< at home, write-protected, shadow CLEAN
  };

  static bool is_copy(State state) {
    return state == State::Hidden || state == State::Clean ||
           state == State::Dirty;
  }

  struct BlockInfo {
    std::atomic<bool> Locked;
    enum State State;
    bool NoticePending : 1; ///< in the Modified list
    bool Listed : 1;        ///< in DirtyBlocks
    bool HasMemory : 1;     ///< as a copy, counted in Copies, not given back
    bool Watched : 1;       ///< in the Watched list, its fingerprint made
    bool Marked : 1;        ///< and was fetched, or stored to, by others since
    bool Closing : 1;       ///< open, but protected by the release under way
    RefreshHistory History;
    TwinPool::Twin Twin; ///< at home, of OwnStores
    OpenHistory Open;
  };
  static_assert(sizeof(BlockInfo) == 16);

  /// Copies of home blocks that are writable, and of watched stacks.
  struct HomeTwins {
    explicit HomeTwins(Block num_blocks)
        : Twins(num_blocks),
          Written(num_blocks, "the list of written home blocks") {}
    TwinPool Twins;
    BlockList Written;
    std::vector<Block> Stacks; ///< ProtocolMutex
  };

  enum ExtentFlags : std::uint8_t {
    Installed = 1,      ///< of its blocks, those at home here are visible
    AlwaysModified = 2, ///< see open_stack()
    HasCopies = 4,      ///< may hold copies of blocks
  };

  /// Blocks of one extent that an acquire renews, locked until finish_renewals(): so it
  /// waits once for many.
  struct Renewal {
    Block first, count;
    std::uint16_t merged, hidden; ///< by bit, from `first` on
  };
  static_assert(BlocksPerExtent <= 16);
  static constexpr unsigned MostRenewals = 64;
  static constexpr std::size_t MostIncoming = 64;
  static_assert(MostIncoming >= 2 * BlocksPerExtent);

  /// Fingerprints that were asked for before what they are for is locked: they are of
  /// the release that the notice is of, or of a later one (M17).
  class PublishedPrints {
  public:
    /// Of logs: what was asked for before the last end is of no use any more.
    void begin_round() {
      if (IsOver)
        Count = Taken = 0;
      IsOver = false;
    }
    void end_round() { IsOver = true; }
    bool is_full() const { return Count == Most; }
    std::uint64_t *add(int peer, Block first) {
      Runs[Count] = {first, peer};
      return Prints[Count++];
    }
    /// In the order in which they were added; null where there are none.
    const std::uint64_t *take(int peer, Block first) {
      for (std::size_t i = Taken; i < Count; ++i)
        if (Runs[i].first == first && Runs[i].peer == peer) {
          Taken = i + 1;
          return Prints[i];
        }
      return nullptr;
    }

  private:
    static constexpr std::size_t Most = 256;
    struct Run {
      Block first;
      int peer;
    };
    bool IsOver = true;
    std::size_t Count = 0, Taken = 0;
    Run Runs[Most];
    std::uint64_t Prints[Most][BlocksPerExtent];
  };

  class BlockLock {
  public:
    BlockLock(Coherence &coherence, Block block) : Info(coherence.Info[block]) {
      coherence.lock(block);
    }
    ~BlockLock() { Info.Locked.store(false, std::memory_order_release); }
    BlockLock(const BlockLock &) = delete;

  private:
    BlockInfo &Info;
  };

  /// Room in a bounded cache for a miss of `count` blocks, while it lives. Made
  /// before the blocks are locked.
  class Room {
  public:
    Room(Coherence &coherence, Block first, Block count, Access access,
         bool wait);
    ~Room();
    Room(const Room &) = delete;
    /// 0 where the cache is unbounded.
    std::uint64_t bytes() const { return Bytes; }

  private:
    Cache &Copies;
    std::uint64_t Bytes = 0;
  };

  bool try_lock(Block block);
  void lock(Block block);
  void unlock(Block block);
  bool try_lock_run(Block first, Block count);
  void lock_run(Block first, Block count);
  void unlock_run(Block first, Block count);

  // Each of these needs the locks of its blocks, which lie in one extent.
  void prepare_locked(Block first, Block count, Access access, int home);
  void fetch(Block first, Block count, Access access, int home);
  // Its steps: they are marked as exported; memory for them; they are asked for, and
  // are in the runtime view after a wait; what is there, `visible_bytes` of it in the
  // program view already, becomes a copy.
  void begin_fetch(Block first, Block count, int home);
  void back(Block first, Block count);
  void ask_for(Block first, Block count, int home);
  void take_fetched(Block first, Block count, Access access,
                    std::size_t visible_bytes);
  /// Hidden copies become Clean, and the other way round.
  void show(Block first, Block count);
  void hide(Block first, Block count);
  /// For a store to `stored`, or to all of them.
  static constexpr Block AllStored = ~Block{0};
  void make_dirty(Block first, Block count, Block stored = AllStored);
  void unprotect_home(Block first, Block count, Block stored = AllStored);
  /// For a store to a block that a release has closed: opens it, and those around it
  /// in its extent that were closed with it, if their locks are free.
  void open_together(Block stored);
  bool opens_together(Block block) const {
    const BlockInfo &info = Info[block];
    return (info.State == State::Clean || info.State == State::HomeProtected) &&
           info.Open.was_closed() && !Copies.is_bounded() && Watch == nullptr;
  }
  void protect_home(Block block);
  /// Returns how many there were to drop. `pieces` is the caller's own.
  Block drop(Block first, Block count, fabric::Piece *pieces);
  /// Asks for what brings Clean copies up to date where they are; and Dirty ones.
  void refresh(Block first, Block count);
  void ask_to_merge(Block first, Block count);
  /// With what was asked for.
  void merge(Block block, const std::byte *from);
  /// Copies of blocks of one extent that a notice names, or those for which
  /// `changed` is true, become as their home has them, or go, by the next
  /// finish_renewals(), which lets go their locks.
  void renew(Block first, Block count, const bool *changed);
  void give_back(Block first, Block count);
  bool all_without_memory(Block first, Block count) const;
  void count_copies(Block first, Block count);
  void make_twin(Block block, bool is_stored);
  /// The bytes of a block's twin, to change some of them.
  std::byte *change_twin(Block block) {
    TwinPrints[block] = NoPrint;
    return Twins.bytes(Info[block].Twin);
  }
  std::uint64_t twin_print(Block block) {
    if (TwinPrints[block] == NoPrint)
      TwinPrints[block] = fingerprint(Twins.bytes(Info[block].Twin));
    return TwinPrints[block];
  }
  /// The block becomes writable: for a store to it, or to one with which it was closed.
  void note_opened(Block block, bool is_stored);
  /// Sends what differs between `data`, which stays until the deltas have
  /// arrived, and the block's twin, which is of no use after that. Whether
  /// anything does.
  bool put_delta(Block block, const std::byte *data, fabric::Piece *pieces);
  /// The block's bytes at its home where the CPU can store to them; else null.
  std::byte *direct_home(Block block, int home);
  /// Of a copy that stays writable: sends what differs from its twin; returns the next
  /// twin, which has what was sent, or 0 where nothing differs. ProtocolMutex.
  TwinPool::Twin put_open_delta(Block block);
  void wait_for_deltas();
  /// In place before what this thread does there next.
  void put_bytes(Block block, std::uint64_t offset, std::size_t bytes);
  void note_modified(Block block);
  /// This node has stored to the block. ProtocolMutex.
  void note_writer(Block block);
  void set_states(Block first, Block count, State state, loco_shadow shadow);

  /// Splits [first, first + count) into maximal runs for which `in_run` holds.
  template <typename InRun, typename Visit>
  static void for_each_run(Block first, Block count, InRun in_run,
                           Visit visit) {
    Block end = first + count;
    for (Block b = first; b < end;) {
      if (!in_run(b)) {
        ++b;
        continue;
      }
      Block start = b;
      while (b < end && in_run(b))
        ++b;
      visit(start, b - start);
    }
  }

  /// Splits [first, first + count), in one extent, into runs with one home.
  template <typename Visit>
  void for_each_home(Block first, Block count, Visit visit) {
    while (count != 0) {
      Homes::Run run = Directory.claim_run(first, count);
      visit(run.home, first, run.count);
      first += run.count;
      count -= run.count;
    }
  }

  static bool is_at_home(const BlockInfo &info) {
    return info.State == State::Home || info.State == State::HomeProtected;
  }

  /// Of blocks of one extent with one home.
  void prepare_run(Block first, Block count, int home, Access access,
                   std::uint64_t &ahead_bytes);
  /// Blocks of several extents and other homes, at most `count`, with one wait for as
  /// many as there are before one at home here; how many that is.
  Block prepare_together(Block first, Block count, Access access,
                         std::uint64_t &ahead_bytes);
  /// Old kernels make several blocks visible and protected one run at a time only.
  bool fetches_together(Access access) const {
    return access == Access::Store || Pages.installs_protected();
  }
  /// How many blocks of its extent a thread that misses `block` will want, if
  /// it scans memory; 1 where nothing tells that it does.
  Block scan_length(Block block);
  /// Locks, without waiting, blocks that follow a locked one in its extent, are
  /// in the same state, and have the same home; returns how many of `count` are
  /// locked now.
  Block try_lock_alike(Block first, Block count, int home);
  bool try_prepare_inside(Block block, Access access);

  // lazy.cpp.
  /// The release that has what this thread stored, over or to come.
  Epoch release_or_leave(ReleaseEpochs::Place place);

  // closing.cpp; ProtocolMutex.
  /// Blocks that one page-table change protects: idle open ones, and what is
  /// protected already in between. All are locked. Empty where none is idle.
  struct ClosingRun {
    Block first, end;
    Block idle;
    std::uint64_t in_vain; ///< comparisons
  };
  /// Protects runs of open blocks, ascending ones of both kinds, that had better close.
  void close_idle(std::span<const Block> dirty, std::span<const Block> watched);
  /// Locks all from the run's end to the block; false where they cannot be in one run.
  bool extend(const ClosingRun &run, Block block);
  /// Protects the run if that is worth it; unlocks it.
  void close(const ClosingRun &run);
  /// A store comes before the release has looked at closing blocks. With their locks.
  void reopen(Block first, Block count);

  // eviction.cpp: the fault thread's, in a bounded cache.
  /// Fetches some of what follows the block in a range that was cut.
  void continue_range(Block faulted, Access access);
  /// Makes what is missing of the range ready, up to `most` blocks from its
  /// start on; returns how many blocks that is. Waits for nothing.
  Block fetch_ahead(std::uintptr_t address, std::size_t bytes, Block most,
                    Access access);
  /// Other threads' faults wait meanwhile.
  static constexpr std::uint64_t MostContinuedBytes = 1 << 20;

  // home_twins.cpp. With the lock of the block, where one is named.
  void twin_home_block(Block block);
  void compare_home_block(Block block); ///< ProtocolMutex
  void flush_home();                    ///< ProtocolMutex
  void watch(Block block);              ///< ProtocolMutex
  /// What a block that may be written has in the shadow: where stores are watched
  /// every checked one comes to the slow path.
  loco_shadow writable() const {
    return Watch == nullptr ? LOCO_SHADOW_READY : LOCO_SHADOW_CLEAN;
  }

  // migration.cpp; ProtocolMutex.
  void move_homes();
  void ask_for_homes();
  void answer(Move asked);
  void give_away(Block first, Block count, int to);
  void take_over(Block first, Block count, int from);

  /// Makes the blocks of an extent visible that are at home here. Without
  /// `wait` it gives up, and returns false, where another thread holds one of
  /// the blocks.
  bool install_home(Extent extent, bool wait = true);
  void install_home_run(Block first, Block count);
  void flush_dirty(std::span<const Block> dirty);
  void flush_batch(std::span<const Block> batch);
  void compare_watched(std::span<const Block> watched);
  /// Whether a home block is as its last fingerprint says; else that is noticed.
  bool is_as_published(Block block);
  /// What others have fetched may have changed since: they are to look.
  void publish_fingerprint(Block block);
  void take_exports();
  /// Of blocks of one extent, after their marks were taken.
  void take_exported_run(Block first, Block count);
  void publish_modified();
  void drop_notice(int peer, Notice notice);
  /// Another node's notice names what may be open at home here.
  void others_stored(Block first, Block count, bool unsure);
  /// Drops what is not as `peer`'s fingerprints say.
  void drop_changed(int peer, Block first, Block count);
  void drop_everything();
  void ask_for_prints(int peer, std::span<const Notice> notices);
  /// In an acquire, which may hold others.
  void lock_for_renewal(Block first, Block count);
  void finish_renewals();
  bool has_copies(Extent extent) const {
    return (Flags[extent].load(std::memory_order_seq_cst) & HasCopies) != 0;
  }

  /// Evicts until a bounded cache is within its limit, if it is over it; all
  /// but `wanted`.
  void make_room(Extent wanted, bool wait);
  void evict(Cache::Victim victim);
  std::uint64_t cached_bytes() const {
    return Copies.used_bytes() + Twins.resident_bytes();
  }

  fabric::Fabric &Network;
  const int ComputeNodes;
  const StepCosts Costs;
  ChangeCost Changes; ///< ProtocolMutex
  AddressSpace &Space;
  PageTable &Pages;
  Homes Directory;
  Gate HomesGate; ///< passed by all that goes by homes
  Exports Exported;
  ReleaseEpochs Epochs;
  Fingerprints Prints;
  Notices Log;
  TwinPool Twins;
  Cache Copies;
  CutRanges Cuts;
  std::atomic<std::uint32_t> NumReleases = 0; ///< changed with ProtocolMutex
  SoleWriters Writers;              ///< ProtocolMutex
  MoveBoard Moves;                  ///< ProtocolMutex
  BlockInfo *Info;                  ///< by block
  /// By open copy: its twin's fingerprint, which takes half of the time to look at
  /// that both do; or NoPrint.
  std::uint64_t *TwinPrints;
  static constexpr std::uint64_t NoPrint = ~std::uint64_t{0};
  std::atomic<std::uint8_t> *Flags; ///< ExtentFlags, by extent
  BlockList DirtyBlocks;            ///< Dirty since the last release
  BlockList Modified;               ///< to be noticed at the next release
  BlockList Unsure;                 ///< noticed with a fingerprint
  BlockList Watched;                ///< open at home, with copies elsewhere
  bool AnyWatchedMarked = false;    ///< as if all were; ProtocolMutex
  std::mutex ProtocolMutex;         ///< one release or acquire at a time
  fabric::Piece *Pieces;            ///< of one block; ProtocolMutex
  Renewal Renewals[MostRenewals];   ///< ProtocolMutex
  unsigned NumRenewals = 0;
  std::byte *Incoming;              ///< of MostIncoming blocks; ProtocolMutex
  /// Where those are that wait to be merged: there, or at their home. ProtocolMutex.
  const std::byte *MergeFrom[MostIncoming];
  std::size_t NumIncoming = 0;
  PublishedPrints Published;        ///< ProtocolMutex
  std::mutex EvictionMutex;         ///< one thread evicts at a time
  fabric::Piece *EvictionPieces;    ///< of one block; EvictionMutex
  /// All by which something that others have stored may have become visible here.
  struct ComeIn {
    std::uint64_t blocks = ~std::uint64_t{0};
    ReleaseEpochs::Wanted sent{};
    bool operator==(const ComeIn &) const = default;
  };
  std::mutex AcquiredMutex;
  ComeIn AcquiredFromAll; ///< what had before the last of these began
  StoreWatch *Watch = nullptr;
  std::unique_ptr<HomeTwins> OwnStores; ///< with a watch
};

/// The node's coherence; null where the job has one node.
inline Coherence *coherence = nullptr;

} // namespace loco::memory
