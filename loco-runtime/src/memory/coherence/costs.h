// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// costs.h - what the steps of the protocol cost on this machine, by which policies
// choose: a page-table change takes from 0.2 us to 60 us, by hypervisor and number
// of cores. Linux takes a translation away page by page, for up to 33 pages, each of
// which some hypervisors charge like a whole change, and all translations at once for
// more (Documentation/arch/x86/tlb.rst): a long run may cost less than a short one.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/page_table.h"

#include <algorithm>
#include <atomic>

namespace loco::memory {

struct StepCosts {
  /// Write-protecting that many neighbouring pages which were stored to, in ns.
  struct Protections {
    double one = 0, some = 0, many = 0;
    static constexpr Block Some = 8, Many = 64;
  } protecting;
  double opening = 0;    ///< unprotecting a page and storing to it, in ns
  double comparison = 1; ///< of a block with its twin's fingerprint, in ns

  /// Write-protecting some of so many neighbours by one change, in ns.
  double protect(Block blocks) const;
  /// A miss in refreshes, of which each is taken to be some comparisons: a get, and
  /// its share of what the network could do besides.
  unsigned miss_in_refreshes() const;
};

/// What closing open blocks costs, in comparisons: protecting them, and opening again
/// those of them that are stored to, which is as likely as it was lately.
class ChangeCost {
public:
  explicit ChangeCost(const StepCosts &costs) : Costs(costs) { closed(1, 1); }
  /// Of a block that is opened again: the mean of the last runs. Any thread.
  unsigned of_a_block() const {
    return OfABlock.load(std::memory_order_relaxed);
  }
  /// So many blocks among `span` neighbours.
  std::uint64_t of_run(Block blocks, Block span) const;
  /// As little as one block of a long run can cost.
  unsigned least() const {
    static constexpr Block Many = StepCosts::Protections::Many;
    return static_cast<unsigned>(of_run(Many, Many) / Many);
  }
  /// One change has closed that run. One thread at a time.
  void closed(Block blocks, Block span);
  /// What comparing so many blocks that nothing was stored to took, in ns: far more
  /// where there are many, whose bytes are in no cache. With closed().
  void compared(std::size_t blocks, double nanos);
  /// One of those was stored to. Any thread.
  void opened() { Opened.fetch_add(1, std::memory_order_relaxed); }

private:
  static constexpr std::uint64_t Remembered = 4096;

  double share(Block blocks, Block span, double opened) const {
    return (Costs.protect(span) / blocks + opened * Costs.opening) /
           Costs.comparison;
  }

  StepCosts Costs;
  // As if a quarter of the first had been opened again.
  std::uint64_t Closed = 255;
  std::atomic<std::uint64_t> Opened{64};
  std::uint64_t Blocks = 0;
  double Paid = 0; ///< had all been opened again
  std::atomic<unsigned> OfABlock;
};

/// Measures them, in some milliseconds. `pages` is open.
StepCosts measure_costs(PageTable &pages);

} // namespace loco::memory
