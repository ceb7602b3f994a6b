/*
 * kmp_loco_alloc.cpp -- omp_alloc and its kin where there are several nodes.
 */

//===----------------------------------------------------------------------===//
//
// Part of the LOCO project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Upstream takes this memory from __kmp_allocate, which is private to the node
// (kmp_loco_alloc.h); but the program may hand it to any node. An allocator is
// here a value and not an address, so that every node can use it. Of its traits
// alignment and abort_fb have an effect; pools are not bounded.
//
//===----------------------------------------------------------------------===//

#include "kmp_loco.h"

#include <stdio.h>

namespace {

// As kmp_mem_desc_t of kmp_alloc.cpp: __kmp_realloc reads size_orig.
struct memory_descriptor_t {
  void *ptr_alloc;
  size_t size_a;
  size_t size_orig;
  void *ptr_align;
  void *allocator;
};

// Above every predefined allocator; the low bits are log2(alignment).
constexpr kmp_uintptr_t first_handle = 0x10000;
constexpr kmp_uintptr_t abort_flag = 0x100;

} // namespace

omp_allocator_handle_t __kmp_loco_init_allocator(int ntraits,
                                                 omp_alloctrait_t traits[]) {
  kmp_uintptr_t handle = first_handle;
  for (int i = 0; i < ntraits; ++i) {
    if (traits[i].key == omp_atk_alignment)
      handle |= __builtin_ctzl(traits[i].value) & 63;
    else if (traits[i].key == omp_atk_fallback &&
             traits[i].value == omp_atv_abort_fb)
      handle |= abort_flag;
  }
  return (omp_allocator_handle_t)handle;
}

void *__kmp_loco_alloc(int gtid, size_t align, size_t size,
                       omp_allocator_handle_t allocator) {
  if (size == 0)
    return nullptr;
  if (allocator == omp_null_allocator)
    allocator = __kmp_threads[gtid]->th.th_def_allocator;
  kmp_uintptr_t handle = (kmp_uintptr_t)allocator;
  bool custom = handle >= first_handle;
  size_t least = custom ? (size_t)1 << (handle & 63) : 1;
  if (align < least)
    align = least;
  if (align < alignof(memory_descriptor_t))
    align = alignof(memory_descriptor_t);
  size_t total = size + sizeof(memory_descriptor_t) + align;
  char *raw = total > size ? (char *)malloc(total) : nullptr;
  if (!raw) {
    if (custom && (handle & abort_flag)) {
      fprintf(stderr, "loco: error: omp_alloc has no memory for %zu bytes\n",
              size);
      abort();
    }
    return nullptr;
  }
  char *aligned =
      (char *)(((kmp_uintptr_t)raw + sizeof(memory_descriptor_t) + align - 1) &
               ~(kmp_uintptr_t)(align - 1));
  *((memory_descriptor_t *)aligned - 1) = {raw, total, size, aligned, nullptr};
  return aligned;
}

void __kmp_loco_free(void *ptr) {
  free(((memory_descriptor_t *)ptr - 1)->ptr_alloc);
}
