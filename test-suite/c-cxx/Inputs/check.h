/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * CHECK(condition) ends the program with a message where it does not hold. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      const char *node = getenv("LOCO_NODE");                                  \
      fprintf(stderr, "%s:%d: node %s: not so: %s\n", __FILE__, __LINE__,      \
              node ? node : "-", #condition);                                  \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#endif
