/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * loco/omp_abi.h - what the patched libomp asks of libloco.so.
 *
 * libomp decides what is run where; libloco moves it there and synchronises.
 * "Span" is a parallel region that covers several nodes; only one exists at a
 * time and node 0 starts it. Thread-safety is given per function.
 */
#ifndef LOCO_OMP_ABI_H
#define LOCO_OMP_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nodes that run threads, and this node's number. One node: nothing else of
 * this header is called. Constant after libloco's constructor. */
int __loco_omp_num_nodes(void);
int __loco_omp_node(void);

/* Threads that each node runs by default (loco-run --threads). At least 1. */
int __loco_omp_threads_per_node(void);

/* Memory that only this node sees, for libomp's own data. malloc semantics;
 * __loco_private_free also takes null. Any thread. */
void *__loco_private_malloc(size_t n);
void *__loco_private_calloc(size_t count, size_t n);
void *__loco_private_realloc(void *p, size_t n);
void __loco_private_free(void *p);

/* ------------------------------------------------------------------ spans */

/* What a node does when node 0 starts a span: called on the node's main user
 * thread (its stack is in the window), after an acquire, with a private copy
 * of the descriptor. libomp's constructor sets it once, on every node. */
typedef void (*loco_omp_span_fn)(const void *descriptor, size_t bytes);
void __loco_omp_set_span_handler(loco_omp_span_fn handler);

/* Node 0, one thread: releases, then has nodes 1 .. num_nodes-1 run the handler
 * with a copy of the descriptor (at most LOCO_OMP_MAX_DESCRIPTOR bytes; longer
 * argument lists go through the heap). Returns when it is sent. */
#define LOCO_OMP_MAX_DESCRIPTOR 4096
void __loco_omp_start_span(int num_nodes, const void *descriptor, size_t bytes);

/* Barrier of nodes 0 .. num_nodes-1, one thread a node: release, meet, acquire.
 * The calls of one span pair up in order. */
void __loco_omp_barrier(int num_nodes);
/* The one that ends a span: node 0 alone acquires, and does not release before it
 * starts the next. */
void __loco_omp_end_span(int num_nodes);

/* ------------------------------------------------------------ shared words */

/* LOCO_OMP_WORDS 64-bit words at node 0, zero at start, outside the cached
 * address space; sequentially consistent, any thread, any node. They imply
 * neither release nor acquire. */
#define LOCO_OMP_WORDS 4096
uint64_t __loco_omp_word_load(unsigned word);
void __loco_omp_word_store(unsigned word, uint64_t value);
uint64_t __loco_omp_word_add(unsigned word, uint64_t value); /* returns old */
/* Returns the old value; it was exchanged if that equals `expected`. */
uint64_t __loco_omp_word_cas(unsigned word, uint64_t expected,
                             uint64_t desired);

/* One step of a polite wait for a word or lock held elsewhere: `spins` counts
 * the steps so far; pauses, then yields, then sleeps up to 100 us. */
void __loco_omp_wait_step(unsigned *spins);

/* ------------------------------------------------------------------ locks */

/* A fair lock that needs 8 zero-initialised bytes of memory (a critical name,
 * an omp_lock_t), 8-byte aligned: from the first use on they name its record
 * (loco::QueueLock of loco/channels.h). What a thread wrote before release is
 * seen by who has the lock after it: where it goes to another node, by
 * __loco_release and __loco_acquire; within a node, where at most 32 threads in a
 * row have it while other nodes wait, by themselves. Any thread, any node; not
 * recursive; given back by a thread of the node that took it, else fatal(). */
void __loco_lock_acquire(void *lock);
int __loco_lock_try(void *lock); /* 1 where it was taken */
void __loco_lock_release(void *lock);
/* 1 where some thread holds it. */
int __loco_lock_is_held(const void *lock);
/* The lock, which nobody holds, is no more: its bytes are zero again. Without it
 * some memory of the record is never used again, and that is all. */
void __loco_lock_destroy(void *lock);

/* ------------------------------------------------- constructs without a barrier */

/* The thread has executed the body of a single, master or masked construct: what it
 * has stored there is seen by who meets such constructs after it. */
void __loco_omp_leave_construct(void);
/* Before a thread combines its part of a reduction, or executes the body of a critical
 * construct. Costs a look at a word of each node where nobody has left one. */
void __loco_omp_meet_constructs(void);

/* __loco_release, __loco_acquire: see loco/abi.h. */

#ifdef __cplusplus
}
#endif

#endif /* LOCO_OMP_ABI_H */
