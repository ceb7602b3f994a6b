// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gate.cpp - closing the gate, and waiting for it to open.

#include "memory/coherence/gate.h"

#include <sched.h>
#include <time.h>

namespace loco::memory {

namespace {

/// Waits a little longer each time: the thread waited for may need the core.
void wait_step(unsigned step) {
  static constexpr unsigned YieldsFirst = 64;
  if (step < YieldsFirst) {
    sched_yield();
    return;
  }
  timespec time{0, 50'000};
  nanosleep(&time, nullptr);
}

} // namespace

bool Gate::is_empty() const {
  for (const Stripe &stripe : Stripes)
    if (stripe.Inside.load(std::memory_order_seq_cst) != 0)
      return false;
  return true;
}

void Gate::close() {
  for (unsigned step = 0;; ++step) {
    Now.store(State::Closing, std::memory_order_seq_cst);
    while (!is_empty())
      wait_step(step++);
    Now.store(State::Closed, std::memory_order_seq_cst);
    // The fault thread may have come in until that store.
    if (is_empty())
      return;
  }
}

void Gate::wait_open() {
  for (unsigned step = 0; Now.load(std::memory_order_acquire) != State::Open;
       ++step)
    wait_step(step);
}

} // namespace loco::memory
