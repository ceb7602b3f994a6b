// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lazy.cpp - the protocol: releases that wait until somebody acquires them, and
// acquires of nothing new (M27, M28).

#include "memory/coherence/coherence.h"

namespace loco::memory {

/// The release that this thread's last fence has made.
static thread_local Epoch fence_release
    __attribute__((tls_model("initial-exec"))) = 0;

void Coherence::release_through(std::uint64_t key) {
  if (Watch != nullptr) {
    release();
    return Watch->leave_at(key);
  }
  ReleaseEpochs::Place place = ReleaseEpochs::place_of(key);
  if (!Epochs.is_asked_for(place))
    return Epochs.leave_next(place);
  release();
  Epochs.leave(place, Epochs.completed());
}

void Coherence::hand_on(std::uint64_t key) {
  if (Watch != nullptr)
    return Watch->leave_at(key);
  if (fence_release != 0)
    Epochs.leave(ReleaseEpochs::place_of(key), fence_release);
}

void Coherence::acquire_through(std::uint64_t key) {
  fabric::WaitFor cause(fabric::Cause::Acquire);
  if (Watch != nullptr) {
    ReleaseClock clock = Watch->left_at(key);
    return acquire(&clock);
  }
  ReleaseEpochs::Place place = ReleaseEpochs::place_of(key);
  ReleaseEpochs::Wanted wanted{};
  if (!Epochs.find_unseen(place, wanted))
    return;
  // Without the protocol mutex, as others wait for this node's releases meanwhile.
  Epochs.wait_for(wanted, place);
  acquire();
}

void Coherence::release_by_fence() {
  release();
  fence_release = Epochs.completed();
}

void Coherence::acquire_by_fence() {
  fabric::WaitFor cause(fabric::Cause::Acquire);
  if (Watch == nullptr)
    Epochs.wait_for(Epochs.pending(), ReleaseEpochs::NoPlace);
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
  Epochs.wait_for(Epochs.next_of_all(), ReleaseEpochs::NoPlace);
  acquire();
  std::lock_guard lock(AcquiredMutex);
  AcquiredFromAll = now;
}

void Coherence::serve_releases() {
  static Coherence *node = this;
  Epochs.serve([] { node->release(); });
}

} // namespace loco::memory
