// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memory-nodes [kill-parents-child]: says where things are with two memory
// nodes; or ends the last process that loco-run has started, by SIGKILL, and
// goes on with work that needs it.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <omp.h>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <vector>

static int values[100000];

static void kill_last_process_of_job() {
  std::string parent = std::to_string(getppid());
  std::ifstream children("/proc/" + parent + "/task/" + parent + "/children");
  pid_t last = 0;
  for (pid_t pid; children >> pid;)
    last = pid;
  kill(last, SIGKILL);
}

int main(int argc, char **) {
  if (argc > 1)
    kill_last_process_of_job();
  std::vector<double> large(1 << 20);
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    for (int round = 0; round < (argc > 1 ? 1000000 : 3); ++round)
#pragma omp for
      for (int i = 0; i < 100000; ++i) {
        values[i] += i;
        large[static_cast<size_t>(i) * 10] += 1;
      }
  }
  for (int i = 0; i < 100000; ++i)
    if (values[i] != 3 * i || large[static_cast<size_t>(i) * 10] != 3)
      return printf("wrong at %d\n", i), 1;
  int seen[2] = {0, 0};
  for (size_t i = 0; i < large.size(); i += 8192) {
    int home = __builtin_loco_home(&large[i]);
    if (home != 2 && home != 3)
      return printf("home %d\n", home), 1;
    ++seen[home - 2];
  }
  for (int i = 0; i < 100000; i += 16384)
    if (__builtin_loco_home(&values[i]) < 2)
      return printf("a global's home: %d\n", __builtin_loco_home(&values[i])),
             1;
  if (seen[0] < 10 || seen[1] < 10)
    return printf("homes %d and %d\n", seen[0], seen[1]), 1;
  printf("%d nodes, %d threads, homes on nodes 2 and 3\n",
         __builtin_loco_num_nodes(), threads);
}
