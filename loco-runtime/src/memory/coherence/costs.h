// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// costs.h - what the steps of the protocol cost on this machine, by which policies
// choose: a page-table change takes from 0.2 us to 60 us, by hypervisor and number
// of cores.
#pragma once

#include "memory/space/page_table.h"

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

/// Measures them, in about a millisecond. `pages` is open.
StepCosts measure_costs(PageTable &pages);

} // namespace loco::memory
