/*
 * kmp_loco_abi.h -- what libomp asks of libloco, as weak symbols.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contracts stand in loco/omp_abi.h and loco/abi.h; this is the part of
// them that libomp uses. The symbols are weak so that libomp also works in a
// process without libloco: then it is upstream's libomp.
//
//===----------------------------------------------------------------------===//

#ifndef KMP_LOCO_ABI_H
#define KMP_LOCO_ABI_H

#include <stddef.h>
#include <stdint.h>

#define KMP_LOCO_WEAK __attribute__((weak))

#ifdef __cplusplus
extern "C" {
#endif

/* loco/omp_abi.h */
KMP_LOCO_WEAK int __loco_omp_num_nodes(void);
KMP_LOCO_WEAK int __loco_omp_node(void);
KMP_LOCO_WEAK int __loco_omp_threads_per_node(void);

KMP_LOCO_WEAK void *__loco_private_malloc(size_t n);
KMP_LOCO_WEAK void *__loco_private_calloc(size_t count, size_t n);
KMP_LOCO_WEAK void *__loco_private_realloc(void *p, size_t n);
KMP_LOCO_WEAK void __loco_private_free(void *p);

typedef void (*loco_omp_span_fn)(const void *descriptor, size_t bytes);
KMP_LOCO_WEAK void __loco_omp_set_span_handler(loco_omp_span_fn handler);

#define LOCO_OMP_MAX_DESCRIPTOR 4096
KMP_LOCO_WEAK void __loco_omp_start_span(int num_nodes, const void *descriptor,
                                         size_t bytes);
KMP_LOCO_WEAK void __loco_omp_barrier(int num_nodes);
KMP_LOCO_WEAK void __loco_omp_end_span(int num_nodes);

#define LOCO_OMP_WORDS 4096
KMP_LOCO_WEAK uint64_t __loco_omp_word_load(unsigned word);
KMP_LOCO_WEAK void __loco_omp_word_store(unsigned word, uint64_t value);
KMP_LOCO_WEAK uint64_t __loco_omp_word_add(unsigned word, uint64_t value);
KMP_LOCO_WEAK uint64_t __loco_omp_word_cas(unsigned word, uint64_t expected,
                                           uint64_t desired);
KMP_LOCO_WEAK void __loco_omp_wait_step(unsigned *spins);

KMP_LOCO_WEAK void __loco_lock_acquire(void *lock);
KMP_LOCO_WEAK int __loco_lock_try(void *lock);
KMP_LOCO_WEAK void __loco_lock_release(void *lock);
KMP_LOCO_WEAK void __loco_lock_destroy(void *lock);

KMP_LOCO_WEAK void __loco_omp_leave_construct(void);
KMP_LOCO_WEAK void __loco_omp_meet_constructs(void);

/* loco/abi.h */
#define LOCO_RMW_OR 5
KMP_LOCO_WEAK uint32_t __loco_atomic_load_4(const void *p, int order);
KMP_LOCO_WEAK uint32_t __loco_atomic_rmw_4(void *p, uint32_t value, int op,
                                           int order);
KMP_LOCO_WEAK uint64_t __loco_atomic_load_8(const void *p, int order);
KMP_LOCO_WEAK void __loco_atomic_store_8(void *p, uint64_t value, int order);
KMP_LOCO_WEAK void __loco_release(void);
KMP_LOCO_WEAK void __loco_acquire(void);

#ifdef __cplusplus
}
#endif

#endif // KMP_LOCO_ABI_H
