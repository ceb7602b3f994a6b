// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ends HOW [NODE]: leaves main or a parallel region in an unusual way; in a
// region, on the given node.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <stdexcept>
#include <unistd.h>

extern "C" int __loco_node(void); // of loco/abi.h

struct AtEnd {
  ~AtEnd() { puts("destructor"); }
} at_end;

static void end_by(const char *how) {
  if (!strcmp(how, "exit"))
    exit(3);
  if (!strcmp(how, "_exit"))
    _exit(4);
  if (!strcmp(how, "abort"))
    abort();
  if (!strcmp(how, "throw"))
    throw std::runtime_error("thrown and not caught");
  if (!strcmp(how, "segfault"))
    *static_cast<volatile int *>(nullptr) = 1;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "return";
  const char *node = argc > 2 ? argv[2] : nullptr;
  atexit([] { puts("atexit"); });
  puts("begun");
  fflush(stdout);
  if (!node) {
#pragma omp parallel
    (void)omp_get_thread_num();
    end_by(how);
    return 7;
  }
#pragma omp parallel
  {
    // One of the node's two threads: of two that throw, one may end the process
    // before the other has said what it threw.
    if (atoi(node) == __loco_node() && omp_get_thread_num() % 2 == 0)
      end_by(how);
#pragma omp barrier
  }
  puts("not reached");
}
