// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Function-local statics first used by many threads at once are constructed
// once, and all see the result; one that throws is tried again.

#include "Inputs/check.h"
#include <omp.h>
#include <string>
#include <vector>

int constructed = 0;

struct Table {
  Table() : name("a name that does not fit into a short string") {
#pragma omp atomic
    ++constructed;
    for (int i = 0; i < 1000; ++i)
      squares.push_back(i * i);
  }
  std::string name;
  std::vector<int> squares;
};

const Table &table() {
  static const Table instance;
  return instance;
}

int next_number() {
  static int *counter = new int(100);
  int mine;
#pragma omp atomic capture
  mine = (*counter)++;
  return mine;
}

int attempts = 0;
struct Reluctant {
  Reluctant() {
    int mine;
#pragma omp atomic capture
    mine = ++attempts;
    if (mine < 3)
      throw mine;
    value = 7;
  }
  int value;
};
int reluctant() {
  static Reluctant instance;
  return instance.value;
}

inline int inline_static() {
  static const int value = [] {
#pragma omp atomic
    ++constructed;
    return 5;
  }();
  return value;
}

int main() {
  int good = 0, threads = 0, failures = 0, numbers = 0;
#pragma omp parallel reduction(+ : good, failures, numbers)
  {
#pragma omp single
    threads = omp_get_num_threads();
    const Table &mine = table();
    good += mine.squares.size() == 1000 && mine.squares[999] == 998001 &&
            mine.name.size() == 44 && inline_static() == 5;
    numbers += next_number();
    for (;;) {
      try {
        good += reluctant() == 7;
        break;
      } catch (int) {
        ++failures;
      }
    }
  }
  CHECK(constructed == 2);
  CHECK(good == 2 * threads);
  CHECK(failures == 2 && attempts == 3);
  CHECK(numbers == threads * 100 + threads * (threads - 1) / 2);
  CHECK(next_number() == 100 + threads);
  puts("ok");
}
