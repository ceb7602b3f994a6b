// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// costs.cpp - measuring, at the start of a node.

#include "memory/coherence/costs.h"

#include "memory/coherence/refresh.h"
#include "memory/coherence/twins.h"

#include <algorithm>
#include <chrono>
#include <sys/mman.h>
#include <unistd.h>

namespace loco::memory {

namespace {

/// The shortest of some times that `act` takes, in ns: others run here, too.
template <typename Act> double shortest(unsigned times, Act act) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (unsigned i = 0; i < times; ++i) {
    Clock::time_point start = Clock::now();
    act();
    best = std::min(
        best, std::chrono::duration<double, std::nano>(Clock::now() - start)
                  .count());
  }
  return best;
}

} // namespace

static unsigned ratio(double cost, double unit, double most) {
  return static_cast<unsigned>(std::clamp(cost / unit, 1.0, most));
}

unsigned StepCosts::closing_in_comparisons() const {
  return ratio(2 * page_table_change, comparison, 4096);
}

unsigned StepCosts::miss_in_refreshes() const {
  static constexpr double RefreshInComparisons = 16;
  return ratio(2 * page_table_change, RefreshInComparisons * comparison,
               RefreshHistory::MostRefreshes);
}

StepCosts measure_costs(PageTable &pages) {
  // More than a core's first cache holds, as a program's copies are.
  static constexpr std::size_t CopyBytes = 32 * BlockBytes;
  static constexpr std::size_t Bytes = 2 * CopyBytes;
  const int file = memfd_create("loco-costs", MFD_CLOEXEC);
  void *memory = MAP_FAILED;
  if (file >= 0 && ftruncate(file, Bytes) == 0)
    memory = mmap(nullptr, Bytes, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_POPULATE, file, 0);
  if (memory == MAP_FAILED)
    fatal_errno("cannot measure what a page-table change costs");
  auto *copies = static_cast<std::byte *>(memory);
  StepCosts costs;
  costs.comparison = shortest(4, [&] {
    for (std::size_t at = 0; at < CopyBytes; at += BlockBytes)
      if (differ(copies + at, copies + CopyBytes + at))
        fatal("zeroed memory differs"); // also keeps the comparison
  }) / (CopyBytes / BlockBytes);
  if (Result<void> watched = pages.watch(copies, Bytes); !watched.ok())
    fatal(watched.error().message);
  costs.page_table_change = shortest(8, [&] {
    pages.protect(copies, BlockBytes);
    pages.unprotect(copies, BlockBytes);
  }) / 2;
  munmap(memory, Bytes);
  close(file);
  return costs;
}

} // namespace loco::memory
