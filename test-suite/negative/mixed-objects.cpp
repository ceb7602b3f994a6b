// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Half of a program's objects are stock clang's: on shared heap memory and
// stacks their accesses are right without a check.
//
// RUN: %stock-clangxx -O2 -fno-pie -c %S/Inputs/mixed-stock.cpp -o %t.stock.o
// RUN: for opt in O0 O2; do \
// RUN:   %loco-clangxx -fopenmp -$opt -c %s -o %t.$opt.o || exit 1; \
// RUN:   %loco-clangxx -fopenmp %t.$opt.o %t.stock.o -o %t.$opt || exit 1; \
// RUN:   for n in 1 2 3 4; do \
// RUN:     %S/../expect-exit.sh 0 60 %loco-run -n $n --threads 2 %t.$opt | FileCheck %s || exit 1; \
// RUN:   done; \
// RUN: done
// CHECK: {{^}}ok{{$}}

#include "../c-cxx/Inputs/check.h"
#include <string>
#include <vector>

void stock_scale(double *data, int n, double factor);
double stock_sum(const std::vector<double> &data);
std::vector<std::string> *stock_words(int n);
void stock_destroy(std::vector<std::string> *words);
void stock_copy(char *to, const char *from, unsigned long n);

double global_data[5000];
char global_text[20000];

int main() {
  constexpr int N = 20000, Piece = 500;
  std::vector<double> data(N);
#pragma omp parallel
  {
#pragma omp for
    for (int i = 0; i < N; ++i)
      data[i] = i;
#pragma omp for schedule(static, 1)
    for (int piece = 0; piece < N / Piece; ++piece)
      stock_scale(&data[piece * Piece], Piece, 2);
#pragma omp for schedule(dynamic, 3)
    for (int piece = N / Piece - 1; piece >= 0; --piece)
      stock_scale(&data[piece * Piece], Piece, 3);
    CHECK(stock_sum(data) == 6.0 * N * (N - 1) / 2);

#pragma omp for
    for (int i = 0; i < 5000; ++i)
      global_data[i] = i;
#pragma omp for schedule(static, 1)
    for (int piece = 0; piece < 50; ++piece)
      stock_scale(global_data + piece * 100, 100, 0.5);
#pragma omp for schedule(static, 1)
    for (int i = 0; i < 20000; ++i)
      global_text[i] = i % 2 ? 0 : static_cast<char>('a' + i % 26);
      // Bytes of one word, by stock code on different nodes.
#pragma omp for schedule(static, 1)
    for (int i = 1; i < 20000; i += 2)
      stock_copy(global_text + i, global_text + i - 1, 1);
  }
  for (int i = 0; i < 5000; ++i)
    CHECK(global_data[i] == i * 0.5);
  for (int i = 0; i < 20000; ++i)
    CHECK(global_text[i] == 'a' + i / 2 * 2 % 26);

  std::vector<std::string> *words = stock_words(1000);
#pragma omp parallel for
  for (int i = 0; i < 1000; ++i) {
    CHECK((*words)[i] ==
          "word number " + std::to_string(i) + " from stock code");
    (*words)[i] += ", and more from a LOCO node";
  }
  CHECK(words->back() ==
        "word number 999 from stock code, and more from a LOCO node");
  stock_destroy(words);
  std::vector<std::string> *others[8];
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < 8; ++i)
    others[i] = stock_words(i + 1);
#pragma omp parallel for schedule(static, 1)
  for (int i = 7; i >= 0; --i) {
    CHECK(others[i]->size() == static_cast<size_t>(i) + 1);
    stock_destroy(others[i]);
  }
  puts("ok");
}
