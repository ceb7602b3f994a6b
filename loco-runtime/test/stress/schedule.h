// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// schedule.h - who may do what, and when: functions of the round's seed, so
// that no two threads race.
#pragma once

#include "random.h"
#include "round.h"

namespace stress {

inline constexpr int ReadOnly = -1;

/// The thread to which a byte belongs in a phase, or ReadOnly.
int owner(uint32_t phase, uint32_t offset);

bool may_write(int thread, uint32_t phase, uint32_t offset, uint32_t n);
bool may_read_byte(int thread, uint32_t phase, uint32_t offset);
bool may_read(int thread, uint32_t phase, uint32_t offset, uint32_t n);

/// Mostly in a few blocks that all use, often at a border of two of them.
uint32_t pick_offset(Random &random, uint32_t n);

enum class CounterPhase { Active, Read, Reset };
CounterPhase counter_phase(uint32_t phase, int which);
int counter_resetter(uint32_t phase, int which);
bool lock_active(uint32_t phase, int which);

} // namespace stress
