// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// printf and iostreams from all threads of all nodes come out whole, each line
// once, in order where the program orders them, also after main.
//
// RUN: for opt in O0 O2; do \
// RUN:   %loco-clangxx -fopenmp -$opt %s -o %t.$opt || exit 1; \
// RUN:   for n in 1 3; do \
// RUN:     timeout 60 %loco-run -n $n --threads 2 %t.$opt >%t.out 2>%t.err || exit 1; \
// RUN:     FileCheck %s <%t.out || exit 1; \
// RUN:     test $(grep -c '^printf [0-9]* of many$' %t.out) = 120 || exit 1; \
// RUN:     test $(grep -c '^cout [0-9]* and 0x[0-9a-f]*$' %t.out) = 120 || exit 1; \
// RUN:     test $(grep '^cout' %t.out | sort -u | wc -l) = 120 || exit 1; \
// RUN:     test $(grep -c '^cerr [0-9]*$' %t.err) = 120 || exit 1; \
// RUN:   done; \
// RUN: done

// CHECK: begin
// CHECK-DAG: printf 0 of many
// CHECK-DAG: printf 119 of many
// CHECK: ordered 0{{$}}
// CHECK-NEXT: ordered 1{{$}}
// CHECK-NEXT: ordered 2{{$}}
// CHECK-NEXT: ordered 3{{$}}
// CHECK-NEXT: ordered 4{{$}}
// CHECK-NEXT: ordered 5{{$}}
// CHECK-NEXT: end
// CHECK-NEXT: destructor

#include <cstdio>
#include <iomanip>
#include <iostream>

struct AtExit {
  ~AtExit() { std::cout << "destructor" << std::endl; }
} at_exit;

int main() {
  std::cout << "begin" << std::endl;
#pragma omp parallel
  {
#pragma omp for schedule(static, 1)
    for (int i = 0; i < 120; ++i)
      std::printf("printf %d of many\n", i);
#pragma omp for schedule(static, 1)
    for (int i = 0; i < 120; ++i) {
#pragma omp critical
      {
        std::cout << "cout " << i << " and 0x" << std::hex << i * 1000
                  << std::dec << std::endl;
        std::cerr << "cerr " << i << '\n';
      }
    }
    std::fflush(stdout);
#pragma omp for ordered schedule(static, 1)
    for (int i = 0; i < 6; ++i) {
#pragma omp ordered
      std::cout << "ordered " << i << std::endl;
    }
  }
  std::cout << "end" << std::endl;
}
