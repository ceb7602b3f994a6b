// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Exceptions thrown and caught inside parallel regions: through frames of this
// file, of libstdc++ and with data on the heap; rethrown, nested, by base
// class.

#include "Inputs/check.h"
#include <algorithm>
#include <exception>
#include <omp.h>
#include <stdexcept>
#include <string>
#include <vector>

struct Base {
  virtual ~Base() = default;
  virtual int value() const { return 1; }
};
struct Derived : Base {
  explicit Derived(int *where) : where(where) {}
  int value() const override { return *where; }
  int *where;
};

int live = 0;
struct Counted {
  Counted() {
#pragma omp atomic
    ++live;
  }
  ~Counted() {
#pragma omp atomic
    --live;
  }
};

__attribute__((noinline)) int thrower(int i, int *cell) {
  Counted counted;
  switch (i % 5) {
  case 0:
    throw i;
  case 1:
    throw std::runtime_error("number " + std::to_string(i) +
                             " with a text that is not short");
  case 2:
    *cell = i;
    throw Derived(cell);
  case 3:
    return static_cast<int>(std::vector<int>(3).at(i));
  default:
    return i;
  }
}

int handle(int i, int *cell) {
  try {
    try {
      return thrower(i, cell);
    } catch (const std::logic_error &) {
      return 3000 + i;
    } catch (int thrown) {
      if (thrown % 2)
        throw;
      return thrown;
    }
  } catch (int thrown) {
    return 1000 + thrown;
  } catch (const std::exception &e) {
    CHECK(e.what() ==
          "number " + std::to_string(i) + " with a text that is not short");
    return 2000 + i;
  } catch (const Base &base) {
    return 4000 + base.value();
  }
}

int expected(int i) {
  switch (i % 5) {
  case 0:
    return i % 2 ? 1000 + i : i;
  case 1:
    return 2000 + i;
  case 2:
    return 4000 + i;
  case 3:
    return 3000 + i;
  default:
    return i;
  }
}

int main() {
  constexpr int N = 300;
  std::vector<int> results(N), cells(N);
#pragma omp parallel for schedule(dynamic, 7)
  for (int i = 0; i < N; ++i)
    results[i] = handle(i + 10, &cells[i]);
  for (int i = 0; i < N; ++i)
    CHECK(results[i] == expected(i + 10));
  CHECK(live == 0);

  // One that is kept and thrown again on another thread, as programs do to get
  // an error out of a region.
  std::exception_ptr first;
#pragma omp parallel
  {
    try {
      if (omp_get_thread_num() == 0)
        throw std::invalid_argument("from the region");
    } catch (...) {
#pragma omp critical
      first = std::current_exception();
    }
  }
  try {
    CHECK(first);
    std::rethrow_exception(first);
  } catch (const std::invalid_argument &e) {
    CHECK(std::string(e.what()) == "from the region");
  }
  puts("ok");
}
