// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Objects of both modes in one program, linked for either: each access follows
// the mode that it was compiled for, and both see the same memory.
//
// RUN: for mode in cache kvstore; do \
// RUN:   [ $mode = cache ] && other=kvstore || other=cache; \
// RUN:   %loco-clangxx -O2 -floco-mode=$mode -fopenmp -c %s -o %t.o || exit 1; \
// RUN:   %loco-clangxx -O2 -floco-mode=$other -c %S/Inputs/other-mode.cpp -o %t.other.o || exit 1; \
// RUN:   for link in cache kvstore; do \
// RUN:     %loco-clangxx -floco-mode=$link -fopenmp %t.o %t.other.o -o %t || exit 1; \
// RUN:     for n in 1 2 3; do \
// RUN:       %S/../expect-exit.sh 0 60 %loco-run -n $n --threads 2 %t | FileCheck %s || exit 1; \
// RUN:     done; \
// RUN:   done; \
// RUN: done
// CHECK: {{^}}ok{{$}}

#include "../c-cxx/Inputs/check.h"
#include <omp.h>
#include <string>
#include <vector>

std::vector<int> *other_make(int n);
void other_scale(int *from, int n, int factor);
void other_append(std::string &text, char c);
int other_count();
extern int other_global;

int main() {
  constexpr int N = 8000, Piece = 100;
  std::vector<int> *v = other_make(N);
  std::vector<std::string> words(40);
#pragma omp parallel
  {
    // Written by both, byte beside byte, between barriers.
    for (int round = 0; round < 4; ++round) {
#pragma omp for schedule(static, 1)
      for (int piece = 0; piece < N / Piece; ++piece)
        if ((piece + round) % 2 == 0)
          other_scale(v->data() + piece * Piece, Piece, 3);
        else
          for (int i = 0; i < Piece; ++i)
            (*v)[piece * Piece + i] *= 3;
    }
#pragma omp for schedule(dynamic)
    for (int i = 0; i < N; ++i)
      CHECK((*v)[i] == 81 * i);
    for (int round = 0; round < 30; ++round) {
#pragma omp for schedule(static, 1)
      for (int w = 0; w < 40; ++w) {
        other_append(words[w], 'a');
        words[w] += 'b';
      }
    }
#pragma omp critical
    {
      const int before = other_global;
      CHECK(other_count() == before + 1);
      other_global += 1;
    }
  }
  std::string expected;
  for (int round = 0; round < 30; ++round)
    expected += "ab";
  for (const std::string &word : words)
    CHECK(word == expected);
  CHECK(other_global == 5 + 2 * omp_get_max_threads());
  delete v;
  puts("ok");
}
