// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shared library with globals of all kinds and parallel regions of its own.

#include <string>
#include <vector>

int library_counter = 10;
int library_table[3000];
std::vector<std::string> library_names = {"first", "second",
                                          "third, with a long text after it"};
static int hidden_calls;

void library_fill(int factor) {
#pragma omp parallel for
  for (int i = 0; i < 3000; ++i)
    library_table[i] = i * factor;
}

int library_call() {
  static int first_value = library_counter;
#pragma omp atomic
  ++hidden_calls;
  return first_value;
}

int library_calls() { return hidden_calls; }
