// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scans globals that end in the middle of 64 KiB by page faults, in libc's code,
// on every node, with a bounded cache, which fetches ahead of such scans.

#include <omp.h>
#include <stdio.h>
#include <string.h>

#define SIZE (5 * 4096 + 100)
static char text[SIZE];

int __loco_node(void); // of loco/abi.h

int main(void) {
  memset(text, 'x', SIZE - 1);
  int wrong = 0, nodes = 0;
#pragma omp parallel reduction(+ : wrong, nodes)
  {
    wrong += strlen(text) != SIZE - 1;
    nodes += omp_get_thread_num() == 0 || __loco_node() != 0;
#pragma omp barrier
#pragma omp critical
    memset(text, 'a' + omp_get_thread_num(), SIZE - 1);
#pragma omp barrier
    wrong += strlen(text) != SIZE - 1 ||
             strspn(text, (char[]){text[0], 0}) != SIZE - 1;
  }
  printf("%d wrong on %d nodes\n", wrong, nodes);
  return wrong;
}
