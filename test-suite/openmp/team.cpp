// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The team: thread numbers, its size, levels, nested and serialised regions.

#include "expect.h"
#include <omp.h>
#include <string.h>

static int seen[256];

// Every number below `size` is met exactly once.
static void check_ids(int size, const char *what) {
  for (int i = 0; i < 256; ++i)
    if (seen[i] != (i < size)) {
      fprintf(stderr, "%s: thread %d met %d times in a team of %d\n", what, i,
              seen[i], size);
      EXPECT(seen[i] == (i < size));
    }
  memset(seen, 0, sizeof(seen));
}

static int noise(int i) { return i * 7 + 3; }

int main() {
  int size = omp_get_max_threads();
  EXPECT_EQ(omp_get_num_procs() >= 1, 1);
  EXPECT_EQ(omp_get_num_threads(), 1);
  EXPECT_EQ(omp_get_thread_num(), 0);
  EXPECT_EQ(omp_get_level(), 0);
  EXPECT(!omp_in_parallel());

  int team = 0;
#pragma omp parallel
  {
#pragma omp atomic
    seen[omp_get_thread_num()]++;
    EXPECT_EQ(omp_get_num_threads(), size);
    EXPECT_EQ(omp_get_level(), 1);
    EXPECT_EQ(omp_get_active_level(), size > 1);
    EXPECT_EQ(!!omp_in_parallel(), size > 1);
    EXPECT_EQ(omp_get_ancestor_thread_num(0), 0);
    EXPECT_EQ(omp_get_ancestor_thread_num(1), omp_get_thread_num());
    EXPECT_EQ(omp_get_ancestor_thread_num(2), -1);
    EXPECT_EQ(omp_get_team_size(0), 1);
    EXPECT_EQ(omp_get_team_size(1), size);
    EXPECT_EQ(omp_get_team_size(2), -1);
    if (omp_get_thread_num() == 0)
      team = omp_get_num_threads();
  }
  EXPECT_EQ(team, size);
  check_ids(size, "default");

  for (int want = 1; want <= 7; ++want) {
#pragma omp parallel num_threads(want)
    {
#pragma omp atomic
      seen[omp_get_thread_num()]++;
      EXPECT_EQ(omp_get_num_threads(), want);
    }
    check_ids(want, "num_threads");
    omp_set_num_threads(want);
    EXPECT_EQ(omp_get_max_threads(), want);
#pragma omp parallel
    {
#pragma omp atomic
      seen[omp_get_thread_num()]++;
    }
    check_ids(want, "omp_set_num_threads");
  }
  omp_set_num_threads(size);

  // Serialised.
#pragma omp parallel if (omp_get_level() > 0)
  {
    EXPECT_EQ(omp_get_num_threads(), 1);
    EXPECT_EQ(omp_get_level(), 1);
    EXPECT(!omp_in_parallel());
  }

  // Inside serialised regions a region still spans the nodes.
  for (int outer = 1; outer < 3; ++outer)
#pragma omp parallel if (outer == 0)
#pragma omp parallel if (outer == 0)
  {
    int sum = 0;
#pragma omp parallel reduction(+ : sum)
    {
#pragma omp atomic
      seen[omp_get_thread_num()]++;
      EXPECT_EQ(omp_get_num_threads(), size);
      EXPECT_EQ(omp_get_level(), 3);
      EXPECT_EQ(omp_get_active_level(), size > 1);
      EXPECT_EQ(omp_get_ancestor_thread_num(3), omp_get_thread_num());
      EXPECT_EQ(omp_get_ancestor_thread_num(2), 0);
      EXPECT_EQ(omp_get_team_size(3), size);
      EXPECT_EQ(omp_get_team_size(2), 1);
#pragma omp for schedule(dynamic)
      for (int i = 0; i < 100; ++i)
        sum += i;
#pragma omp parallel
      EXPECT_EQ(omp_get_level(), 4);
    }
    EXPECT_EQ(sum, 4950);
    EXPECT_EQ(omp_get_level(), 2);
    check_ids(size, "in serialised regions");
  }

  // Nested, inactive: the default.
#pragma omp parallel num_threads(5)
  {
    int outer = omp_get_thread_num();
#pragma omp parallel num_threads(2)
    {
      EXPECT_EQ(omp_get_num_threads(), 1);
      EXPECT_EQ(omp_get_thread_num(), 0);
      EXPECT_EQ(omp_get_level(), 2);
      EXPECT_EQ(omp_get_active_level(), 1);
      EXPECT_EQ(omp_get_ancestor_thread_num(1), outer);
      EXPECT_EQ(omp_get_team_size(1), 5);
      EXPECT_EQ(omp_get_team_size(2), 1);
    }
    EXPECT_EQ(omp_get_thread_num(), outer);
    EXPECT_EQ(omp_get_num_threads(), 5);
  }

  // Nested, active: a team of the node.
  omp_set_max_active_levels(2);
  int inner_total = 0;
#pragma omp parallel num_threads(4) reduction(+ : inner_total)
  {
    int outer = omp_get_thread_num(), inner = 0, sum = 0;
#pragma omp parallel num_threads(3) reduction(+ : inner)
    {
      inner += 1;
      EXPECT_EQ(omp_get_num_threads(), 3);
      EXPECT_EQ(omp_get_level(), 2);
      EXPECT_EQ(omp_get_active_level(), 2);
      EXPECT_EQ(omp_get_ancestor_thread_num(1), outer);
      EXPECT_EQ(omp_get_ancestor_thread_num(2), omp_get_thread_num());
      EXPECT_EQ(omp_get_team_size(1), 4);
      EXPECT_EQ(omp_get_team_size(2), 3);
#pragma omp for schedule(dynamic) reduction(+ : sum)
      for (int i = 0; i < 100; ++i)
        sum += noise(i);
#pragma omp barrier
#pragma omp single
      inner += 100;
    }
    EXPECT_EQ(inner, 103);
    EXPECT_EQ(sum, 4950 * 7 + 300);
    EXPECT_EQ(omp_get_thread_num(), outer);
    inner_total += inner;
  }
  EXPECT_EQ(inner_total, 4 * 103);
  omp_set_max_active_levels(1);

  // ICVs go along.
  omp_set_schedule(omp_sched_guided, 11);
  omp_set_dynamic(1);
#pragma omp parallel num_threads(5)
  {
    omp_sched_t kind;
    int chunk;
    omp_get_schedule(&kind, &chunk);
    EXPECT_EQ(kind, omp_sched_guided);
    EXPECT_EQ(chunk, 11);
    EXPECT(omp_get_dynamic());
    EXPECT_EQ(omp_get_max_threads(), size);
    omp_set_num_threads(2); // of this task alone
  }
  EXPECT_EQ(omp_get_max_threads(), size);
  omp_set_dynamic(0);

  // Many arguments: they do not fit one message.
  int a[40];
  memset(a, 0, sizeof(a));
  int a0 = 1, a1 = 2, a2 = 3, a3 = 4, a4 = 5, a5 = 6, a6 = 7, a7 = 8, a8 = 9,
      a9 = 10, b0 = 11, b1 = 12, b2 = 13, b3 = 14, b4 = 15, b5 = 16, b6 = 17;
  int sum = 0;
#pragma omp parallel firstprivate(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9)      \
    reduction(+ : sum)
  {
    sum += a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + b0 + b1 + b2 + b3 +
           b4 + b5 + b6 + a[3];
  }
  EXPECT_EQ(sum, size * 153);

  // Many regions.
  long count = 0;
  for (int i = 0; i < 200; ++i) {
#pragma omp parallel
    {
#pragma omp atomic
      count++;
    }
  }
  EXPECT_EQ(count, 200L * size);
  return failures();
}
