// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sole_writers.cpp - streaks of intervals in which one node writes an extent.

#include "memory/sole_writers.h"

#include "memory/reserve.h"

namespace loco::memory {

SoleWriters::SoleWriters(Extent num_extents, int intervals)
    : Intervals(intervals),
      Uses(reserve_array<Use>(num_extents, "the writers of extents")),
      Written(reserve_array<Extent>(num_extents, "the extents written")),
      Candidates(reserve_array<Extent>(num_extents, "the extents to move")) {}

void SoleWriters::wrote(Extent extent) {
  Use &use = Uses[extent];
  if (use.Last == Now)
    return;
  use.Last = Now;
  Written[NumWritten++] = extent;
}

void SoleWriters::end_interval() {
  for (std::size_t i = 0; i < NumWritten; ++i) {
    Use &use = Uses[Written[i]];
    if (use.Others == Now && !always()) {
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

void SoleWriters::moved(Extent extent) {
  Use &use = Uses[extent];
  use.Streak = 0; // no longer due
  use.Since = 0;
  if (use.Doubled < MaxDoubled)
    ++use.Doubled;
}

} // namespace loco::memory
