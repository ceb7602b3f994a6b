// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heapexchange.cpp - small objects in the heap: in each round another thread than
// before looks at an object, and replaces it or lets it grow or shrink.

#include "bench.h"

namespace {

struct Slot {
  char *Text;
  long Bytes;
};

long bytes_of(long object, long round) {
  return 8 + static_cast<long>(bench::mix(object * 64 + round) % 200);
}

char first_of(long object) { return static_cast<char>('a' + object % 26); }
char last_of(long object, long round) {
  return static_cast<char>('A' + (object + round) % 26);
}

bool intact(const Slot &slot, long object, long round) {
  return slot.Bytes == bytes_of(object, round) &&
         slot.Text[0] == first_of(object) &&
         slot.Text[slot.Bytes - 1] == last_of(object, round);
}

void renew(Slot &slot, long object, long round) {
  slot.Bytes = bytes_of(object, round);
  // One in five keeps its first bytes.
  if ((object + round) % 5 == 0) {
    slot.Text = static_cast<char *>(realloc(slot.Text, slot.Bytes));
  } else {
    free(slot.Text);
    slot.Text = bench::array<char>(slot.Bytes);
    slot.Text[0] = first_of(object);
  }
  slot.Text[slot.Bytes - 1] = last_of(object, round);
}

/// The objects go round the threads: one further in each round. Returns how many
/// were not as the round before had left them.
long exchange(Slot *slots, long objects, long round) {
  long bad = 0;
#pragma omp parallel for schedule(static, 1) reduction(+ : bad)
  for (long i = 0; i < objects; ++i) {
    long object = (i + round) % objects;
    bad += !intact(slots[object], object, round - 1);
    renew(slots[object], object, round);
  }
  return bad;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "heapexchange");
  const long objects = run.pick(600L, 12000L, 20000L, 200000L);
  const int steps = run.pick(6, 6, 12, 12);
  Slot *slots = bench::array<Slot>(objects);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static, 1) if (!run.serial_init())
  for (long i = 0; i < objects; ++i) {
    slots[i].Text = bench::array<char>(1);
    slots[i].Text[0] = first_of(i);
    slots[i].Bytes = bytes_of(i, 0);
    slots[i].Text = static_cast<char *>(realloc(slots[i].Text, slots[i].Bytes));
    slots[i].Text[slots[i].Bytes - 1] = last_of(i, 0);
  }
  init.end();

  bench::Phase phase(run, "exchange", steps);
  // Neighbours in the array belong to different threads, which all move on by one:
  // of a node's objects those come from another whose thread was another node's
  // last one. A slot and the two bytes that are looked at.
  double share = run.nodes() > 1 ? 1.0 * run.nodes() / run.threads() : 0;
  phase.least_fetched(0, share * static_cast<double>(objects) *
                             (sizeof(Slot) + 2.0));
  long bad = 0;
  for (int step = 0; step < steps; ++step) {
    phase.begin();
    bad += exchange(slots, objects, step + 1);
    phase.end();
  }
  run.check(bad == 0, "an object was not as the round before had left it");

  uint64_t sum = 0, expected = 0;
  for (long i = 0; i < objects; ++i) {
    uint64_t ends = static_cast<uint64_t>(slots[i].Text[0]) << 8 |
                    static_cast<uint64_t>(slots[i].Text[slots[i].Bytes - 1]);
    sum += bench::fold(i, ends + (static_cast<uint64_t>(slots[i].Bytes) << 16));
    expected +=
        bench::fold(i, (static_cast<uint64_t>(first_of(i)) << 8 |
                        static_cast<uint64_t>(last_of(i, steps))) +
                           (static_cast<uint64_t>(bytes_of(i, steps)) << 16));
    free(slots[i].Text);
  }
  run.check(sum == expected, "differs from the serial result");
  return run.finish(sum);
}
