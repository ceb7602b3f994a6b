// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Functions found at run time: virtual and multiple inheritance, RTTI, member
// pointers, std::function, lambdas made on one node and called on another.

#include "Inputs/check.h"
#include <functional>
#include <memory>
#include <omp.h>
#include <string>
#include <typeinfo>
#include <vector>

struct Animal {
  virtual ~Animal() = default;
  virtual std::string name() const { return "animal"; }
  int legs = 4;
};
struct Swimmer {
  virtual ~Swimmer() = default;
  virtual int speed() const { return 1; }
};
struct Dog : virtual Animal {
  std::string name() const override { return "dog"; }
};
struct Duck : virtual Animal, Swimmer {
  Duck() { legs = 2; }
  std::string name() const override { return "duck"; }
  int speed() const override { return 7; }
};

struct Calculator {
  int base;
  int add(int x) const { return base + x; }
  int times(int x) const { return base * x; }
};

int twice(int x) { return 2 * x; }

int main() {
  constexpr int N = 90;
  std::vector<std::unique_ptr<Animal>> animals(N);
  std::vector<std::function<int(int)>> functions(N);
  std::vector<int (Calculator::*)(int) const> members(N);
  std::vector<int (*)(int)> pointers(N);
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < N; ++i) {
    if (i % 3 == 0)
      animals[i] = std::make_unique<Animal>();
    else if (i % 3 == 1)
      animals[i] = std::make_unique<Dog>();
    else
      animals[i] = std::make_unique<Duck>();
    std::string kept = std::string(i, 'k');
    functions[i] = [kept, i](int x) {
      return static_cast<int>(kept.size()) * x + i;
    };
    members[i] = i % 2 ? &Calculator::add : &Calculator::times;
    pointers[i] = i % 2 ? twice : [](int x) { return x - 1; };
  }
  const Calculator calculator{10};
#pragma omp parallel for schedule(dynamic, 4)
  for (int j = 0; j < N; ++j) {
    const int i = N - 1 - j;
    const Animal &animal = *animals[i];
    const char *names[] = {"animal", "dog", "duck"};
    CHECK(animal.name() == names[i % 3]);
    const auto *swimmer = dynamic_cast<const Swimmer *>(&animal);
    CHECK((swimmer != nullptr) == (i % 3 == 2));
    if (swimmer) {
      CHECK(swimmer->speed() == 7 && animal.legs == 2);
      CHECK(typeid(*swimmer) == typeid(Duck));
    }
    CHECK((typeid(animal) == typeid(Dog)) == (i % 3 == 1));
    CHECK(functions[i](3) == 4 * i);
    CHECK((calculator.*members[i])(3) == (i % 2 ? 13 : 30));
    CHECK(pointers[i](8) == (i % 2 ? 16 : 7));
  }
  puts("ok");
}
