// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// futex.h - sleeping on a 32-bit word that other processes may share.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loco {

/// Sleeps while `word` holds `seen`, at most `timeout_us` (negative: no limit).
/// May return early. Whether futex_wake() has ended the sleep.
inline bool futex_wait(std::atomic<std::uint32_t> &word, std::uint32_t seen,
                       long timeout_us) {
  timespec limit{timeout_us / 1000000, timeout_us % 1000000 * 1000};
  return syscall(SYS_futex, &word, FUTEX_WAIT, seen,
                 timeout_us < 0 ? nullptr : &limit, nullptr, 0) == 0;
}

/// Wakes at most `count` sleepers of `word`.
inline void futex_wake(std::atomic<std::uint32_t> &word, int count = INT_MAX) {
  syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
}

} // namespace loco
