// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// words.cpp - 64-bit words at node 0, reached through the fabric from all nodes.

#include "omp/words.h"

#include "base/export.h"
#include "base/syscall_selector.h"
#include "loco/omp_abi.h"
#include "memory/heap/heap.h"

#include <sched.h>
#include <time.h>

namespace loco::omp {

using fabric::Segment;

static fabric::Fabric *network = nullptr;
static std::uint64_t first_word = 0; // in Control

void open_words(fabric::Fabric &fabric) {
  network = &fabric;
  first_word = fabric.reserve_control(LOCO_OMP_WORDS * sizeof(std::uint64_t));
}

static std::uint64_t offset_of_word(unsigned word) {
  if (word >= LOCO_OMP_WORDS)
    fatal("shared word " + std::to_string(word) + " does not exist");
  return first_word + word * sizeof(std::uint64_t);
}

} // namespace loco::omp

using namespace loco;
using namespace loco::omp;

extern "C" {

LOCO_EXPORT uint64_t __loco_omp_word_load(unsigned word) {
  fabric::WaitFor cause(fabric::Cause::Word);
  std::uint64_t value;
  network->atomic_load(0, Segment::Control, offset_of_word(word), &value,
                       sizeof value);
  return value;
}

LOCO_EXPORT void __loco_omp_word_store(unsigned word, uint64_t value) {
  fabric::WaitFor cause(fabric::Cause::Word);
  network->atomic_store(0, Segment::Control, offset_of_word(word), &value,
                        sizeof value);
}

LOCO_EXPORT uint64_t __loco_omp_word_add(unsigned word, uint64_t value) {
  fabric::WaitFor cause(fabric::Cause::Word);
  return network->fetch_add(0, Segment::Control, offset_of_word(word), value);
}

LOCO_EXPORT uint64_t __loco_omp_word_cas(unsigned word, uint64_t expected,
                                         uint64_t desired) {
  fabric::WaitFor cause(fabric::Cause::Word);
  network->compare_exchange(0, Segment::Control, offset_of_word(word),
                            &expected, &desired, sizeof expected);
  return expected;
}

LOCO_EXPORT void __loco_omp_wait_step(unsigned *spins) {
  static constexpr unsigned PausesFirst = 32;
  static constexpr unsigned YieldsNext = 256;
  static constexpr long LongestSleepNanos = 100'000;
  unsigned step = (*spins)++;
  if (step < PausesFirst) {
    __builtin_ia32_pause();
  } else if (step < PausesFirst + YieldsNext) {
    sched_yield();
  } else {
    long slept = 1000L * (step - PausesFirst - YieldsNext + 1);
    loco::DirectSyscalls direct;
    timespec time{0, slept < LongestSleepNanos ? slept : LongestSleepNanos};
    nanosleep(&time, nullptr);
  }
}

} // extern "C"
