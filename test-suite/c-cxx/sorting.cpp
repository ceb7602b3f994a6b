// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// qsort (libc's code, not compiled by LOCO) and the algorithms of libstdc++ on
// data that other nodes made.

#include "Inputs/check.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include <omp.h>
#include <string>
#include <vector>

static int compare_ints(const void *a, const void *b) {
  const int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
  return (x > y) - (x < y);
}

static unsigned scramble(unsigned x) {
  x *= 2654435761u;
  return x ^ (x >> 16);
}

int main() {
  constexpr int Parts = 8, Length = 3000;
  static int numbers[Parts * Length];
  std::vector<std::string> words(2000);
#pragma omp parallel
  {
#pragma omp for schedule(static, 1)
    for (int i = 0; i < Parts * Length; ++i)
      numbers[i] = static_cast<int>(scramble(i) % 100000);
#pragma omp for schedule(dynamic, 1)
    for (int part = 0; part < Parts; ++part) {
      int *begin = numbers + part * Length;
      if (part % 2)
        qsort(begin, Length, sizeof *begin, compare_ints);
      else
        std::sort(begin, begin + Length);
    }
#pragma omp for schedule(static, 1)
    for (int part = 0; part < Parts; part += 2)
      std::inplace_merge(numbers + part * Length, numbers + (part + 1) * Length,
                         numbers + (part + 2) * Length);
#pragma omp for schedule(static, 1)
    for (int i = 0; i < 2000; ++i)
      words[i] =
          "word number " + std::to_string(scramble(i) % 1000) + " of many";
#pragma omp single
    std::stable_sort(words.begin(), words.end());
#pragma omp for
    for (int i = 1; i < 2000; ++i)
      CHECK(words[i - 1] <= words[i]);
  }
  for (int part = 0; part < Parts; part += 2)
    CHECK(
        std::is_sorted(numbers + part * Length, numbers + (part + 2) * Length));
  std::vector<int> expected(Parts * Length);
  for (int i = 0; i < Parts * Length; ++i)
    expected[i] = static_cast<int>(scramble(i) % 100000);
  std::sort(expected.begin(), expected.end());
  qsort(numbers, Parts * Length, sizeof numbers[0], compare_ints);
  CHECK(std::equal(expected.begin(), expected.end(), numbers));
#pragma omp parallel for
  for (int i = 0; i < 100; ++i) {
    const int key = expected[i * 200];
    const auto *found = static_cast<int *>(bsearch(
        &key, numbers, Parts * Length, sizeof numbers[0], compare_ints));
    CHECK(found && *found == key);
  }
  puts("ok");
}
