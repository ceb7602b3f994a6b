// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// killed HOW: one thread of node 1 ends its process by SIGKILL: in a barrier,
// in a lock that others want, or in the middle of a computation.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

extern "C" int __loco_node(void); // of loco/abi.h

static void die() { kill(getpid(), SIGKILL); }

static void *die_later(void *) {
  usleep(200000);
  die();
  return nullptr;
}

int cells[100000];

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  omp_lock_t lock;
  omp_init_lock(&lock);
  puts("begun");
  fflush(stdout);
#pragma omp parallel
  {
    const bool victim = __loco_node() == 1;
    if (!strcmp(how, "barrier")) {
      // Node 1 waits in the barrier for node 0, which is late.
      static thread_local pthread_t killer;
      if (victim)
        pthread_create(&killer, nullptr, die_later, nullptr);
      else if (omp_get_thread_num() == 0)
        usleep(3000000);
#pragma omp barrier
    } else if (!strcmp(how, "lock")) {
      if (!victim)
        usleep(300000);
      omp_set_lock(&lock);
      if (victim) {
        usleep(500000);
        die();
      }
      omp_unset_lock(&lock);
    } else {
      for (int round = 0; round < 1000000; ++round) {
        if (victim && round == 100)
          die();
#pragma omp for
        for (int i = 0; i < 100000; ++i)
          cells[i] += cells[99999 - i] + 1;
      }
    }
  }
  puts("ended");
}
