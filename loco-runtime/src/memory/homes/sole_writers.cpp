// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sole_writers.cpp - streaks of intervals in which one node writes a block.

#include "memory/homes/sole_writers.h"

#include "memory/space/reserve.h"

#include <algorithm>

namespace loco::memory {

SoleWriters::SoleWriters(Block num_blocks, int intervals)
    : Intervals(intervals),
      Uses(reserve_array<Use>(num_blocks, "the writers of blocks")),
      Written(reserve_array<Block>(num_blocks, "the blocks written")),
      Candidates(reserve_array<Block>(num_blocks, "the blocks to move")) {}

void SoleWriters::wrote(Block block) {
  Use &use = Uses[block];
  if (use.Last == Now)
    return;
  use.Last = Now;
  Written[NumWritten++] = block;
}

void SoleWriters::end_interval() {
  for (std::size_t i = 0; i < NumWritten; ++i) {
    Use &use = Uses[Written[i]];
    // Who left the last barrier late may have read then what others, already
    // ahead, have written in this interval.
    if (use.Others != 0 && use.Others + 1 >= Now && !always()) {
      use.Streak = 0;
    } else if (use.Streak == 0 || use.Others >= use.Since) {
      use.Streak = 1;
      use.Since = Now;
    } else if (use.Streak < UINT16_MAX) {
      ++use.Streak;
    }
    if (is_due(use) && !use.Candidate) {
      use.Candidate = true;
      Candidates[NumCandidates++] = Written[i];
    }
  }
  NumWritten = 0;
  ++Now;
  update_candidates();
  std::sort(Candidates, Candidates + NumCandidates);
}

void SoleWriters::update_candidates() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < NumCandidates; ++i) {
    Use &use = Uses[Candidates[i]];
    if (use.Others >= use.Since && !always())
      use.Streak = 0;
    use.Candidate = is_due(use);
    if (use.Candidate)
      Candidates[kept++] = Candidates[i];
  }
  NumCandidates = kept;
}

void SoleWriters::settled(Block first, Block count) {
  for (Block b = first; b < first + count; ++b) {
    Use &use = Uses[b];
    use.Streak = 0; // no longer due
    use.Since = 0;
    if (use.Doubled < MaxDoubled)
      ++use.Doubled;
  }
}

} // namespace loco::memory
