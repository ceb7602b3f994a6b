// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clang %loco-clang %loco-run %s %t
//
// Plain C: unions, bit-fields, flexible arrays, function pointers, static
// locals, designated initialisers, complex and long double, restrict.

#include "Inputs/check.h"
#include <complex.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

struct flags {
  unsigned a : 3;
  unsigned b : 13;
  int c : 7;
  unsigned long d : 40;
};

union number {
  uint64_t bits;
  double real;
  unsigned char bytes[8];
};

struct message {
  int length;
  struct message *next;
  char text[];
};

typedef int (*operation)(int, int);
static int add(int a, int b) { return a + b; }
static int multiply(int a, int b) { return a * b; }
static operation operations[] = {[1] = multiply, [0] = add};

static int *counter(void) {
  static int value;
  return &value;
}

static void scale(double *restrict to, const double *restrict from, int n) {
#pragma omp parallel for simd
  for (int i = 0; i < n; ++i)
    to[i] = 2 * from[i];
}

int main(void) {
  enum { N = 120 };
  static struct flags flags[N];
  static union number numbers[N];
  static struct message *messages[N];
  static long double precise[N];
  static double complex waves[N];
  static _Bool set[N];
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < N; ++i) {
    flags[i].a = (unsigned)i % 8;
    flags[i].b = (unsigned)i * 50;
    flags[i].c = i % 60 - 30;
    flags[i].d = 1ul << (i % 40);
    numbers[i].real = i * 1.5;
    const int length = snprintf(NULL, 0, "message %d", i);
    messages[i] = malloc(sizeof *messages[i] + (size_t)length + 1);
    messages[i]->length = length;
    messages[i]->next = NULL;
    snprintf(messages[i]->text, (size_t)length + 1, "message %d", i);
    precise[i] = 1.0L / (i + 1);
    waves[i] = i + 2 * i * I;
    set[i] = i % 3;
#pragma omp atomic
    *counter() += operations[i % 2](i, 2);
  }
#pragma omp parallel for
  for (int i = 1; i < N; ++i)
    messages[i]->next = messages[i - 1];
  int expected = 0;
  for (int i = 0; i < N; ++i) {
    expected += i % 2 ? i * 2 : i + 2;
    CHECK(flags[i].a == (unsigned)i % 8 && flags[i].b == (unsigned)i * 50);
    CHECK(flags[i].c == i % 60 - 30 && flags[i].d == 1ul << (i % 40));
    union number same = {.real = i * 1.5};
    CHECK(memcmp(&same, &numbers[i], sizeof same) == 0);
    CHECK(precise[i] == 1.0L / (i + 1));
    CHECK(creal(waves[i] * waves[i]) == -3.0 * i * i);
    CHECK(set[i] == (i % 3 != 0));
  }
  CHECK(*counter() == expected);
  int count = 0;
#pragma omp parallel
  if (omp_get_thread_num() == omp_get_num_threads() - 1)
    for (struct message *m = messages[N - 1]; m; m = m->next) {
      CHECK(strncmp(m->text, "message ", 8) == 0 &&
            m->length == (int)strlen(m->text));
      ++count;
    }
  CHECK(count == N);
  static double from[5000], to[5000];
  for (int i = 0; i < 5000; ++i)
    from[i] = i;
  scale(to, from, 5000);
  for (int i = 0; i < 5000; ++i)
    CHECK(to[i] == 2.0 * i);
  for (int i = 0; i < N; ++i)
    free(messages[i]);
  puts("ok");
}
