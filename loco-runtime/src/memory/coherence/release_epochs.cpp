// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release_epochs.cpp - leaving, finding and asking for releases.

#include "memory/coherence/release_epochs.h"

#include "base/futex.h"
#include "base/raise.h"
#include "base/signal_scope.h"
#include "base/stats.h"
#include "fabric/waits.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace loco::memory {

using fabric::Message;
using fabric::now_ns;
using fabric::Segment;

ReleaseEpochs *ReleaseEpochs::Instance = nullptr;

ReleaseEpochs::ReleaseEpochs(fabric::Fabric &fabric, int compute_nodes,
                             void (*release)())
    : Network(fabric), ComputeNodes(compute_nodes),
      LeftOffset(fabric.reserve_control(sizeof(Epoch) << PlaceBits)),
      StartedOffset(fabric.reserve_control(sizeof(Epoch))),
      CompletedOffset(fabric.reserve_control(sizeof(Epoch))),
      SentOffset(fabric.reserve_control(sizeof(Epoch))),
      PendingOffset(fabric.reserve_control(sizeof(Epoch))),
      LeftSinceOffset(fabric.reserve_control(sizeof(Epoch))),
      RequestsOffset(fabric.reserve_control(MaxNodes * sizeof(Request))),
      AnswersOffset(fabric.reserve_control(MaxNodes * sizeof(Epoch))),
      Left(words(LeftOffset)), Started(words(StartedOffset)),
      Completed(words(CompletedOffset)), Sent(words(SentOffset)),
      Pending(words(PendingOffset)), LeftSince(words(LeftSinceOffset)),
      Requests(reinterpret_cast<Request *>(fabric.control() + RequestsOffset)),
      Answers(words(AnswersOffset)), Release(release) {
  Instance = this;
  fabric.set_handler(Message::WantRelease,
                     [](int, std::span<const std::byte>) {
                       Instance->Rings.fetch_add(1, std::memory_order_release);
                       futex_wake(Instance->Rings);
                     });
}

// --------------------------------------------------------- this node's releases

void ReleaseEpochs::begin() {
  BeganAt.store(now_ns(), std::memory_order_relaxed);
  // Before the release looks at what was stored: see leave_next().
  Started->fetch_add(1, std::memory_order_seq_cst);
}

void ReleaseEpochs::end() {
  Completed->store(Started->load(std::memory_order_relaxed),
                   std::memory_order_release);
  const Nanos end = now_ns();
  // The mean of some; a thread that loses its core meanwhile says little.
  static constexpr Nanos MostAtOnce = 4, Least = 10'000, Share = 4;
  const Nanos mean = Cost.load(std::memory_order_relaxed),
              now = std::min(end - BeganAt.load(std::memory_order_relaxed),
                             MostAtOnce * mean + Least);
  Cost.store(mean - mean / Share + now / Share, std::memory_order_relaxed);
  EndedAt.store(end, std::memory_order_relaxed);
  LeftSince->store(0, std::memory_order_relaxed);
  HandedOnSince.store(0, std::memory_order_relaxed);
  answer();
}

bool ReleaseEpochs::is_due(Nanos cost, Nanos since_last, std::uint64_t left_since) {
  static constexpr Nanos Most = 2'000'000;
  static constexpr Nanos CheapBeside = 4, Patience = 16;
  cost = std::min(cost, Most);
  return cost * left_since <= CheapBeside * since_last || Patience * cost <= since_last;
}

bool ReleaseEpochs::is_due(Place place) const {
  // What the node pays that asks, beside its wait: request, answer and acquire.
  static constexpr Nanos Asking = 10'000;
  const Nanos cost = Cost.load(std::memory_order_relaxed);
  const Nanos since_last = now_ns() - EndedAt.load(std::memory_order_relaxed);
  if (demand(place).is_usual()) // it will be asked for, sooner or later
    return cost <= Asking ||
           is_due(cost, since_last, HandedOnSince.load(std::memory_order_relaxed));
  return is_due(cost + Asking, since_last, LeftSince->load(std::memory_order_relaxed));
}

