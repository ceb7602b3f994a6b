// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <stdlib.h>
int *halves(int n) {
  int *p = malloc(sizeof(int) * n);
  for (int i = 0; i < n; ++i)
    p[i] = i / 2;
  return p;
}
