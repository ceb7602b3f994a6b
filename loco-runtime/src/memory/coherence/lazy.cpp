// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lazy.cpp - the protocol: releases that wait until somebody acquires them, and
// acquires of nothing new (M27, M28).

#include "memory/coherence/coherence.h"

namespace loco::memory {

/// The release that this thread's last fence has left.
static thread_local Epoch fence_release
    __attribute__((tls_model("initial-exec"))) = 0;

Epoch Coherence::release_or_leave(ReleaseEpochs::Place place) {
  if (!Epochs.wants_release(place))
    return Epochs.leave_next();
  release();
  return Epochs.completed();
}

void Coherence::release_through(std::uint64_t key, std::size_t bytes) {
  if (Watch != nullptr) {
    release();
    return Watch->leave_at(key);
  }
  Epochs.leave(key, bytes, release_or_leave(ReleaseEpochs::place_of(key)));
}

void Coherence::hand_on(std::uint64_t key, std::size_t bytes) {
  if (Watch != nullptr)
    return Watch->leave_at(key);
  if (fence_release != 0)
    Epochs.leave(key, bytes, fence_release);
}

void Coherence::acquire_through(std::uint64_t key, std::size_t bytes) {
  fabric::WaitFor cause(fabric::Cause::Acquire);
  if (Watch != nullptr) {
    ReleaseClock clock = Watch->left_at(key);
    return acquire(&clock);
  }
  ReleaseEpochs::Wanted wanted;
  if (!Epochs.find_unseen(key, bytes, wanted))
    return;
  // Without the protocol mutex, as others wait for this node's releases meanwhile.
  Epochs.wait_for(wanted, ReleaseEpochs::place_of(key));
  acquire();
}

void Coherence::release_by_fence(bool at_once) {
  if (Watch != nullptr)
    return release();
  if (at_once) {
    release();
    fence_release = Epochs.completed();
  } else {
    fence_release = release_or_leave(ReleaseEpochs::OfFences);
  }
}

void Coherence::acquire_by_fence() {
  fabric::WaitFor cause(fabric::Cause::Acquire);
  if (Watch != nullptr)
    return acquire();
  ReleaseEpochs::Wanted wanted;
  if (!Epochs.find_unseen(wanted))
    return;
  Epochs.wait_for(wanted, ReleaseEpochs::OfFences);
  acquire();
}

void Coherence::acquire_from_all() {
  if (Watch != nullptr) // which is about what the program says
    return acquire();
  fabric::WaitFor cause(fabric::Cause::Acquire);
  ComeIn now{loco::value(stats.BlocksFetched) + loco::value(stats.BlocksRefreshed) +
                 loco::value(stats.BlocksMerged),
             Epochs.sent_by_all()};
  {
    std::lock_guard lock(AcquiredMutex);
    if (now == AcquiredFromAll)
      return;
  }
  Epochs.wait_for(Epochs.next_of_all(), ReleaseEpochs::OfAll);
  acquire();
  std::lock_guard lock(AcquiredMutex);
  AcquiredFromAll = now;
}

void Coherence::serve_releases() {
  Epochs.serve();
}

} // namespace loco::memory