bool ReleaseEpochs::is_leaving() const {
  static constexpr Nanos Watched = 5'000;
  const std::uint64_t left = LeftSince->load(std::memory_order_relaxed);
  const Nanos start = now_ns();
  do
    std::this_thread::yield();
  while (now_ns() - start < Watched);
  return LeftSince->load(std::memory_order_relaxed) != left;
}

bool ReleaseEpochs::is_answer_due() {
  const std::uint64_t left = LeftSince->load(std::memory_order_relaxed);
  if (left % LooksEvery != 0)
    return false;
  return is_answer_due(static_cast<int>(left / LooksEvery % ComputeNodes));
}

bool ReleaseEpochs::is_answer_due(int node) const {
  return is_asked_by(node) && is_due(place_asked_for(node));
}

bool ReleaseEpochs::must_answer(const Wanted &asked) const {
  for (int node = 0; node < ComputeNodes; ++node)
    if (is_asked_by(node) &&
        (node > Network.node() || is_answered(node, asked[node])))
      return true;
  return false;
}

void ReleaseEpochs::answer() {
  std::lock_guard lock(AnswerMutex);
  const Epoch completed = this->completed();
  for (int node = 0; node < ComputeNodes; ++node) {
    const Epoch asked = Requests[node].epoch.load(std::memory_order_acquire);
    if (asked <= Answered[node] || asked > completed)
      continue;
    const Place place = place_asked_for(node);
    Demand of = demand(place);
    of.asked(Recent[node].add(place));
    Demands[place].store(of, std::memory_order_relaxed);
    Answered[node] = completed;
    Network.put(node, Segment::Control,
                AnswersOffset + Network.node() * sizeof(Epoch), &Answered[node],
                sizeof(Epoch));
    Network.notify(node);
  }
}

Epoch ReleaseEpochs::leave_next() {
  // This thread's stores before, the count after: a release that has not begun by then
  // sees them (Dekker, with begin()). The fence between them counts; a fence that does
  // nothing else takes several times as long.
  LeftSince->fetch_add(1, std::memory_order_seq_cst);
  const Epoch epoch = Started->load(std::memory_order_seq_cst) + 1;
  raise(*Pending, epoch);
  return epoch;
}

void ReleaseEpochs::leave(std::uint64_t key, std::size_t bytes, Epoch epoch) {
  const Place place = place_of(key);
  raise(Left[place], epoch);
  if (bytes > 4)
    raise(Left[place ^ 1], epoch);
}

