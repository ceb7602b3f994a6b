// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// statistics_table.h - the table of loco-run --stats.
#pragma once

#include <string>
#include <vector>

namespace loco::launch {

/// A row for each node and one for their sum. `reports` holds a JSON object by
/// node (empty: it sent none); its numbers are the columns, in order; objects
/// inside it group theirs ("barrier": {"time_us": 3} is "barrier time (us)").
/// A name that ends in _bytes, _us, _ms or _s has that unit; one in _ns is
/// shown in ms. Empty where no node sent any. The last `memory_nodes` are
/// marked as such.
std::string statistics_table(const std::vector<std::string> &reports,
                             int memory_nodes = 0);

} // namespace loco::launch
