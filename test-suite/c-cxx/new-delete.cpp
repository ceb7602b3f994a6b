// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Objects made on one node and deleted on another: arrays with destructors,
// virtual destructors, over-aligned and nothrow new, placement new.

#include "Inputs/check.h"
#include <cstdint>
#include <memory>
#include <new>
#include <omp.h>
#include <vector>

int alive = 0;

struct Shape {
  Shape() {
#pragma omp atomic
    ++alive;
  }
  virtual ~Shape() {
#pragma omp atomic
    --alive;
  }
  virtual double area() const = 0;
};
struct Square : Shape {
  explicit Square(double side) : side(side) {}
  double area() const override { return side * side; }
  double side;
};
struct Polygon : Shape {
  explicit Polygon(int n) : corners(new double[n]), n(n) {
    for (int i = 0; i < n; ++i)
      corners[i] = i;
  }
  ~Polygon() override { delete[] corners; }
  double area() const override { return corners[n - 1]; }
  double *corners;
  int n;
};
struct alignas(128) Aligned {
  int values[40];
};
struct WithDestructor {
  WithDestructor() {
#pragma omp atomic
    ++alive;
  }
  ~WithDestructor() {
#pragma omp atomic
    --alive;
  }
  char bytes[30];
};

int main() {
  constexpr int N = 240;
  std::vector<Shape *> shapes(N);
  std::vector<Aligned *> aligned(N);
  std::vector<WithDestructor *> arrays(N);
  for (int round = 0; round < 3; ++round) {
#pragma omp parallel for schedule(static, 1)
    for (int i = 0; i < N; ++i) {
      if (i % 2)
        shapes[i] = new Square(i);
      else
        shapes[i] = new Polygon(i + 1 + (i == 20 ? 100000 : 0));
      aligned[i] = new (std::nothrow) Aligned;
      CHECK(reinterpret_cast<uintptr_t>(aligned[i]) % 128 == 0);
      aligned[i]->values[39] = i;
      arrays[i] = new WithDestructor[i % 7];
      alignas(Square) char place[sizeof(Square)];
      Square *local = new (place) Square(2);
      CHECK(local->area() == 4);
      local->~Square();
    }
    int expected = N;
    for (int i = 0; i < N; ++i)
      expected += i % 7;
    CHECK(alive == expected);
#pragma omp parallel for schedule(static)
    for (int i = N - 1; i >= 0; --i) {
      const double area = shapes[i]->area();
      CHECK(area == (i % 2 ? 1.0 * i * i : i == 20 ? 100020 : i));
      CHECK(aligned[i]->values[39] == i);
      delete shapes[i];
      delete aligned[i];
      delete[] arrays[i];
    }
    CHECK(alive == 0);
  }
  delete static_cast<Shape *>(nullptr);
  puts("ok");
}
