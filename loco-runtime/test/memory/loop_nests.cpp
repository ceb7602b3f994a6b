// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loop_nests.cpp - when a nest runs without checks on several nodes: after a
// run that missed little; no longer when page faults take much of the time;
// where runs are short, after many that missed nothing.
#include "spmd.h"

#include <chrono>

using namespace std::chrono_literals;

namespace {

constexpr int Blocks = 500;
constexpr std::size_t Bytes = std::size_t{Blocks} * LOCO_BLOCK_BYTES;

struct Shared {
  char *checked, *faulting, *late;
};

/// Not one after the other, which would be read ahead.
std::size_t nth(int i) {
  return std::size_t(i) * 197 % Blocks * LOCO_BLOCK_BYTES;
}

char byte_of(int block) { return static_cast<char>(block * 7 + 1); }

// Long enough for the checks of a run to count.
void work_for(std::chrono::microseconds time) {
  auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end)
    ;
}

/// On a machine so busy that a miss or fault takes much longer than it should,
/// any choice is right.
class Stopwatch {
public:
  bool is_meaningful() const { return Clock::now() - Start < Blocks * 20us; }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point Start = Clock::now();
};

void expect(const char *data) {
  for (int i = 0; i < Blocks; ++i)
    CHECK(*const_cast<const volatile char *>(data + nth(i)) == byte_of(i));
}

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  if (__loco_num_nodes() == 1) {
    loco_nest nest{};
    CHECK(__loco_enter_nest(&nest) == 1);
    return;
  }
  if (__loco_node() != 1)
    return spmd::barrier();

  // Missing blocks: checks are worth their time.
  loco_nest nest{};
  CHECK(__loco_enter_nest(&nest) == 0);
  CHECK(nest.epoch != *LOCO_NEST_EPOCH);
  Stopwatch checked;
  for (int i = 0; i < Blocks; ++i)
    __loco_load(shared->checked + nth(i), 1);
  __loco_leave_nest(&nest);
  if (checked.is_meaningful())
    CHECK(__loco_enter_nest(&nest) == 0);
  nest = {};
  CHECK(__loco_enter_nest(&nest) == 0);

  // None missing any more: now they are not.
  work_for(1ms);
  for (int i = 0; i < Blocks; ++i)
    __loco_load(shared->checked + nth(i), 1);
  __loco_leave_nest(&nest);
  CHECK(__loco_enter_nest(&nest) == 1);
  CHECK(__loco_enter_nest(&nest) == 1);
  // Compiled code need not ask again,
  CHECK(nest.epoch == *LOCO_NEST_EPOCH);

  // until they would have found much.
  Stopwatch faulting;
  expect(shared->faulting);
  CHECK(nest.epoch != *LOCO_NEST_EPOCH);
  if (faulting.is_meaningful()) {
    CHECK(__loco_enter_nest(&nest) == 0);
    CHECK(nest.backoff == 1);
  }
  expect(shared->checked);

  // Of short ones few are measured, unless something else ran in between.
  bool left_alone = false;
  for (int i = 0; i < 20 && !left_alone; ++i) {
    loco_nest brief{};
    CHECK(__loco_enter_nest(&brief) == 0);
    __loco_leave_nest(&brief);
    left_alone = brief.skip > 0;
  }
  CHECK(left_alone);

  // Many that miss nothing do without in the end; one that misses something
  // counts for many that do not, unless something else ran in between.
  bool was_sure = false;
  for (int i = 0; i < 20 && !was_sure; ++i) {
    loco_nest brief{};
    int runs = 0;
    for (; runs < 1'000'000 && __loco_enter_nest(&brief) == 0; ++runs) {
      if (runs == 0)
        __loco_load(shared->late + nth(i), 1);
      __loco_leave_nest(&brief);
    }
    CHECK(runs < 1'000'000);
    was_sure = runs > 1000;
  }
  CHECK(was_sure);
  spmd::barrier();
}

} // namespace

int main() {
  auto *shared = static_cast<Shared *>(std::malloc(sizeof(Shared)));
  for (char **data : {&shared->checked, &shared->faulting, &shared->late}) {
    *data = static_cast<char *>(std::aligned_alloc(LOCO_BLOCK_BYTES, Bytes));
    for (int i = 0; i < Blocks; ++i)
      (*data)[nth(i)] = byte_of(i);
  }
  spmd::run(work, shared);
}
