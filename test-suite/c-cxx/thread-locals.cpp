// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Thread-local variables, used by other threads through pointers and captured
// references; threadprivate and copyin.

#include "Inputs/check.h"
#include <omp.h>
#include <string>
#include <vector>

thread_local int number = 5;
thread_local std::string text = "initial text, longer than a short string";
thread_local long table[600];

int private_counter = 3;
#pragma omp threadprivate(private_counter)

int main() {
  // Captured by reference: all nodes use the variable of the main thread.
  number = 70;
  int &captured = number;
  std::string &captured_text = text;
  long *main_table = table;
  int threads = 0;
  std::vector<int *> numbers;
#pragma omp parallel shared(captured, captured_text)
  {
#pragma omp single
    {
      threads = omp_get_num_threads();
      numbers.resize(threads);
    }
    const int me = omp_get_thread_num();
#pragma omp atomic
    captured += 1;
#pragma omp critical
    captured_text += '!';
    main_table[me] = me + 1;

    // Each thread's own one, seen by its neighbour.
    if (me != 0)
      CHECK(number == 5);
    numbers[me] = &number;
#pragma omp barrier
    if (me != 0)
      number = 1000 + me;
#pragma omp barrier
    const int neighbour = (me + 1) % threads;
    if (neighbour != 0)
      CHECK(*numbers[neighbour] == 1000 + neighbour);
#pragma omp barrier
    if (neighbour != 0)
      *numbers[neighbour] += 5;
#pragma omp barrier
    if (me != 0)
      CHECK(number == 1005 + me);
  }
  CHECK(number == 70 + threads);
  CHECK(text ==
        "initial text, longer than a short string" + std::string(threads, '!'));
  for (int i = 0; i < threads; ++i)
    CHECK(table[i] == i + 1);

  private_counter = 11;
#pragma omp parallel copyin(private_counter)
  {
    CHECK(private_counter == 11);
    private_counter += omp_get_thread_num();
  }
#pragma omp parallel
  CHECK(private_counter == 11 + omp_get_thread_num());
  puts("ok");
}
