// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The half of mixed-modes.cpp that is compiled in the other mode.
#include <string>
#include <vector>

std::vector<int> *other_make(int n) {
  auto *v = new std::vector<int>(n);
  for (int i = 0; i < n; ++i)
    (*v)[i] = i;
  return v;
}

void other_scale(int *from, int n, int factor) {
  for (int i = 0; i < n; ++i)
    from[i] *= factor;
}

void other_append(std::string &text, char c) { text += c; }

int other_global = 5;
int other_count() { return ++other_global; }
