// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// futexes.cpp - syscall(SYS_futex) on words that all nodes see, as the C++
// library's std::atomic::wait, latches, barriers and semaphores do it: a wait
// looks at the word at its home until it changes, so that nobody need be woken.

#include "pthread/over_nodes.h"

#include "base/export.h"

#include <cstdarg>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace loco::over_nodes;

namespace {

/// What the kernel does, and not: -1 and errno, and no return at all where the
/// word stays as it is for ever.
long wait_for_change(std::uint32_t *word, std::uint32_t expected,
                     Deadline deadline) {
  auto has_changed = [&] {
    return __loco_atomic_load_4(word, __ATOMIC_RELAXED) != expected;
  };
  const bool at_once = has_changed();
  const int error = at_once ? EAGAIN : wait_until(has_changed, deadline);
  if (error == 0)
    return 0;
  errno = error;
  return -1;
}

timespec after(const timespec &duration) {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_sec += duration.tv_sec;
  time.tv_nsec += duration.tv_nsec;
  if (time.tv_nsec >= 1'000'000'000) {
    ++time.tv_sec;
    time.tv_nsec -= 1'000'000'000;
  }
  return time;
}

} // namespace

extern "C" LOCO_EXPORT long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long args[6];
  for (long &arg : args)
    arg = va_arg(list, long);
  va_end(list);
  auto *word = reinterpret_cast<std::uint32_t *>(args[0]);
  if (number == SYS_futex && is_shared(word)) {
    const auto expected = static_cast<std::uint32_t>(args[2]);
    const auto *time = reinterpret_cast<const timespec *>(args[3]);
    const bool wall = (args[1] & FUTEX_CLOCK_REALTIME) != 0;
    switch (args[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT: {
      if (time == nullptr)
        return wait_for_change(word, expected, {});
      const timespec until = after(*time);
      return wait_for_change(word, expected, {CLOCK_MONOTONIC, &until});
    }
    case FUTEX_WAIT_BITSET:
      return wait_for_change(word, expected,
                             {wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, time});
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
      return 0;
    default:
      break;
    }
  }
  return LOCO_LIBC(syscall)(number, args[0], args[1], args[2], args[3], args[4],
                            args[5]);
}
