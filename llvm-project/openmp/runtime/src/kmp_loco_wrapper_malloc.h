/*
 * kmp_loco_wrapper_malloc.h -- where __kmp_allocate has its memory from.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kmp_alloc.cpp includes this after kmp_wrapper_malloc.h, which sets malloc for
// the calls below whatever KMP_INTERNAL_MALLOC is. In debug builds they have a
// file and a line as well.
//
//===----------------------------------------------------------------------===//

#ifndef KMP_LOCO_WRAPPER_MALLOC_H
#define KMP_LOCO_WRAPPER_MALLOC_H

#undef _malloc_src_loc
#undef _free_src_loc
#define _malloc_src_loc(size, ...) KMP_INTERNAL_MALLOC(size)
#define _free_src_loc(ptr, ...) KMP_INTERNAL_FREE(ptr)

#endif // KMP_LOCO_WRAPPER_MALLOC_H
