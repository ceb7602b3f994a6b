// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// costs.cpp - measuring, at the start of a node.

#include "memory/coherence/costs.h"

#include "memory/coherence/refresh.h"
#include "memory/coherence/twins.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <sched.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace loco::memory {

namespace {

/// The times that `act` takes, in ns, from the shortest to the longest.
template <unsigned Times, typename Act>
std::array<double, Times> sorted_times(Act act) {
  using Clock = std::chrono::steady_clock;
  std::array<double, Times> all;
  for (double &each : all) {
    Clock::time_point start = Clock::now();
    act();
    each = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// A thread that runs meanwhile, as a program's other ones do, whose cores are
/// interrupted for each change.
class OtherThread {
public:
  OtherThread()
      : Thread([this] {
          while (!Done.load(std::memory_order_relaxed)) {
            Runs = true;
            sched_yield();
          }
        }) {
    while (!Runs)
      sched_yield();
  }
  ~OtherThread() {
    Done = true;
    Thread.join();
  }
  OtherThread(const OtherThread &) = delete;

private:
  std::atomic<bool> Runs{false}, Done{false};
  std::thread Thread;
};

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
  // More than a core's own caches hold, as a program's copies are.
  static constexpr std::size_t CopyBytes = 256 * BlockBytes;
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
  auto compare = [&] {
    for (std::size_t at = 0; at < CopyBytes; at += BlockBytes)
      if (differ(copies + at, copies + CopyBytes + at))
        fatal("zeroed memory differs"); // also keeps the comparison
  };
  costs.comparison = sorted_times<4>(compare)[0] / (CopyBytes / BlockBytes);
  if (Result<void> watched = pages.watch(copies, Bytes); !watched.ok())
    fatal(watched.error().message);
  auto change = [&] {
    pages.protect(copies, BlockBytes);
    pages.unprotect(copies, BlockBytes);
    *static_cast<volatile std::byte *>(copies) = std::byte{1}; // as is its purpose
  };
  OtherThread other;
  // The median: the cheap ones are those that found the other thread asleep.
  costs.page_table_change = sorted_times<17>(change)[8] / 2;
  munmap(memory, Bytes);
  close(file);
  return costs;
}

} // namespace loco::memory
