// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Self-checking tests: EXPECT counts failures, `return failures()` ends main.
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>

static int expect_failures;

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      __atomic_fetch_add(&expect_failures, 1, __ATOMIC_RELAXED);               \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__,             \
              #condition);                                                     \
    }                                                                          \
  } while (0)

#define EXPECT_EQ(actual, wanted)                                              \
  do {                                                                         \
    long long actual_ = (long long)(actual), wanted_ = (long long)(wanted);    \
    if (actual_ != wanted_) {                                                  \
      __atomic_fetch_add(&expect_failures, 1, __ATOMIC_RELAXED);               \
      fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__,     \
              #actual, actual_, wanted_);                                      \
    }                                                                          \
  } while (0)

static inline int failures() {
  if (expect_failures)
    fprintf(stderr, "%d failures\n", expect_failures);
  return expect_failures != 0;
}

#endif
