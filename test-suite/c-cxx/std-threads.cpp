// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// A program's own threads beside OpenMP's: they share its memory, before,
// between and during parallel regions.

#include "Inputs/check.h"
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <omp.h>
#include <thread>
#include <vector>

std::vector<int> data(10000);
std::atomic<bool> stop{false};
std::atomic<long> ticks{0};

int main() {
  std::thread writer([] {
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<int>(i);
  });
  writer.join();
  long sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (size_t i = 0; i < data.size(); ++i)
    sum += data[i];
  CHECK(sum == 10000L * 9999 / 2);

  std::thread ticker([] {
    while (!stop) {
      ++ticks;
      std::this_thread::yield();
    }
  });
#pragma omp parallel for
  for (size_t i = 0; i < data.size(); ++i)
    data[i] *= 2;
  while (ticks == 0)
    ;
  stop = true;
  ticker.join();
  CHECK(ticks > 0);

  // Threads with a stack of their own that use what the nodes wrote.
  std::mutex mutex;
  std::condition_variable condition;
  int ready = 0;
  long total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      long mine = 0;
      for (size_t i = t; i < data.size(); i += 3)
        mine += data[i];
      std::lock_guard<std::mutex> lock(mutex);
      total += mine;
      ++ready;
      condition.notify_one();
    });
  {
    std::unique_lock<std::mutex> lock(mutex);
    condition.wait(lock, [&] { return ready == 3; });
  }
  for (std::thread &thread : threads)
    thread.join();
  CHECK(total == 10000L * 9999);
  puts("ok");
}
