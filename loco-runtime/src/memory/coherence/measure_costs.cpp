// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// measure_costs.cpp - at the start of a node.

#include "memory/coherence/costs.h"

#include "memory/coherence/fingerprints.h"

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

/// How long `act` takes, in ns.
template <typename Act> double time_of(Act act) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  act();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

template <std::size_t Times> double median(std::array<double, Times> &times) {
  std::sort(times.begin(), times.end());
  return times[Times / 2];
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

StepCosts measure_costs(PageTable &pages) {
  // More than a core's own caches hold, as a program's copies are.
  static constexpr std::size_t Bytes = 512 * BlockBytes;
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
    for (std::size_t at = 0; at < Bytes; at += BlockBytes)
      if (fingerprint(copies + at) != fingerprint(copies))
        fatal("zeroed memory differs"); // also keeps the comparison
  };
  costs.comparison = time_of(compare);
  for (int again = 0; again < 3; ++again)
    costs.comparison = std::min(costs.comparison, time_of(compare));
  costs.comparison /= 2 * Bytes / BlockBytes;
  if (Result<void> watched = pages.watch(copies, Bytes); !watched.ok())
    fatal(watched.error().message);
  // The medians: the cheap ones are those that found the other thread asleep.
  auto protect = [&]<unsigned Times>(Block count) {
    std::array<double, Times> times;
    for (double &each : times) {
      for (Block b = 0; b < count; ++b) // as is their purpose
        static_cast<volatile std::byte *>(copies)[b * BlockBytes] = std::byte{1};
      each = time_of([&] { pages.protect(copies, count * BlockBytes); });
      pages.unprotect(copies, count * BlockBytes);
    }
    return median(times);
  };
  OtherThread other;
  using Protections = StepCosts::Protections;
  costs.protecting.one = protect.template operator()<9>(1);
  costs.protecting.some = protect.template operator()<5>(Protections::Some);
  costs.protecting.many = protect.template operator()<3>(Protections::Many);
  std::array<double, 9> openings;
  for (double &each : openings) {
    pages.protect(copies, BlockBytes);
    each = time_of([&] {
      pages.unprotect(copies, BlockBytes);
      *static_cast<volatile std::byte *>(copies) = std::byte{1};
    });
  }
  // No other core is interrupted: what takes longer has lost its core meanwhile.
  costs.opening = *std::min_element(openings.begin(), openings.end());
  munmap(memory, Bytes);
  close(file);
  return costs;
}

} // namespace loco::memory
