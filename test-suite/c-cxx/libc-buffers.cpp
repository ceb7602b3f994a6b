// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Shared buffers in the hands of code that LOCO did not compile: the kernel
// (read, write, pread), stdio, snprintf, memcpy through a pointer, getline.

#include "Inputs/check.h"
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <omp.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

static char global_buffer[40000];

int main() {
  char name[] = "/tmp/libc-buffers-XXXXXX";
  const int fd = mkstemp(name);
  CHECK(fd >= 0);
  const size_t bytes = 200000;
  char *data = static_cast<char *>(malloc(bytes));
#pragma omp parallel for schedule(static, 777)
  for (size_t i = 0; i < bytes; ++i)
    data[i] = static_cast<char>('a' + i % 23);
  // The kernel reads bytes that other nodes wrote.
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = write(fd, data + done, bytes - done);
    CHECK(n > 0);
    done += static_cast<size_t>(n);
  }
  const std::string text = "line one\nline two is longer than that\n\nlast\n";
  const std::string file_name = name;
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  int threads = 0;
  std::vector<std::string> lines(4);

#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    const int me = omp_get_thread_num();
    const int mine = open(file_name.c_str(), O_RDONLY);
    CHECK(mine >= 0);
    // The kernel writes into blocks that this node does not have.
    const size_t share = bytes / threads;
    const size_t other = (me + 1) % threads * share;
#pragma omp barrier
    memset(data + me * share, 0, share);
#pragma omp barrier
    CHECK(pread(mine, data + other, share, static_cast<off_t>(other)) ==
          static_cast<ssize_t>(share));
#pragma omp barrier
    for (size_t i = me * share; i < (me + 1) * share; ++i)
      CHECK(data[i] == static_cast<char>('a' + i % 23));
#pragma omp barrier
    struct stat status;
    CHECK(fstat(mine, &status) == 0 &&
          status.st_size == static_cast<off_t>(bytes));
    close(mine);

    FILE *file = fopen(file_name.c_str(), "rb");
    CHECK(file);
    fseek(file, me * 100, SEEK_SET);
    CHECK(fread(global_buffer + me * 500, 1, 500, file) == 500);
    fclose(file);
#pragma omp barrier
    const int neighbour = (me + 1) % threads;
    CHECK(memcmp(global_buffer + neighbour * 500, data + neighbour * 100,
                 500) == 0);
#pragma omp barrier
    snprintf(global_buffer + me * 64, 64, "thread %d says %s %g", me, "hello",
             me + 0.5);
    char *far = global_buffer + 20000 + me * 64;
    copy(far, global_buffer + me * 64, 64);
#pragma omp barrier
    char expected[64];
    snprintf(expected, sizeof expected, "thread %d says %s %g", neighbour,
             "hello", neighbour + 0.5);
    CHECK(strcmp(global_buffer + 20000 + neighbour * 64, expected) == 0);
    CHECK(strstr(global_buffer + neighbour * 64, "hello") ==
          global_buffer + neighbour * 64 + strlen(expected) -
              strlen(strstr(expected, "hello")));
    int number;
    char word[16];
    CHECK(sscanf(global_buffer + neighbour * 64, "thread %d says %15s", &number,
                 word) == 2 &&
          number == neighbour && strcmp(word, "hello") == 0);
#pragma omp single
    {
      std::istringstream in(text);
      for (std::string &line : lines)
        std::getline(in, line);
    }
  }
  CHECK(lines[1] == "line two is longer than that" && lines[3] == "last");

  // readv into several blocks, and a stream read by another thread.
  struct iovec parts[2] = {{global_buffer + 100, 5000},
                           {global_buffer + 9000, 5000}};
#pragma omp parallel
  if (omp_get_thread_num() == omp_get_num_threads() - 1) {
    const int mine = open(file_name.c_str(), O_RDONLY);
    CHECK(readv(mine, parts, 2) == 10000);
    close(mine);
  }
  CHECK(memcmp(global_buffer + 9000, data + 5000, 5000) == 0);
  unlink(name);
  close(fd);
  free(data);
  puts("ok");
}
