// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release_epochs.h - releases that cost nothing until somebody acquires them. A node
// counts its releases. Who releases by an atomic or a lock leaves, at a place of that
// word, the number of the node's next release, and goes on; who acquires by the word
// looks which of these numbers it has not acquired, and asks those nodes to release
// (M27). After Keleher, Cox, Zwaenepoel, "Lazy release consistency for software
// distributed shared memory" (ISCA 1992), whose intervals these are.
//
// A place that is asked for again and again is released at before anybody asks: so a
// flag or a lock that goes to and fro costs one wait, and not two.
//
// Where nodes update the same words at random, each update could ask for a release, which
// costs a thousand times as much. So a release that is asked for is held back while this
// node is busy leaving others, until the time since its last one is some times what that
// cost: the node that asks waits, and this one gets on. Of two nodes that wait for each
// other the lower releases at once and the higher when it is due: did both, they would
// meet again after a few updates.
//
// A request is two words that the asking node puts. A thread that leaves releases, or
// waits for one, looks at them and answers by itself; a message, which wakes the server,
// goes to a node without such a thread only.
//
// Thread-safety: any thread, unless said otherwise.
#pragma once

#include "base/settings.h"
#include "fabric/fabric.h"
#include "memory/coherence/demand.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace loco::memory {

/// The number of a release of one node, from 1 on.
using Epoch = std::uint64_t;

class ReleaseEpochs {
public:
  /// Collective, in the start-up order of Control reservations, before
  /// Fabric::start(). `release` makes a release of this node, from any thread that is
  /// in none.
  ReleaseEpochs(fabric::Fabric &fabric, int compute_nodes, void (*release)());

  /// Some words share one.
  using Place = std::uint32_t;
  static constexpr unsigned PlaceBits = 13;
  static Place place_of(std::uint64_t key) {
    // Two flags often stand side by side, of which one is about to be handed on.
    const Place of_eight = static_cast<Place>((key / 8 * 0x9e3779b97f4a7c15) >>
                                              (64 - (PlaceBits - 1)));
    return of_eight * 2 + (key / 4 & 1);
  }

  // ---- this node's releases

  /// One release at a time.
  void begin();
  void end();
  /// Before bytes that were stored here go to another node.
  void sends() { Sent->fetch_add(1, std::memory_order_seq_cst); }
  Epoch completed() const { return Completed->load(std::memory_order_acquire); }

  /// What this thread, and whoever happened before it, has stored is in the release that
  /// this names, which is one to come.
  Epoch leave_next();
  /// It is in the release `epoch`, which who acquires by these bytes, aligned ones,
  /// finds from now on.
  void leave(std::uint64_t key, std::size_t bytes, Epoch epoch);
  /// Whether to release now, and not to leave_next(): the place had better be released
  /// at at once, or another node waits and is due to be answered.
  bool wants_release(Place place) {
    return is_asked_for(place) || is_answer_due();
  }

  using Nanos = std::uint64_t;
  /// Whether a release is cheap beside what the node does between two that it leaves, and
  /// that are asked for, or the last one is long over. Static for the sake of a test.
  static bool is_due(Nanos cost, Nanos since_last, std::uint64_t left_since);

  // ---- other nodes' releases

  /// By node: the release that is wanted of it; 0: none.
  using Wanted = std::array<Epoch, MaxNodes>;
  /// What has been left at these bytes, and was not acquired. Whether anything, else
  /// `wanted` stays as it is.
  bool find_unseen(std::uint64_t key, std::size_t bytes, Wanted &wanted);
  /// The same of all places; what is over already is not wanted.
  bool find_unseen(Wanted &wanted);
  /// By node: changes when it has sent something.
  Wanted sent_by_all() { return load_all(SentOffset); }
  /// Of every node, the next release that has not begun: what it has stored by now is
  /// in that.
  Wanted next_of_all();
  /// Waits until all of these are over; asks for those that are not.
  void wait_for(const Wanted &wanted, Place place);
  /// Places that only learn: for all fences, and for who acquires from all.
  static constexpr Place OfFences = 1u << PlaceBits, OfAll = OfFences + 1;

  /// How far other nodes have come, once Fabric::wait() has returned; acquired() with
  /// that when what they have published until then was read. One acquire at a time.
  void ask_completed(Wanted &into) { ask_all(CompletedOffset, into); }
  void acquired(const Wanted &releases);

