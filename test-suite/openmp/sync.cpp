// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// critical, locks of both kinds, atomics, flush.

#include "expect.h"
#include <omp.h>
#include <vector>

static long plain, named, hinted;
static omp_lock_t global_lock;

struct Account {
  omp_lock_t lock;
  long balance;
};

static omp_nest_lock_t nest;
static long depth_sum;

static void down(int depth) {
  omp_set_nest_lock(&nest);
  depth_sum += depth;
  if (depth > 1)
    down(depth - 1);
  omp_unset_nest_lock(&nest);
}

int main() {
  int size = omp_get_max_threads();
#pragma omp parallel
  for (int i = 0; i < 200; ++i) {
#pragma omp critical
    plain += 1;
#pragma omp critical(some_name)
    named += 2;
#pragma omp critical(other_name) hint(omp_sync_hint_contended)
    hinted += 3;
  }
  EXPECT_EQ(plain, 200L * size);
  EXPECT_EQ(named, 400L * size);
  EXPECT_EQ(hinted, 600L * size);
#pragma omp critical
  plain = 0;

  omp_init_lock(&global_lock);
  std::vector<long> *list = new std::vector<long>;
#pragma omp parallel
  for (int i = 0; i < 100; ++i) {
    omp_set_lock(&global_lock);
    list->push_back(i);
    omp_unset_lock(&global_lock);
  }
  EXPECT_EQ(list->size(), 100 * size);
  long sum = 0;
  for (long x : *list)
    sum += x;
  EXPECT_EQ(sum, 4950L * size);
  delete list;

  // Locks in the heap; money is neither made nor lost.
  Account *accounts = new Account[10];
  for (int i = 0; i < 10; ++i) {
    omp_init_lock_with_hint(&accounts[i].lock, omp_sync_hint_uncontended);
    accounts[i].balance = 100;
  }
#pragma omp parallel
  {
    unsigned random = 12345 + omp_get_thread_num();
    for (int i = 0; i < 300; ++i) {
      random = random * 1103515245 + 12345;
      int a = random / 65536 % 10, b = random / 1048576 % 10;
      if (a == b)
        continue;
      omp_set_lock(&accounts[a < b ? a : b].lock);
      omp_set_lock(&accounts[a < b ? b : a].lock);
      accounts[a].balance -= i;
      accounts[b].balance += i;
      omp_unset_lock(&accounts[a].lock);
      omp_unset_lock(&accounts[b].lock);
    }
  }
  sum = 0;
  for (int i = 0; i < 10; ++i) {
    sum += accounts[i].balance;
    omp_destroy_lock(&accounts[i].lock);
  }
  EXPECT_EQ(sum, 1000);
  delete[] accounts;

  // test
  omp_set_lock(&global_lock);
  int taken = 0;
#pragma omp parallel num_threads(4) reduction(+ : taken)
  taken += omp_test_lock(&global_lock) != 0;
  EXPECT_EQ(taken, 0);
  omp_unset_lock(&global_lock);
  long inside = 0, successes = 0;
#pragma omp parallel reduction(+ : successes)
  for (int i = 0; i < 100; ++i)
    if (omp_test_lock(&global_lock)) {
      inside += 1;
      successes += 1;
      omp_unset_lock(&global_lock);
    }
  EXPECT_EQ(inside, successes);
  EXPECT(successes > 0);
  omp_destroy_lock(&global_lock);

  omp_init_nest_lock(&nest);
#pragma omp parallel
  for (int i = 0; i < 50; ++i)
    down(4);
  EXPECT_EQ(depth_sum, 50L * size * 10);
  EXPECT_EQ(omp_test_nest_lock(&nest), 1);
  EXPECT_EQ(omp_test_nest_lock(&nest), 2);
  taken = 0;
#pragma omp parallel num_threads(4) reduction(+ : taken)
  if (omp_get_thread_num() > 0)
    taken += omp_test_nest_lock(&nest) != 0;
  EXPECT_EQ(taken, 0);
  omp_unset_nest_lock(&nest);
  omp_unset_nest_lock(&nest);
  omp_destroy_nest_lock(&nest);

  // atomics of every size
  static signed char c;
  static short s;
  static int i4;
  static long i8;
  static float f;
  static double d;
  static long double wide;
  static unsigned bits = 0, captured[1024];
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < 100; ++i) {
#pragma omp atomic
    c += 1;
#pragma omp atomic
    s -= 2;
#pragma omp atomic
    i4 += 3;
#pragma omp atomic
    i8 += 4;
#pragma omp atomic
    f += 0.5f;
#pragma omp atomic
    d += 0.25;
#pragma omp atomic
    wide += 1;
#pragma omp atomic
    bits |= 1u << i % 32;
  }
  EXPECT_EQ(c, 100);
  EXPECT_EQ(s, -200);
  EXPECT_EQ(i4, 300);
  EXPECT_EQ(i8, 400);
  EXPECT(f == 50);
  EXPECT(d == 25);
  EXPECT(wide == 100);
  EXPECT_EQ(bits, ~0u);
  unsigned next = 0;
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < 1000; ++i) {
    unsigned ticket;
#pragma omp atomic capture
    ticket = next++;
#pragma omp atomic
    captured[ticket]++;
  }
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(captured[i], 1);

  // flush: a message passed by hand
  if (size > 1) {
    static int data, flag, answer;
#pragma omp parallel num_threads(2)
    for (int round = 1; round <= 20; ++round) {
      if (omp_get_thread_num() == 0) {
        data = round * 11;
#pragma omp flush
#pragma omp atomic write
        flag = round;
        int back;
        do {
#pragma omp atomic read
          back = answer;
        } while (back != round);
      } else {
        int now;
        do {
#pragma omp atomic read
          now = flag;
        } while (now != round);
#pragma omp flush
        EXPECT_EQ(data, round * 11);
#pragma omp atomic write
        answer = round;
      }
    }
  }
  return failures();
}
