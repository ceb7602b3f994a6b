// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// fork() between parallel regions: the child has globals, heap and stack of its
// own, may allocate and start programs, and the job goes on without it.

#include "Inputs/check.h"
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

static int global = 1;

static int wait_for(pid_t child) {
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int sum_in_parallel(const std::vector<int> &values) {
  int sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += values[i];
  return sum;
}

int main() {
  std::vector<int> values(50000, 1);
  CHECK(sum_in_parallel(values) == 50000);
  int local = 1;
  auto *heap = new int(1);

  for (int round = 0; round < 3; ++round) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      if (global != 1 || local != 1 || *heap != 1)
        _exit(1);
      global = local = *heap = 2;
      std::vector<std::string> texts;
      for (int i = 0; i < 1000; ++i)
        texts.push_back(std::string(100, static_cast<char>('a' + i % 26)));
      int from_thread = 0;
      std::thread([&] { from_thread = 7; }).join();
      delete heap;
      if (texts[999][99] != 'a' + 999 % 26 || from_thread != 7)
        _exit(2);
      char deep[100000];
      std::memset(deep, round, sizeof deep);
      _exit(global == 2 && deep[99999] == round ? 40 + round : 3);
    }
    CHECK(wait_for(child) == 40 + round);
    CHECK(global == 1 && local == 1 && *heap == 1);
    CHECK(sum_in_parallel(values) == 50000);
  }

  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 9", static_cast<char *>(nullptr));
    _exit(1);
  }
  CHECK(wait_for(child) == 9);
  CHECK(sum_in_parallel(values) == 50000);
  delete heap;
  puts("ok");
}
