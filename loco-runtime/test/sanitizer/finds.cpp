// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// finds.cpp - does on purpose what the sanitizer that it is named must report,
// in the process of a node; succeeds where that node fails.
#include "support/nodes.h"

#include <climits>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace {

void overrun() {
  std::vector<char> memory(10);
  volatile char *p = memory.data();
  p[10] = 1;
}

void race() {
  int shared = 0;
  auto add = [&shared] {
    for (int i = 0; i < 100000; ++i) {
      ++shared;
      asm volatile("" : : "r"(&shared) : "memory");
    }
  };
  std::thread one(add), other(add);
  one.join();
  other.join();
}

void overflow() {
  volatile int most = INT_MAX;
  most = most + 1;
}

} // namespace

int main(int argc, char **argv) {
  const char *kind = argc > 1 ? argv[1] : "";
  auto body = [kind](loco::Bootstrap &) {
    if (std::strcmp(kind, "address") == 0)
      overrun();
    else if (std::strcmp(kind, "thread") == 0)
      race();
    else if (std::strcmp(kind, "undefined") == 0)
      overflow();
  };
  if (loco::test::run_nodes(1, body).all_passed()) {
    std::printf("the %s sanitizer does not see what is wrong\n", kind);
    return 1;
  }
  return 0;
}
