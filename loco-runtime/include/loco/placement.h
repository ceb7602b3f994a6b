/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * loco/placement.h - for programs that want to say on which node memory lives.
 * C and C++. Nothing of it changes what a program computes.
 *
 * Each extent (64 KiB, aligned) of the shared address space gets a home node:
 * accesses there are plain ones, all other nodes fetch and send back. Where
 * nothing is said, LOCO_PLACEMENT decides; later a block (4 KiB) moves to the
 * node that alone writes it (LOCO_MIGRATION).
 */
#ifndef LOCO_PLACEMENT_H
#define LOCO_PLACEMENT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum loco_placement {
  /* the node that touches an extent first */
  LOCO_PLACEMENT_FIRST_TOUCH = 0,
  /* one extent after the other, the nodes in turn */
  LOCO_PLACEMENT_INTERLEAVE = 1,
  /* as many equal parts as nodes, as a static schedule divides a loop */
  LOCO_PLACEMENT_BLOCK = 2,
  /* the node that says so (by LOCO_PLACEMENT: that allocates; node 0 for
   * global variables) */
  LOCO_PLACEMENT_LOCAL = 3
};

/* Places the extents of [p, p + bytes) that nobody has touched yet: call it
 * after malloc or new, or at the start of main for a global array, before the
 * first access. It applies to heap memory of 64 KiB and more and to global and
 * static variables of code compiled with -floco; smaller objects share extents
 * with others, which are at home where they were allocated. Memory that was
 * freed and allocated again keeps its homes. An extent that is only in part in
 * the range is placed too, the last call counts. Stacks never move.
 *
 * Returns 0, also where the job has one node, or an error number:
 *   EINVAL  no such placement
 *   EFAULT  part of the range is no memory that nodes share
 *   EBUSY   some extents have been touched already, and stay at another home
 *           than was asked for; the rest is placed
 * errno stays as it is. Any thread. */
int loco_alloc_hint(const void *p, size_t bytes, enum loco_placement placement);

#ifdef __cplusplus
}
#endif

#endif /* LOCO_PLACEMENT_H */
