// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kernel_access.cpp - the page-fault net: system calls and libc read and write
// blocks that are at home elsewhere, with no check before them, and a thread's
// stack is read and written from other nodes.
#include "spmd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t Bytes = 200'000;

struct Shared {
  unsigned char data[Bytes];
  int *on_stack;
};

unsigned char byte_at(std::size_t i) {
  return static_cast<unsigned char>(i * 7 + i / 4096);
}

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  int node = __loco_node(), last = __loco_num_nodes() - 1;
  if (node == last) {
    // Node 0 is home; write(2) reads from it, read(2) writes to it.
    int file = memfd_create("test", 0);
    CHECK(file >= 0);
    CHECK(write(file, shared->data, Bytes) == static_cast<ssize_t>(Bytes));
    for (std::size_t i = 0; i < Bytes; ++i) {
      unsigned char c;
      CHECK(pread(file, &c, 1, static_cast<off_t>(i)) == 1 && c == byte_at(i));
    }
    CHECK(lseek(file, 100, SEEK_SET) == 100);
    CHECK(read(file, shared->data, Bytes - 100) ==
          static_cast<ssize_t>(Bytes - 100));
    close(file);
    *shared->on_stack += 42;
  }
  spmd::barrier();
  for (std::size_t i = 0; i < Bytes - 100; ++i)
    CHECK(shared->data[i] == byte_at(i + 100));
  CHECK(*shared->on_stack == 58);
}

} // namespace

int main() {
  auto *shared = static_cast<Shared *>(malloc(sizeof(Shared)));
  CHECK(shared != nullptr);
  for (std::size_t i = 0; i < Bytes; ++i)
    shared->data[i] = byte_at(i);
  int local = 16;
  shared->on_stack = &local;
  spmd::run(work, shared);
  CHECK(local == 58);
  std::puts("right");
}