  // ---- serving requests

  /// Releases where another node wants it and no thread that leaves or waits does, for
  /// ever. Not a thread that others wait for in other ways.
  [[noreturn]] void serve();

private:
  using Word = std::atomic<Epoch>;
  static_assert(Word::is_always_lock_free &&
                std::atomic<Demand>::is_always_lock_free);
  /// What a node wants of this one, which it puts here; its place is only a hint.
  struct Request {
    Word epoch;
    std::atomic<std::uint64_t> place;
  };
  /// How many releases a node leaves, as another sees it, that will look at requests
  /// soon; and every which time it does.
  static constexpr std::uint64_t LooksEvery = 8;

  /// Answered by Fabric::wait().
  void ask(int node, std::uint64_t offset, Epoch &into) {
    Network.atomic_load_later(node, fabric::Segment::Control, offset, &into,
                              sizeof into);
  }
  /// The other nodes.
  void ask_all(std::uint64_t offset, Wanted &into);
  Wanted load_all(std::uint64_t offset);
  bool is_peer(int node) const { return node != Network.node(); }
  Word *words(std::uint64_t offset) const {
    return reinterpret_cast<Word *>(Network.control() + offset);
  }
  bool find_unseen(const Wanted &left, Wanted &wanted);
  bool is_asked_for(Place place);
  bool is_answer_due();
  bool is_answer_due(int node) const;
  Demand demand(Place place) const {
    return Demands[place].load(std::memory_order_relaxed);
  }
  bool is_due(Place place) const;
  /// Whether a thread of this node leaves releases at this time.
  bool is_leaving() const;
  bool is_asked_by(int node) const {
    return Requests[node].epoch.load(std::memory_order_acquire) > completed();
  }
  bool is_answered(int node, Epoch asked) const {
    return Answers[node].load(std::memory_order_acquire) >= asked;
  }
  void send_request(int node, Epoch wanted, Place place);
  void wake(int node);
  Place place_asked_for(int node) const {
    return static_cast<Place>(std::min<std::uint64_t>(
        Requests[node].place.load(std::memory_order_relaxed), OfAll));
  }
  /// Whether a node waits that this one, which waits for `asked`, has to answer first.
  bool must_answer(const Wanted &asked) const;
  /// Tells those nodes whose requests are met.
  void answer();

  static ReleaseEpochs *Instance; ///< for the handler, which has no argument

  fabric::Fabric &Network;
  const int ComputeNodes;
  const std::uint64_t LeftOffset;      ///< in Control: by place
  const std::uint64_t StartedOffset;   ///< in Control
  const std::uint64_t CompletedOffset; ///< in Control
  const std::uint64_t SentOffset;      ///< in Control: deltas
  const std::uint64_t PendingOffset;   ///< in Control: the latest of Left
  const std::uint64_t LeftSinceOffset; ///< in Control
  const std::uint64_t RequestsOffset;  ///< in Control: by node
  const std::uint64_t AnswersOffset;   ///< in Control: by node, completed there
  Word *const Left, *const Started, *const Completed, *const Sent,
      *const Pending;
  /// How many were left since the last release.
  Word *const LeftSince;
  Request *const Requests;
  Word *const Answers;
  void (*const Release)();
  Word Acquired[MaxNodes] = {}; ///< by node
  std::atomic<Demand> Demands[OfAll + 1] = {}; ///< by place

  std::atomic<Nanos> BeganAt{0}, EndedAt{0}; ///< the last release
  std::atomic<Nanos> Cost{0};                ///< of the last few

  /// About how many of those left since then are asked for as a rule.
  std::atomic<std::uint64_t> HandedOnSince{0};

  std::mutex AskMutex;
  Epoch Asked[MaxNodes] = {}; ///< by node: the latest; under AskMutex
  std::mutex AnswerMutex;
  Epoch Answered[MaxNodes] = {};     ///< by node; under AnswerMutex
  RecentRequests Recent[MaxNodes];   ///< by node; under AnswerMutex
  std::atomic<int> Waiting{0};        ///< threads in wait_for()
  std::atomic<std::uint32_t> Rings{0}; ///< the server sleeps on it
};

} // namespace loco::memory
