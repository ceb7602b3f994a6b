// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each heap object being an entry of a table, an access that is in none of them
// is found, on the node that makes it.
//
// RUN: for opt in O0 O2; do \
// RUN:   %loco-clangxx -floco-mode=kvstore -fopenmp -$opt %s -o %t || exit 1; \
// RUN:   for what in freed behind twice range; do \
// RUN:     %S/../expect-exit.sh 1 30 %loco-run -n 2 --threads 1 %t $what | FileCheck --check-prefix=$what %s || exit 1; \
// RUN:   done; \
// RUN:   %S/../expect-exit.sh 0 30 %loco-run -n 2 --threads 1 %t nothing || exit 1; \
// RUN: done
// freed: loco: error: node 1: a load of 4 bytes at 0x{{.*}} by the code at 0x{{.*}}: no object is there
// behind: loco: error: node 1: a store of 4 bytes at 0x{{.*}} ends 4 bytes behind the object of 400 bytes
// twice: loco: error: node 1: free of 0x{{.*}}, where no object starts
// range: loco: error: node 1: a store of 404 bytes at 0x{{.*}} ends 4 bytes behind the object of 400 bytes

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <string>

int *volatile shared;
volatile size_t bytes = 404;

int main(int, char **argv) {
  const std::string what = argv[1];
  shared = static_cast<int *>(malloc(100 * sizeof(int)));
  shared[99] = 1;
#pragma omp parallel
  if (omp_get_thread_num() == 1) {
    int *p = shared;
    if (what == "freed") {
      free(p);
      printf("%d\n", p[7]);
    } else if (what == "behind") {
      p[100] = 1;
    } else if (what == "twice") {
      free(p);
      free(p);
    } else if (what == "range") {
      memset(p, 0, bytes);
    }
  }
}