bool ReleaseEpochs::is_asked_for(Place place) {
  // Only hints: what two threads do at once may get lost.
  Demand of = demand(place);
  if (of.is_usual())
    HandedOnSince.store(HandedOnSince.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  const bool at_once = of.wants_release() && is_due(place);
  if (at_once)
    of.released_at_once();
  else
    of.left();
  Demands[place].store(of, std::memory_order_relaxed);
  return at_once;
}

// -------------------------------------------------------- other nodes' releases

// Each atomic comes here: no more of these arrays is touched than there are nodes.

bool ReleaseEpochs::find_unseen(std::uint64_t key, std::size_t bytes,
                                Wanted &wanted) {
  const Place place = place_of(key);
  Wanted left, left_at_other;
  std::fill_n(left.begin(), ComputeNodes, 0);
  ask_all(LeftOffset + place * sizeof(Epoch), left);
  if (bytes > 4) {
    std::fill_n(left_at_other.begin(), ComputeNodes, 0);
    ask_all(LeftOffset + (place ^ 1) * sizeof(Epoch), left_at_other);
  }
  Network.wait();
  if (bytes > 4)
    for (int node = 0; node < ComputeNodes; ++node)
      left[node] = std::max(left[node], left_at_other[node]);
  return find_unseen(left, wanted);
}

bool ReleaseEpochs::find_unseen(Wanted &wanted) {
  Wanted completed{}, pending{};
  ask_all(CompletedOffset, completed);
  ask_all(PendingOffset, pending);
  Network.wait();
  bool any = false;
  wanted = {};
  for (int node = 0; node < ComputeNodes; ++node) {
    any |= std::max(pending[node], completed[node]) >
           Acquired[node].load(std::memory_order_acquire);
    if (pending[node] > completed[node])
      wanted[node] = pending[node];
  }
  return any;
}

bool ReleaseEpochs::find_unseen(const Wanted &left, Wanted &wanted) {
  auto is_unseen = [&](int node) {
    return left[node] > Acquired[node].load(std::memory_order_acquire);
  };
  int first = 0;
  while (first < ComputeNodes && !is_unseen(first))
    ++first;
  if (first == ComputeNodes)
    return false;
  wanted = {};
  for (int node = first; node < ComputeNodes; ++node)
    if (is_unseen(node))
      wanted[node] = left[node];
  return true;
}

ReleaseEpochs::Wanted ReleaseEpochs::next_of_all() {
  Wanted wanted = load_all(StartedOffset);
  for (int node = 0; node < ComputeNodes; ++node)
    wanted[node] += is_peer(node);
  return wanted;
}

void ReleaseEpochs::send_request(int node, Epoch wanted, Place place) {
  SignalScope signals; // a handler may ask, too
  // Of this node's threads the one that wants most is met last.
  std::lock_guard lock(AskMutex);
  Asked[node] = std::max(Asked[node], wanted);
  const std::uint64_t request[] = {Asked[node], place};
  static_assert(sizeof request == sizeof(Request));
  Network.put(node, Segment::Control,
              RequestsOffset + Network.node() * sizeof(Request), request,
              sizeof request);
  count(stats.ReleasesAskedFor);
}

void ReleaseEpochs::wake(int node) {
  SignalScope signals;
  Network.send(node, Message::WantRelease, {});
}

void ReleaseEpochs::wait_for(const Wanted &wanted, Place place) {
  static constexpr Nanos LooksWithin = 200'000;
  Wanted completed{}, left_since{}, asked{}, looks{};
  for (int node = 0; node < ComputeNodes; ++node)
    if (wanted[node] != 0) {
      ask(node, CompletedOffset, completed[node]);
      ask(node, LeftSinceOffset, left_since[node]);
    }
  Network.wait();
  for (int node = 0; node < ComputeNodes; ++node) {
    if (completed[node] >= wanted[node])
      continue;
    asked[node] = wanted[node];
    send_request(node, wanted[node], place);
    if (left_since[node] >= LooksEvery)
      looks[node] = wanted[node];
    else
      wake(node);
  }
  auto is_over = [&](const Wanted &releases) {
    for (int node = 0; node < ComputeNodes; ++node)
      if (!is_answered(node, releases[node]))
        return false;
    return true;
  };
  const Nanos start = now_ns();
  auto is_late = [&] {
    return now_ns() - start > LooksWithin && !is_over(looks);
  };

  Waiting.fetch_add(1, std::memory_order_seq_cst);
  while (!is_over(asked)) {
    if (must_answer(asked))
      Release();
    if (is_late()) {
      for (int node = 0; node < ComputeNodes; ++node)
        if (looks[node] != 0)
          wake(node);
      looks = {};
    }
    Network.wait_until(
        [&] { return is_over(asked) || must_answer(asked) || is_late(); });
  }
  Waiting.fetch_sub(1, std::memory_order_relaxed);
}

void ReleaseEpochs::ask_all(std::uint64_t offset, Wanted &into) {
  for (int node = 0; node < ComputeNodes; ++node)
    if (is_peer(node))
      ask(node, offset, into[node]);
}

ReleaseEpochs::Wanted ReleaseEpochs::load_all(std::uint64_t offset) {
  Wanted words{};
  ask_all(offset, words);
  Network.wait();
  return words;
}

void ReleaseEpochs::acquired(const Wanted &releases) {
  for (int node = 0; node < ComputeNodes; ++node)
    Acquired[node].store(releases[node], std::memory_order_release);
}

// ------------------------------------------------------------- serving requests

void ReleaseEpochs::serve() {
  static constexpr auto HeldBack = std::chrono::microseconds(200);
  for (;;) {
    const std::uint32_t seen = Rings.load(std::memory_order_acquire);
    answer();
    bool is_asked = false, is_due = false;
    for (int node = 0; node < ComputeNodes; ++node) {
      is_asked |= is_asked_by(node);
      is_due |= is_answer_due(node);
    }
    if (!is_asked)
      futex_wait(Rings, seen, -1);
    else if (is_due || (Waiting.load() == 0 && !is_leaving()))
      Release();
    else
      std::this_thread::sleep_for(HeldBack);
  }
}

} // namespace loco::memory
