// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clang %loco-clang %loco-run %s %t
//
// The heap functions of C, by several nodes, freed by others.

#define _GNU_SOURCE
#include "Inputs/check.h"
#include <malloc.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { N = 200 };

static void fill(char *p, size_t n, int key) {
  for (size_t i = 0; i < n; ++i)
    p[i] = (char)(i * 31 + key);
}

static int holds(const char *p, size_t n, int key) {
  for (size_t i = 0; i < n; ++i)
    if (p[i] != (char)(i * 31 + key))
      return 0;
  return 1;
}

/// The least sizes, which an allocator's own classes might align to 8 or less.
static void small_objects_are_aligned(void) {
  void *small[64];
  for (size_t i = 0; i < 64; ++i) {
    small[i] = i % 2 ? malloc(i / 2) : realloc(NULL, i / 2 + 1);
    CHECK(small[i] && (uintptr_t)small[i] % 16 == 0);
  }
  for (size_t i = 0; i < 64; ++i) {
    small[i] = realloc(small[i], 8);
    CHECK(small[i] && (uintptr_t)small[i] % 16 == 0);
    free(small[i]);
  }
}

/// Grows by and by, sparsely used, each part by another thread; then shrinks.
static void grows_and_shrinks(void) {
  enum { Step = 1 << 20, Steps = 100, Piece = 300 };
  static char *p;
  p = calloc(1, 1);
  for (int i = 0; i < Steps; ++i) {
    size_t end = (size_t)(i + 1) * Step + i;
#pragma omp parallel
    if (i % omp_get_num_threads() == omp_get_thread_num()) {
      p = realloc(p, end);
      CHECK(p != NULL && malloc_usable_size(p) >= end);
      fill(p + end - Piece, Piece, i);
    }
  }
  for (int i = Steps - 1; i >= 0; i -= 7) {
    size_t end = (size_t)(i + 1) * Step + i;
    p = realloc(p, end);
    CHECK(p != NULL && malloc_usable_size(p) < 2 * end);
    for (int k = 0; k <= i; ++k)
      CHECK(holds(p + (size_t)(k + 1) * Step + k - Piece, Piece, k));
  }
  p = realloc(p, 100);
  CHECK(*p == 0);
  free(p);
}

/// Of memory that the kernel keeps as several mappings.
static void grows_in_parts(void) {
  enum { Part = 1 << 20, Parts = 4, Page = 4096 };
  char *p = malloc(Parts * Part);
  CHECK(p != NULL);
  for (int i = 0; i < Parts; ++i)
    fill(p + i * Part, Part, i);
  for (int i = 1; i < Parts; i += 2) {
    uintptr_t part = (uintptr_t)(p + i * Part) & -(uintptr_t)Page;
    CHECK(madvise((void *)part, Part / 2, MADV_DONTDUMP) == 0);
  }
  for (int times = 2; times <= 16; times *= 2) {
    p = realloc(p, (size_t)times * Parts * Part);
    CHECK(p != NULL);
    for (int i = 0; i < Parts; ++i)
      CHECK(holds(p + i * Part, Part, i));
  }
  free(p);
}

int main(void) {
#pragma omp parallel
  small_objects_are_aligned();
  grows_in_parts();
  static char *objects[N];
  static size_t sizes[N];
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < N; ++i) {
    sizes[i] = (size_t)(i * 97 % 5000 + 1) * (i % 40 == 0 ? 50 : 1);
    switch (i % 5) {
    case 0:
      objects[i] = malloc(sizes[i]);
      break;
    case 1:
      objects[i] = calloc(sizes[i], 1);
      for (size_t j = 0; j < sizes[i]; ++j)
        CHECK(objects[i][j] == 0);
      break;
    case 2:
      sizes[i] = (sizes[i] + 63) / 64 * 64;
      objects[i] = aligned_alloc(64, sizes[i]);
      CHECK((uintptr_t)objects[i] % 64 == 0);
      break;
    case 3: {
      void *p;
      CHECK(posix_memalign(&p, 4096, sizes[i]) == 0);
      CHECK((uintptr_t)p % 4096 == 0);
      objects[i] = p;
      break;
    }
    default:
      objects[i] = realloc(NULL, sizes[i]);
    }
    CHECK(objects[i]);
    CHECK((uintptr_t)objects[i] % 16 == 0);
    CHECK(malloc_usable_size(objects[i]) >= sizes[i]);
    fill(objects[i], sizes[i], i);
  }
#pragma omp parallel for schedule(static)
  for (int i = 0; i < N; ++i) {
    CHECK(holds(objects[i], sizes[i], i));
    objects[i] = realloc(objects[i], sizes[i] * 3);
    CHECK(objects[i] && holds(objects[i], sizes[i], i));
    fill(objects[i], sizes[i] * 3, i + 1);
  }
#pragma omp parallel for schedule(dynamic, 3)
  for (int i = 0; i < N; ++i) {
    objects[i] = realloc(objects[i], sizes[i] / 2 + 1);
    CHECK(holds(objects[i], sizes[i] / 2 + 1, i + 1));
    free(objects[i]);
    char text[32];
    snprintf(text, sizeof text, "string %d", i);
    objects[i] = i % 2 ? strdup(text) : strndup(text, 8);
  }
#pragma omp parallel for schedule(static)
  for (int i = N - 1; i >= 0; --i) {
    char text[32];
    snprintf(text, sizeof text, "string %d", i);
    if (i % 2 == 0)
      text[8] = 0;
    CHECK(strcmp(objects[i], text) == 0);
    free(objects[i]);
  }
  grows_and_shrinks();
  // libc's own allocations.
  char *printed = NULL;
#pragma omp parallel
#pragma omp single
  CHECK(asprintf(&printed, "%d and %s", 7, "text") == 10);
  CHECK(strcmp(printed, "7 and text") == 0);
  free(printed);
  free(NULL);
  volatile size_t huge = SIZE_MAX / 2;
  void *volatile nothing = malloc(huge);
  CHECK(nothing == NULL);
  nothing = calloc(huge, 8);
  CHECK(nothing == NULL);
  puts("ok");
}
