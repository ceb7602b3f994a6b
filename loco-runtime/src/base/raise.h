// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// raise.h - counts that only go up, which several threads raise.
#pragma once

#include <atomic>
#include <cstdint>

namespace loco {

/// Makes the word at least `to`; what was written before is seen by who reads that.
inline void raise(std::atomic<std::uint64_t> &word, std::uint64_t to) {
  std::uint64_t old = word.load(std::memory_order_seq_cst);
  while (old < to &&
         !word.compare_exchange_weak(old, to, std::memory_order_seq_cst)) {
  }
}

} // namespace loco
