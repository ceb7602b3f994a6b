// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nests.cpp - chooses, on several nodes, between a loop nest with checks and
// its copy without: without, once a run with checks met so few misses that as
// many page faults would have cost less than the checks; with, again, when page
// faults take more of the node's time than that. Once it has said "without", it
// is asked again when page faults have come (LOCO_NEST_EPOCH).
//
// Everything here is a hint. What a nest notes is read and written by all
// threads of the node without order; a wrong choice costs time.

#include "loco/abi.h"

#include "abi/nests.h"
#include "base/export.h"
#include "base/stats.h"
#include "memory/coherence/coherence.h"
#include "memory/races/race_detector.h"

#include <algorithm>
#include <x86intrin.h>

static_assert(sizeof(loco_nest) == 24, "NestBytes of the compiler's ABI.h");

namespace {

/// What a page fault costs above a miss that a check found, in cycles: some 16
/// us, or 40 where all cores are busy. Times ChecksShare it has to be more than
/// that, or a nest that does nothing but fault would look cheap.
constexpr std::uint64_t FaultCycles = 40'000;
/// Checks are at least this part of a nest's time.
constexpr std::uint64_t ChecksShare = 8;
/// In a shorter run, measuring costs more than the checks: one in so many is
/// measured.
constexpr std::uint64_t ShortRunCycles = 2'000;
constexpr std::uint16_t MostSkipped = 63;
/// What short runs have to gain together before they do without checks, and the
/// most that they may be behind, in cycles.
constexpr std::int64_t EnoughGain = 20'000;
constexpr std::int64_t MostLoss = 1'000'000;

struct Run {
  std::uint64_t Start = 0; ///< 0: not measured
  std::uint64_t Misses = 0;
};
thread_local Run run __attribute__((tls_model("initial-exec")));

std::uint64_t page_faults() {
  return loco::stats.PageFaults.load(std::memory_order_relaxed);
}

template <typename T> T get(const T &member) {
  return __atomic_load_n(&member, __ATOMIC_RELAXED);
}
template <typename T> void set(T &member, T value) {
  __atomic_store_n(&member, value, __ATOMIC_RELAXED);
}

/// Whether `faults` of them would cost less than the checks of a run.
bool is_little(std::uint64_t faults, std::uint64_t cycles) {
  return faults * FaultCycles * ChecksShare <= cycles;
}

} // namespace

extern "C" {

LOCO_EXPORT LOCO_PRESERVE_MOST int __loco_enter_nest(struct loco_nest *nest) {
  if (loco::memory::coherence == nullptr)
    return 1;
  run.Start = 0;
  if (loco::memory::race_detector != nullptr)
    return 0; // its checks tell where the stores are
  if (std::uint16_t skip = get(nest->skip)) {
    set(nest->skip, std::uint16_t(skip - 1));
    return 0;
  }
  // Read first: a fault that comes later shall be asked about.
  std::uint32_t epoch = *LOCO_NEST_EPOCH;
  std::uint64_t now = __rdtsc();
  if (std::uint64_t asked = get(nest->asked_at)) {
    std::uint64_t faults = page_faults();
    if (is_little(faults - get(nest->faults), now - asked)) {
      set(nest->faults, faults);
      set(nest->asked_at, now);
      set(nest->epoch, epoch);
      return 1;
    }
    // Each time that this happens it is left with its checks for longer.
    set(nest->asked_at, std::uint64_t{0});
    set(nest->gain, std::int64_t{0});
    auto backoff = std::uint16_t(
        std::min<unsigned>(2 * get(nest->backoff) + 1, MostSkipped));
    set(nest->backoff, backoff);
    set(nest->skip, std::uint16_t(backoff - 1));
  }
  run = {now, loco::abi::thread_misses};
  return 0;
}

LOCO_EXPORT LOCO_PRESERVE_MOST void __loco_leave_nest(struct loco_nest *nest) {
  if (run.Start == 0)
    return;
  std::uint64_t now = __rdtsc();
  std::uint64_t cycles = now - run.Start;
  run.Start = 0;
  if (get(nest->asked_at))
    return; // another thread has decided
  std::uint64_t misses = loco::abi::thread_misses - run.Misses;
  bool is_short = cycles < ShortRunCycles;
  bool does_without = !is_short && is_little(misses, cycles);
  if (!does_without) {
    // A short run tells too little: those that are measured together do.
    auto lost = std::int64_t(misses * FaultCycles * ChecksShare);
    std::int64_t gain = std::clamp(
        get(nest->gain) + std::int64_t(cycles) - lost, -MostLoss, EnoughGain);
    set(nest->gain, gain);
    does_without = gain == EnoughGain;
    if (is_short)
      set(nest->skip, MostSkipped);
  }
  if (does_without) {
    set(nest->skip, std::uint16_t{0});
    set(nest->faults, page_faults());
    set(nest->asked_at, now);
  }
}

} // extern "C"
