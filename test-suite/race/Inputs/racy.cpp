// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// racy.cpp - one data race between nodes for each argument but those named
// "none-*", which are the same without one.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

int global;
struct {
  char left, right;
} neighbours;
int array[10000];

// Of each 64 bytes of 8 MiB one byte a thread: with a small cache, nearly all
// blocks are evicted, and come again, between two synchronisations.
constexpr int Large = 8 << 20;
char bytes[Large];

static void write_all(int me, bool race) {
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < Large; i += 64) {
      bytes[i + me] = static_cast<char>(round + me);
      if (race && i == Large / 2)
        bytes[Large / 2 + 63] = static_cast<char>(me); // LINE_EVICTED
    }
}

// A child is no node: what it stores races with nothing, and it reports nothing.
static void fork_and_store() {
  global = 1;
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 10000; ++i)
      array[i] = global = i;
    std::exit(array[5000] == 5000 ? 7 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child ||
      WEXITSTATUS(status) != 7)
    std::abort();
}

int main(int argc, char **argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  int local = 0;
  int *heap = static_cast<int *>(malloc(4096)); // LINE_MALLOC
  int *large = new int[100000]();
#pragma omp parallel
  {
    const int me = omp_get_thread_num() + 1;
    if (what == "global")
      global = me; // LINE_GLOBAL
    else if (what == "stack")
      local = me; // LINE_STACK
    else if (what == "heap")
      heap[7] = me; // LINE_HEAP
    else if (what == "two-lines") {
      if (me == 1)
        large[50000] = 1; // LINE_FIRST
      else
        large[50000] = 2; // LINE_SECOND
    } else if (what == "loop")
      for (int i = 0; i < 10000; ++i) // LINE_LOOP
        array[i] = me;
    else if (what == "evicted" || what == "none-evicted")
      write_all(me, what == "evicted");
    else if (what == "library")
      memset(&array[5000], me, 2000); // LINE_LIBRARY
    else if (what == "after-barrier") {
      if (me == 1)
        global = 7;
#pragma omp barrier
      global += me; // LINE_AFTER
    } else if (what == "none-neighbours") {
      if (me == 1)
        neighbours.left = 1;
      else if (me == omp_get_num_threads())
        neighbours.right = 2;
    } else if (what == "none-barrier") {
      if (me == 1)
        global = me;
#pragma omp barrier
      if (me == omp_get_num_threads())
        global = me;
    } else if (what == "none-critical") {
      for (int i = 0; i < 100; ++i)
#pragma omp critical
        global += me;
    } else if (what == "none-atomic") {
      for (int i = 0; i < 100; ++i)
#pragma omp atomic
        global += me;
    }
  }
  if (what == "forked" || what == "none-forked") {
    fork_and_store();
#pragma omp parallel
    if (what == "forked" || omp_get_thread_num() == 0)
      global = omp_get_thread_num(); // LINE_FORKED
    fork_and_store();
  }
  if (what == "regions" || what == "none-regions")
    for (int round = 0; round < 10; ++round) {
#pragma omp parallel
      if (omp_get_thread_num() == round % omp_get_num_threads() ||
          (what == "regions" && omp_get_thread_num() == 0))
        global = 10 * round + omp_get_thread_num(); // LINE_REGIONS
    }
  // Memory that one node frees and another gets again.
  if (what == "none-reuse")
    for (int round = 0; round < 20; ++round) {
      int *object = nullptr;
#pragma omp parallel
      {
#pragma omp master
        object = static_cast<int *>(malloc(64));
#pragma omp barrier
        if (omp_get_thread_num() == omp_get_num_threads() - 1) {
          for (int i = 0; i < 16; ++i)
            object[i] = round + i;
          free(object);
        }
#pragma omp master
        for (int k = 0; k < 50; ++k) {
          auto *again = static_cast<volatile int *>(malloc(64));
          for (int i = 0; i < 16; ++i)
            const_cast<int *>(again)[i] = k - i;
          free(const_cast<int *>(again));
        }
      }
    }
  std::printf("done %d %d %d\n", heap[7] > 0, local >= 0, large[0]);
  free(heap);
  delete[] large;
}
