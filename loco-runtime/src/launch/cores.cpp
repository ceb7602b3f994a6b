// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/cores.h"

#include <sched.h>
#include <unistd.h>

namespace loco::launch {

int available_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0)
    return CPU_COUNT(&cores);
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

bool bind_to_share(int index, int num_nodes) {
  cpu_set_t all, mine;
  if (sched_getaffinity(0, sizeof all, &all) != 0)
    return false; // more cores than a cpu_set_t holds: they are many
  const int count = CPU_COUNT(&all);
  if (count < num_nodes)
    return false;
  const int begin = count * index / num_nodes;
  const int end = count * (index + 1) / num_nodes;
  CPU_ZERO(&mine);
  for (int core = 0, seen = 0; seen < end; ++core) {
    if (!CPU_ISSET(core, &all))
      continue;
    if (seen >= begin)
      CPU_SET(core, &mine);
    ++seen;
  }
  return sched_setaffinity(0, sizeof mine, &mine) == 0;
}

} // namespace loco::launch
