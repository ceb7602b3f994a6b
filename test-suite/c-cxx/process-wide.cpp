// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// What a process has once: arguments, environment, locale, errno, time, the
// working folder; usable in parallel regions on any node.

#include "Inputs/check.h"
#include <cerrno>
#include <clocale>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <omp.h>
#include <string>
#include <unistd.h>

int main(int argc, char **argv) {
  CHECK(argc == 1);
  char folder[4096];
  CHECK(getcwd(folder, sizeof folder));
  const std::string here = folder;
  const time_t start = time(nullptr);
  const double wall = omp_get_wtime();
  const std::string path = getenv("PATH");
#pragma omp parallel
  {
    CHECK(std::string(argv[0]).size() > 0 && argv[1] == nullptr);
    char mine[4096];
    CHECK(getcwd(mine, sizeof mine) && here == mine);
    CHECK(path == getenv("PATH"));
    errno = 0;
    CHECK(open("/does/not/exist", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(std::string(strerror(errno)) == "No such file or directory");
    const time_t now = time(nullptr);
    CHECK(now >= start && now < start + 60);
    struct tm parts;
    CHECK(localtime_r(&now, &parts) && parts.tm_year > 120);
    CHECK(omp_get_wtime() >= wall - 1);
    char number[32];
    snprintf(number, sizeof number, "%.2f", 1.25);
    CHECK(std::string(number) == "1.25" && std::stod(number) == 1.25);
  }
  puts("ok");
}
