/*
 * kmp_loco_alloc.h -- libomp's own data is private to its node.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kmp.h includes this after its own definitions of KMP_INTERNAL_MALLOC and
// friends. malloc itself is libloco's where that is loaded and gives memory
// that all nodes share; teams, threads and barriers are no other node's
// business and must not take part in the coherence protocol.
//
// bget (kmp_alloc.cpp) stays with malloc: from it come tasks and kmp_malloc,
// that is memory which user code may hand to other nodes.
//
//===----------------------------------------------------------------------===//

#ifndef KMP_LOCO_ALLOC_H
#define KMP_LOCO_ALLOC_H

#if KMP_OS_LINUX
#include "kmp_loco_abi.h"

#undef KMP_INTERNAL_MALLOC
#undef KMP_INTERNAL_FREE
#undef KMP_INTERNAL_REALLOC
#undef KMP_INTERNAL_CALLOC
#define KMP_INTERNAL_MALLOC(sz)                                                \
  (__loco_private_malloc ? __loco_private_malloc(sz) : malloc(sz))
#define KMP_INTERNAL_FREE(p)                                                   \
  (__loco_private_free ? __loco_private_free(p) : free(p))
#define KMP_INTERNAL_REALLOC(p, sz)                                            \
  (__loco_private_realloc ? __loco_private_realloc((p), (sz))                  \
                          : realloc((p), (sz)))
#define KMP_INTERNAL_CALLOC(n, sz)                                             \
  (__loco_private_calloc ? __loco_private_calloc((n), (sz)) : calloc((n), (sz)))
#endif // KMP_OS_LINUX

#endif // KMP_LOCO_ALLOC_H
