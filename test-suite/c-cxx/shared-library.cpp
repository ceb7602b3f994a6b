// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shared library compiled with -floco -fPIC: its globals are shared by the
// nodes like the program's, and its code is at one address everywhere.
//
// RUN: for opt in O0 O2; do \
// RUN:   %loco-clangxx -fopenmp -$opt -fPIC -shared %S/Inputs/library.cpp -o %t.$opt.so || exit 1; \
// RUN:   %loco-clangxx -fopenmp -$opt %s %t.$opt.so -o %t.$opt || exit 1; \
// RUN:   for n in 1 3; do \
// RUN:     timeout 60 %loco-run -n $n --threads 2 %t.$opt | grep -x ok || exit 1; \
// RUN:   done; \
// RUN: done

#include "Inputs/check.h"
#include <omp.h>
#include <string>
#include <vector>

extern int library_counter;
extern int library_table[3000];
extern std::vector<std::string> library_names;
void library_fill(int factor);
int library_call();
int library_calls();

int main() {
  library_counter = 77;
  library_fill(3);
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    CHECK(library_counter == 77);
    CHECK(library_call() == 77);
    for (int i = 0; i < 3000; ++i)
      CHECK(library_table[i] == i * 3);
#pragma omp barrier
#pragma omp critical
    library_names.push_back("from thread " +
                            std::to_string(omp_get_thread_num()));
#pragma omp for
    for (int i = 0; i < 3000; ++i)
      library_table[i] += 1;
  }
  CHECK(library_calls() == threads);
  CHECK(static_cast<int>(library_names.size()) == 3 + threads);
  CHECK(library_names[2] == "third, with a long text after it");
  for (int i = 0; i < 3000; ++i)
    CHECK(library_table[i] == i * 3 + 1);
  puts("ok");
}
