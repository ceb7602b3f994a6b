/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * CHECK(condition) ends the program with a message where it does not hold. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: pid %d: not so: %s\n", __FILE__, __LINE__,       \
              (int)getpid(), #condition);                                      \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#endif
