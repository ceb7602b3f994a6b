// RUN: %loco-clangxx -O2 -fopenmp %s -o %t
// RUN: %loco-run -n 1 --threads 2 %t
// RUN: %loco-run -n 2 --threads 2 %t
// RUN: %loco-run -n 3 --threads 1 %t
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libomp's entry points that Clang does not call, but other compilers do.

#include "expect.h"
#include <omp.h>
#include <stdint.h>

extern "C" {
struct ident_t;
int __kmpc_global_thread_num(ident_t *);
int __kmpc_bound_thread_num(ident_t *);
int __kmpc_bound_num_threads(ident_t *);
int __kmpc_barrier_master(ident_t *, int);
void __kmpc_end_barrier_master(ident_t *, int);
int __kmpc_barrier_master_nowait(ident_t *, int);
int __kmpc_sections_init(ident_t *, int);
int __kmpc_next_section(ident_t *, int, int);
void __kmpc_end_sections(ident_t *, int);
int __kmpc_single(ident_t *, int);
void __kmpc_end_single(ident_t *, int);
void __kmpc_barrier(ident_t *, int);
void *__kmpc_copyprivate_light(ident_t *, int, void *);
int __kmpc_reduce(ident_t *, int, int, size_t, void *, void (*)(void *, void *),
                  int32_t (*)[8]);
void __kmpc_end_reduce(ident_t *, int, int32_t (*)[8]);
void __kmpc_atomic_fixed4_add(ident_t *, int, int *, int);
int __kmpc_atomic_fixed4_add_cpt(ident_t *, int, int *, int, int);
void __kmpc_atomic_float8_mul(ident_t *, int, double *, double);
void __kmpc_atomic_float10_add(ident_t *, int, long double *, long double);
void __kmpc_atomic_start(void);
void __kmpc_atomic_end(void);
}

static int32_t reduce_lock[8];

static void add(void *left, void *right) {
  *((long **)left)[0] += *((long **)right)[0];
}

int main() {
  int size = omp_get_max_threads();
  int in_master = 0, value = 0, sections[10] = {0}, fixed = 0, last[1024] = {0};
  double product = 1;
  long double sum10 = 0;
  long plain = 0, total = 100;
#pragma omp parallel
  {
    int gtid = __kmpc_global_thread_num(nullptr);
    EXPECT_EQ(__kmpc_bound_thread_num(nullptr), omp_get_thread_num());
    EXPECT_EQ(__kmpc_bound_num_threads(nullptr), size);

    // All have arrived, nobody goes on, while the primary thread is inside.
    for (int i = 1; i <= 20; ++i) {
#pragma omp atomic
      value += 1;
      if (__kmpc_barrier_master(nullptr, gtid)) {
        EXPECT_EQ(omp_get_thread_num(), 0);
        EXPECT_EQ(value, size * i);
        in_master++;
        __kmpc_end_barrier_master(nullptr, gtid);
      }
      EXPECT_EQ(in_master, i);
#pragma omp barrier
    }
    if (__kmpc_barrier_master_nowait(nullptr, gtid)) {
      EXPECT_EQ(omp_get_thread_num(), 0);
#pragma omp atomic
      in_master++;
    }

    for (int round = 0; round < 30; ++round)
      if (__kmpc_sections_init(nullptr, gtid)) {
        int next;
        while ((next = __kmpc_next_section(nullptr, gtid, 10)) < 10) {
#pragma omp atomic
          sections[next]++;
        }
        __kmpc_end_sections(nullptr, gtid);
      }

    long own[2] = {0, 0};
    void *mine = nullptr;
    if (__kmpc_single(nullptr, gtid)) {
      own[0] = 4711;
      mine = own;
      __kmpc_end_single(nullptr, gtid);
    }
    long *theirs = (long *)__kmpc_copyprivate_light(nullptr, gtid, mine);
    EXPECT_EQ(theirs[0], 4711);
    __kmpc_barrier(nullptr, gtid);

    for (int i = 0; i < 50; ++i) {
      __kmpc_atomic_fixed4_add(nullptr, gtid, &fixed, 2);
      __kmpc_atomic_float10_add(nullptr, gtid, &sum10, 0.5L);
      __kmpc_atomic_start();
      plain += 3;
      __kmpc_atomic_end();
    }
    __kmpc_atomic_float8_mul(nullptr, gtid, &product, 2);
    __kmpc_barrier(nullptr, gtid);
    int ticket = __kmpc_atomic_fixed4_add_cpt(nullptr, gtid, &fixed, 1, 0);
    last[ticket - 100 * size]++;

    for (int i = 1; i <= 20; ++i) {
      long part = i;
      void *list[1] = {&part};
      if (__kmpc_reduce(nullptr, gtid, 1, sizeof(list), list, add,
                        &reduce_lock)) {
        total += part;
        __kmpc_end_reduce(nullptr, gtid, &reduce_lock);
      }
      EXPECT_EQ(total, 100 + size * (i * (i + 1) / 2));
      __kmpc_barrier(nullptr, gtid);
    }
  }
  EXPECT_EQ(in_master, 21);
  if (size > 1)
    for (int n : sections)
      EXPECT_EQ(n, 30);
  EXPECT_EQ(fixed, 101 * size);
  EXPECT(sum10 == 25.0L * size);
  EXPECT_EQ(plain, 150L * size);
  EXPECT(product == (double)(1l << size));
  for (int i = 0; i < size; ++i)
    EXPECT_EQ(last[i], 1);
  return failures();
}
