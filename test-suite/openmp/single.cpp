// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// single, copyprivate, sections, master, masked, barrier.

#include "expect.h"
#include <omp.h>
#include <string.h>
#include <string>

int main() {
  int size = omp_get_max_threads();
  static int runs[500];
#pragma omp parallel
  for (int i = 0; i < 500; ++i) {
#pragma omp single nowait
    {
#pragma omp atomic
      runs[i]++;
    }
  }
  for (int n : runs)
    EXPECT_EQ(n, 1);

  // What a single writes is seen after its barrier.
  int value = 0;
  static int got[256];
#pragma omp parallel
  for (int i = 1; i <= 50; ++i) {
#pragma omp single
    value = i * i;
    EXPECT_EQ(value, i * i);
#pragma omp barrier
  }

  int chosen = 0;
#pragma omp parallel
  {
    int a = -1;
    double b = 0;
    std::string s;
    for (int i = 0; i < 20; ++i) {
#pragma omp single copyprivate(a, b, s)
      {
        a = 100 + i;
        b = 0.5 * i;
        s = "a string that is longer than the short ones " + std::to_string(i);
#pragma omp atomic
        chosen++;
      }
      EXPECT_EQ(a, 100 + i);
      EXPECT(b == 0.5 * i);
      EXPECT(s == "a string that is longer than the short ones " +
                      std::to_string(i));
    }
    got[omp_get_thread_num()] = a;
  }
  EXPECT_EQ(chosen, 20);
  for (int i = 0; i < size; ++i)
    EXPECT_EQ(got[i], 119);

  static int section[7];
  int last = 0;
#pragma omp parallel
  {
#pragma omp sections lastprivate(last)
    {
#pragma omp section
      {
#pragma omp atomic
        section[0]++;
        last = 1;
      }
#pragma omp section
      {
#pragma omp atomic
        section[1]++;
        last = 2;
      }
#pragma omp section
      {
#pragma omp atomic
        section[2]++;
        last = 3;
      }
#pragma omp section
      {
#pragma omp atomic
        section[3]++;
        last = 4;
      }
#pragma omp section
      {
#pragma omp atomic
        section[4]++;
        last = 5;
      }
    }
    EXPECT_EQ(last, 5);
#pragma omp sections nowait
    {
#pragma omp section
      {
#pragma omp atomic
        section[5]++;
      }
#pragma omp section
      {
#pragma omp atomic
        section[6]++;
      }
    }
  }
  for (int n : section)
    EXPECT_EQ(n, 1);

  int masters = 0, masked = 0, nobody = 0;
#pragma omp parallel
  {
#pragma omp master
    {
      EXPECT_EQ(omp_get_thread_num(), 0);
#pragma omp atomic
      masters++;
    }
#pragma omp masked filter(size - 1)
    {
      EXPECT_EQ(omp_get_thread_num(), size - 1);
#pragma omp atomic
      masked++;
    }
#pragma omp masked filter(size)
    {
#pragma omp atomic
      nobody++;
    }
  }
  EXPECT_EQ(masters, 1);
  EXPECT_EQ(masked, 1);
  EXPECT_EQ(nobody, 0);

  // Barriers: nobody is a phase ahead.
  static int phase[256];
#pragma omp parallel
  {
    int me = omp_get_thread_num();
    for (int p = 1; p <= 100; ++p) {
      phase[me] = p;
#pragma omp barrier
      for (int i = 0; i < size; ++i)
        EXPECT_EQ(phase[i], p);
#pragma omp barrier
    }
  }
  return failures();
}
