// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gate.h - threads pass through it while they act on what the homes of extents
// decide: misses, first stores, atomics at home. Closing it, which a node does
// while homes change (migration.h), waits for those inside and holds out all
// others. Passing costs two atomic additions to a word that few threads share.
#pragma once

#include "base/signal_scope.h"

#include <atomic>
#include <cstdint>

namespace loco::memory {

class Gate {
public:
  /// Waits while the gate is closed or closing. Not from inside.
  void enter() {
    while (!try_enter(State::Open))
      wait_open();
  }
  /// For the fault thread, which must not wait (M8), and which a thread inside
  /// may need to get out: false only where the gate is closed.
  bool try_enter_while_closing() { return try_enter(State::Closing); }
  void leave() { stripe().fetch_sub(1, std::memory_order_release); }

  /// One thread at a time, from outside.
  void close();
  void open() { Now.store(State::Open, std::memory_order_seq_cst); }

  /// Inside for as long as it lives.
  class Pass {
  public:
    explicit Pass(Gate &gate) : Through(gate) { gate.enter(); }
    ~Pass() { Through.leave(); }
    Pass(const Pass &) = delete;

  private:
    SignalScope Signals;
    Gate &Through;
  };

private:
  enum class State : int { Open, Closing, Closed };
  static constexpr unsigned NumStripes = 16;

  struct alignas(64) Stripe {
    std::atomic<std::uint32_t> Inside{0};
  };

  /// The word of this thread: by its thread control block, which no two share.
  std::atomic<std::uint32_t> &stripe() {
    auto self = reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
    return Stripes[(self * 0x9e3779b97f4a7c15) >> 60].Inside;
  }
  bool try_enter(State latest) {
    // Dekker's: come in and look whether it is open; close() the other way
    // round.
    stripe().fetch_add(1, std::memory_order_seq_cst);
    if (Now.load(std::memory_order_seq_cst) <= latest) [[likely]]
      return true;
    leave();
    return false;
  }
  bool is_empty() const;
  void wait_open();

  Stripe Stripes[NumStripes];
  std::atomic<State> Now{State::Open};
};

} // namespace loco::memory
