// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// costs.h - what the steps of the protocol cost on this machine, by which policies
// choose: a page-table change takes from 0.2 us to 60 us, by hypervisor and number
// of cores.
#pragma once

#include "memory/space/layout.h"
#include "memory/space/page_table.h"

#include <algorithm>
#include <atomic>

namespace loco::memory {

struct StepCosts {
  double page_table_change = 0; ///< of one page, in ns: protecting it
  double comparison = 1;        ///< of a block with its twin, in ns

  /// Closing an open block and opening it again by a checked store, in comparisons.
  unsigned closing_in_comparisons() const;
  /// A miss in refreshes, of which each is taken to be some comparisons: a get, and
  /// its share of what the network could do besides.
  unsigned miss_in_refreshes() const;
};

/// What closing a block and opening it again costs, in comparisons, where blocks of one
/// run share it: the mean of the last runs.
class ChangeCost {
public:
  explicit ChangeCost(unsigned alone) : Alone(alone), OfABlock(alone) {}
  /// Any thread.
  unsigned of_a_block() const {
    return OfABlock.load(std::memory_order_relaxed);
  }
  /// So many blocks were closed by one change. One thread at a time.
  void closed(Block blocks) {
    Blocks += blocks;
    Runs += 1;
    if (Blocks >= Remembered) {
      Blocks /= 2;
      Runs = std::max(Runs / 2, 1u);
    }
    OfABlock.store(std::max(Alone * Runs / Blocks, 1u),
                   std::memory_order_relaxed);
  }

private:
  static constexpr unsigned Remembered = 1024;

  const unsigned Alone;
  unsigned Blocks = 0, Runs = 0;
  std::atomic<unsigned> OfABlock;
};

/// Measures them, in about a millisecond. `pages` is open.
StepCosts measure_costs(PageTable &pages);

} // namespace loco::memory
