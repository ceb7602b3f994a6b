// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions: built-in operators, arrays, user-declared, nowait, scan.

#include "expect.h"
#include <algorithm>
#include <complex>
#include <omp.h>
#include <string.h>
#include <string>
#include <vector>

struct Vec {
  double x = 0, y = 0;
  Vec &operator+=(const Vec &o) {
    x += o.x;
    y += o.y;
    return *this;
  }
};
#pragma omp declare reduction(+ : Vec : omp_out += omp_in)
#pragma omp declare reduction(append : std::vector<int> : omp_out.insert(      \
        omp_out.end(), omp_in.begin(), omp_in.end()))
#pragma omp declare reduction(longest : std::string : omp_out =                \
        omp_in.size() > omp_out.size() ? omp_in : omp_out)

static long global_sum;

int main() {
  int size = omp_get_max_threads();
  for (int round = 0; round < 5; ++round) {
    long sum = 5, product = 1, low = 1 << 30, high = -5;
    unsigned all = ~0u, any = 0, odd = 0;
    bool both = true, either = false;
    double real = 0.25;
    long double wide = 1;
    std::complex<double> z(1, 2);
#pragma omp parallel for reduction(+ : sum, real, wide) reduction(* : product) \
    reduction(min : low) reduction(max : high) reduction(& : all)              \
    reduction(| : any) reduction(^ : odd) reduction(&& : both)                 \
    reduction(|| : either)
    for (int i = 1; i <= 1000; ++i) {
      sum += i;
      real += 0.5 * i;
      wide += i;
      if (i % 100 == 0)
        product *= 2;
      low = std::min<long>(low, (i * 7919) % 1009);
      high = std::max<long>(high, (i * 7919) % 1009);
      all &= ~(1u << i % 5);
      any |= 1u << i % 20;
      odd ^= i;
      both = both && i > 0;
      either = either || i == 777;
    }
    EXPECT_EQ(sum, 5 + 500500);
    EXPECT(real == 0.25 + 250250);
    EXPECT(wide == 1 + 500500);
    EXPECT_EQ(product, 1024);
    EXPECT_EQ(low, 1);
    EXPECT_EQ(high, 1008);
    EXPECT_EQ(all, ~31u);
    EXPECT_EQ(any, (1u << 20) - 1);
    EXPECT_EQ(odd, 1000);
    EXPECT(both);
    EXPECT(either);
#pragma omp declare reduction(+ : std::complex<double> : omp_out += omp_in)
#pragma omp parallel for reduction(+ : z) schedule(dynamic)
    for (int i = 0; i < 100; ++i)
      z += std::complex<double>(i, -i);
    EXPECT(z == std::complex<double>(1 + 4950, 2 - 4950));
  }

  // Arrays and sections of arrays.
  int bins[16] = {0};
  static double big[1000];
  double *heap = new double[300]();
#pragma omp parallel for reduction(+ : bins, big[ : 1000], heap[10 : 200])
  for (int i = 0; i < 4000; ++i) {
    bins[i % 16]++;
    big[i % 1000] += i;
    heap[10 + i % 200] += 1;
  }
  for (int n : bins)
    EXPECT_EQ(n, 250);
  for (int i = 0; i < 1000; ++i)
    EXPECT(big[i] == 4.0 * i + 6000);
  for (int i = 0; i < 300; ++i)
    EXPECT(heap[i] == (i >= 10 && i < 210 ? 20 : 0));
  delete[] heap;

  // User-declared, also of types that allocate.
  Vec vec;
  std::vector<int> list;
  std::string longest;
#pragma omp parallel for reduction(+ : vec) reduction(append : list)           \
    reduction(longest : longest)
  for (int i = 0; i < 300; ++i) {
    vec += Vec{1.0, (double)i};
    list.push_back(i);
    if (longest.size() < (size_t)i)
      longest = std::string(i, 'x');
  }
  EXPECT(vec.x == 300 && vec.y == 44850);
  std::sort(list.begin(), list.end());
  EXPECT_EQ(list.size(), 300);
  for (int i = 0; i < (int)list.size(); ++i)
    EXPECT_EQ(list[i], i);
  EXPECT_EQ(longest.size(), 299);

  // Inside a region: the result is there after the construct's barrier.
  global_sum = 0;
#pragma omp parallel
  {
    for (int round = 1; round <= 30; ++round) {
#pragma omp for reduction(+ : global_sum)
      for (int i = 0; i < 100; ++i)
        global_sum += 1;
      EXPECT_EQ(global_sum, 100 * round);
#pragma omp barrier
    }
  }
  long first = 0, second = 0;
#pragma omp parallel
  {
#pragma omp for reduction(+ : first) nowait
    for (int i = 0; i < 100; ++i)
      first += i;
#pragma omp for reduction(+ : second) nowait schedule(dynamic)
    for (int i = 0; i < 100; ++i)
      second += 2 * i;
#pragma omp barrier
    EXPECT_EQ(first, 4950);
    EXPECT_EQ(second, 9900);
  }
  int threads = 0;
#pragma omp parallel reduction(+ : threads)
  threads += 1;
  EXPECT_EQ(threads, size);
#pragma omp parallel
  {
#pragma omp sections reduction(+ : threads)
    {
#pragma omp section
      threads += 10;
#pragma omp section
      threads += 100;
#pragma omp section
      threads += 1000;
    }
  }
  EXPECT_EQ(threads, size + 1110);

  // Tasks that take part, and scan.
  long tasks = 0;
#pragma omp parallel reduction(task, + : tasks)
  {
    for (int i = 0; i < 10; ++i) {
#pragma omp task in_reduction(+ : tasks)
      tasks += i;
    }
    tasks += 1;
  }
  EXPECT_EQ(tasks, size * 46);
  static int in[200], out[200];
  for (int i = 0; i < 200; ++i)
    in[i] = i;
  int prefix = 0;
#pragma omp parallel for reduction(inscan, + : prefix)
  for (int i = 0; i < 200; ++i) {
    prefix += in[i];
#pragma omp scan inclusive(prefix)
    out[i] = prefix;
  }
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(out[i], i * (i + 1) / 2);
  return failures();
}
