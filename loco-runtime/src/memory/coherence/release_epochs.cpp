// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// release_epochs.cpp - leaving, finding and asking for releases.

#include "memory/coherence/release_epochs.h"

#include "base/futex.h"
#include "base/raise.h"
#include "base/stats.h"
#include "fabric/waits.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

namespace loco::memory {

using fabric::Message;
using fabric::now_ns;
using fabric::Segment;

ReleaseEpochs *ReleaseEpochs::Instance = nullptr;

ReleaseEpochs::ReleaseEpochs(fabric::Fabric &fabric, int compute_nodes)
    : Network(fabric), ComputeNodes(compute_nodes),
      LeftOffset(fabric.reserve_control(sizeof(Epoch) << PlaceBits)),
      StartedOffset(fabric.reserve_control(sizeof(Epoch))),
      CompletedOffset(fabric.reserve_control(sizeof(Epoch))),
      SentOffset(fabric.reserve_control(sizeof(Epoch))),
      PendingOffset(fabric.reserve_control(sizeof(Epoch))),
      AnswersOffset(fabric.reserve_control(MaxNodes * sizeof(Epoch))),
      Left(words(LeftOffset)), Started(words(StartedOffset)),
      Completed(words(CompletedOffset)), Sent(words(SentOffset)),
      Pending(words(PendingOffset)), Answers(words(AnswersOffset)) {
  Instance = this;
  fabric.set_handler(Message::WantRelease,
                     [](int source, std::span<const std::byte> payload) {
                       Instance->receive(source, payload);
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
  CostBefore.store(Cost.load(std::memory_order_relaxed), std::memory_order_relaxed);
  Cost.store(end - BeganAt.load(std::memory_order_relaxed),
             std::memory_order_relaxed);
  EndedAt.store(end, std::memory_order_relaxed);
  LeftSince.store(0, std::memory_order_relaxed);
}

bool ReleaseEpochs::is_due(Nanos cost, Nanos since_last, std::uint64_t left_since) {
  static constexpr Nanos Asking = 20'000, Most = 2'000'000;
  static constexpr Nanos CheapBeside = 4, Patience = 16;
  cost = std::min(cost, Most);
  return cost <= Asking || cost * left_since <= CheapBeside * since_last ||
         Patience * cost <= since_last;
}

bool ReleaseEpochs::is_due() const {
  // The cheaper of two: a thread that loses its core meanwhile says nothing.
  const Nanos cost = std::min(Cost.load(std::memory_order_relaxed),
                              CostBefore.load(std::memory_order_relaxed));
  return is_due(cost, now_ns() - EndedAt.load(std::memory_order_relaxed),
                LeftSince.load(std::memory_order_relaxed));
}

void ReleaseEpochs::hold_back() {
  // A node that waits itself, for who asks, leaves none: that shows soon.
  static constexpr Nanos Watched = 5'000;
  while (!is_due()) {
    const std::uint64_t left = LeftSince.load(std::memory_order_relaxed);
    const Nanos start = now_ns();
    do
      std::this_thread::yield();
    while (now_ns() - start < Watched);
    if (LeftSince.load(std::memory_order_relaxed) == left)
      return;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
}

void ReleaseEpochs::leave_next(Place place) {
  // This thread's stores before, the count after: a release that has not begun by then
  // sees them (Dekker, with begin()).
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Epoch epoch = Started->load(std::memory_order_seq_cst) + 1;
  raise(*Pending, epoch);
  raise(Left[place], epoch);
  // Only a hint: what two threads do at once may get lost.
  LeftSince.store(LeftSince.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
}

void ReleaseEpochs::leave(Place place, Epoch epoch) { raise(Left[place], epoch); }

bool ReleaseEpochs::is_asked_for(Place place) {
  // Only a hint: what two threads do at once may get lost.
  std::uint8_t left = Eager[place].load(std::memory_order_relaxed);
  if ((left & TimesLeft) == 0 || !is_due())
    return false;
  Eager[place].store(static_cast<std::uint8_t>(left - 1),
                     std::memory_order_relaxed);
  return true;
}

void ReleaseEpochs::be_eager(Place place) {
  // A release that nobody needs may have thousands of blocks to look at.
  static constexpr std::uint8_t Times[] = {0, 0, 4, 16};
  const std::uint8_t asked = Eager[place].load(std::memory_order_relaxed) >> AskedShift;
  const std::uint8_t now = std::min<std::uint8_t>(asked + 1, std::size(Times) - 1);
  Eager[place].store(static_cast<std::uint8_t>(now << AskedShift | Times[now]),
                     std::memory_order_relaxed);
}

// -------------------------------------------------------- other nodes' releases

bool ReleaseEpochs::find_unseen(Place place, Wanted &wanted) {
  bool any = false;
  const Wanted left = load_all(LeftOffset + place * sizeof(Epoch));
  for (int node = 0; node < ComputeNodes; ++node) {
    if (left[node] <= Acquired[node].load(std::memory_order_acquire))
      continue;
    wanted[node] = left[node];
    any = true;
  }
  return any;
}

ReleaseEpochs::Wanted ReleaseEpochs::next_of_all() {
  Wanted wanted = load_all(StartedOffset);
  for (int node = 0; node < ComputeNodes; ++node)
    wanted[node] += is_peer(node);
  return wanted;
}

void ReleaseEpochs::wait_for(const Wanted &wanted, Place place) {
  Wanted completed{}, asked{};
  for (int node = 0; node < ComputeNodes; ++node)
    if (wanted[node] != 0)
      ask(node, CompletedOffset, completed[node]);
  Network.wait();
  for (int node = 0; node < ComputeNodes; ++node) {
    if (completed[node] >= wanted[node])
      continue;
    asked[node] = wanted[node];
    Request request{wanted[node], place};
    Network.send(node, Message::WantRelease,
                 std::as_bytes(std::span(&request, 1)));
    count(stats.ReleasesAskedFor);
  }
  Network.wait_until([&] {
    for (int node = 0; node < ComputeNodes; ++node)
      if (Answers[node].load(std::memory_order_acquire) < asked[node])
        return false;
    return true;
  });
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

void ReleaseEpochs::receive(int source, std::span<const std::byte> payload) {
  Request request;
  std::memcpy(&request, payload.data(), sizeof request);
  if (request.place != NoPlace)
    be_eager(request.place);
  raise(Asked[source], request.epoch);
  Requests.fetch_add(1, std::memory_order_release);
  futex_wake(Requests);
}

void ReleaseEpochs::serve(void (*release)()) {
  Epoch answered[MaxNodes] = {};
  for (;;) {
    std::uint32_t seen = Requests.load(std::memory_order_acquire);
    bool any = false;
    for (int node = 0; node < ComputeNodes; ++node) {
      Epoch asked = Asked[node].load(std::memory_order_acquire);
      if (asked <= answered[node])
        continue;
      if (completed() < asked) {
        hold_back();
        release();
      }
      answered[node] = completed();
      Network.put(node, Segment::Control,
                  AnswersOffset + Network.node() * sizeof(Epoch),
                  &answered[node], sizeof(Epoch));
      Network.notify(node);
      any = true;
    }
    if (!any)
      futex_wait(Requests, seen, -1);
  }
}

} // namespace loco::memory
