// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// system_call_bench.cpp - what system calls cost where the kernel serves page
// faults of its own, and where they are dispatched:
//
//   loco-run -n 1 system-call-bench        one node: nothing of LOCO
//   loco-run -n 2 system-call-bench        as root: the kernel's own faults
//   as-user.sh loco-run -n 2 system-call-bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

int zeros() {
  static int file = [] {
    int fd = memfd_create("zeros", 0);
    if (fd < 0 || ftruncate(fd, 1 << 20) != 0)
      std::abort();
    return fd;
  }();
  return file;
}

void read_into(benchmark::State &state, void *memory, std::size_t bytes) {
  std::memset(memory, 1, bytes);
  for (auto _ : state)
    if (pread(zeros(), memory, bytes, 0) != static_cast<ssize_t>(bytes))
      std::abort();
  state.SetBytesProcessed(state.iterations() * static_cast<long>(bytes));
}

void nothing(benchmark::State &state) {
  for (auto _ : state)
    syscall(SYS_getppid);
}
BENCHMARK(nothing);

void yield(benchmark::State &state) {
  for (auto _ : state)
    sched_yield();
}
BENCHMARK(yield);

void read_to_stack(benchmark::State &state) {
  char bytes[64];
  read_into(state, bytes, sizeof bytes);
}
BENCHMARK(read_to_stack);

void read_to_heap(benchmark::State &state) {
  auto bytes = static_cast<std::size_t>(state.range(0));
  void *memory = std::malloc(bytes);
  read_into(state, memory, bytes);
  std::free(memory);
}
BENCHMARK(read_to_heap)->Arg(64)->Arg(4096)->Arg(65'536)->Arg(1 << 20);

} // namespace

BENCHMARK_MAIN();
