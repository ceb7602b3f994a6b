// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Globals with constructors are made once, before main, and all nodes see what
// they hold; destructors run once.

#include "Inputs/check.h"
#include <map>
#include <memory>
#include <omp.h>
#include <string>
#include <unistd.h>
#include <vector>

int runs = 0;

struct Logger {
  explicit Logger(const char *name) : name(name), self(this), pid(getpid()) {
    ++runs;
  }
  ~Logger() {
    // Another node's copy of a process must not get here.
    if (self != this || pid != getpid())
      _exit(9);
  }
  std::string name;
  Logger *self;
  int pid;
};

Logger logger("the global logger of this program");
static const std::map<std::string, int> numbers = {
    {"one", 1}, {"two", 2}, {"a rather long key, not inline", 3}};
std::vector<int> values = [] {
  std::vector<int> v;
  for (int i = 0; i < 5000; ++i)
    v.push_back(3 * i);
  return v;
}();
std::unique_ptr<int[]> array(new int[2000]);
int zero_initialised[3000];
int initialised[4] = {1, 2, 3, 4};
static int *pointer_to_global = &initialised[2];
namespace {
struct {
  int a = 5;
  double b = 2.5;
} anonymous;
} // namespace
inline std::string inline_variable = "inline variables are globals as well";
template <typename T> T template_variable = T(42);

__attribute__((constructor)) static void early() { initialised[3] = 44; }

int main() {
  CHECK(runs == 1);
  int right = 0, threads = 0;
#pragma omp parallel reduction(+ : right)
  {
#pragma omp single
    threads = omp_get_num_threads();
    right += logger.name == "the global logger of this program" &&
             logger.self == &logger && numbers.at("two") == 2 &&
             numbers.at("a rather long key, not inline") == 3 &&
             values[4999] == 3 * 4999 && *pointer_to_global == 3 &&
             initialised[3] == 44 && anonymous.a == 5 && anonymous.b == 2.5 &&
             inline_variable == "inline variables are globals as well" &&
             template_variable<long> == 42;
#pragma omp for
    for (int i = 0; i < 3000; ++i)
      zero_initialised[i] += i + 1;
#pragma omp for
    for (int i = 0; i < 2000; ++i)
      array[i] = zero_initialised[i] * 2;
  }
  CHECK(runs == 1);
  CHECK(right == threads);
  for (int i = 0; i < 2000; ++i)
    CHECK(array[i] == 2 * (i + 1));
  puts("ok");
}
