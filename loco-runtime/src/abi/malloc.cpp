// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// malloc.cpp - the malloc family, operator new and delete, and their __loco_
// twins (loco/abi.h), for the whole process: one line each over memory/heap.h.

#include "loco/abi.h"
#include "loco/omp_abi.h"

#include "abi/operators.h"
#include "base/export.h"
#include "memory/heap/heap.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <malloc.h>
#include <new>
#include <unistd.h>

namespace heap = loco::memory::heap;

namespace {

bool is_power_of_two(std::size_t n) { return n != 0 && (n & (n - 1)) == 0; }

void *allocate_array(std::size_t count, std::size_t bytes) {
  std::size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) {
    errno = ENOMEM;
    return nullptr;
  }
  return heap::allocate(total, 0, true);
}

void *allocate_aligned(std::size_t align, std::size_t bytes) {
  if (!is_power_of_two(align)) {
    errno = EINVAL;
    return nullptr;
  }
  return heap::allocate(bytes, align, false);
}

int posix_allocate(void **out, std::size_t align, std::size_t bytes) {
  if (!is_power_of_two(align) || align % sizeof(void *) != 0)
    return EINVAL;
  int saved = errno;
  void *p = heap::allocate(bytes, align, false);
  errno = saved;
  if (p == nullptr)
    return ENOMEM;
  *out = p;
  return 0;
}

/// Operator new's loop over the new handler.
void *allocate_object(std::size_t bytes, std::size_t align) {
  for (;;) {
    if (void *p = heap::allocate(bytes, align, false))
      return p;
    std::new_handler handler = std::get_new_handler();
    if (handler == nullptr)
      throw std::bad_alloc();
    handler();
  }
}

void *allocate_object_nothrow(std::size_t bytes, std::size_t align) noexcept {
  try {
    return allocate_object(bytes, align);
  } catch (...) {
    return nullptr;
  }
}

char *duplicate(const char *s, std::size_t length) {
  auto *copy = static_cast<char *>(heap::allocate(length + 1, 0, false));
  if (copy != nullptr) {
    std::memcpy(copy, s, length);
    copy[length] = '\0';
  }
  return copy;
}

std::size_t align_of(std::align_val_t align) {
  return static_cast<std::size_t>(align);
}

/// What __loco_new and __loco_delete call: the operators of this file, unless the
/// program replaces them in a translation unit of its own.
struct Operators {
  void *(*new_object)(std::size_t) = ::operator new;
  void *(*new_aligned)(std::size_t, std::align_val_t) = ::operator new;
  void *(*new_nothrow)(std::size_t,
                       const std::nothrow_t &) noexcept = ::operator new;
  void *(*new_aligned_nothrow)(std::size_t, std::align_val_t,
                               const std::nothrow_t &) noexcept =
      ::operator new;
  void (*delete_object)(void *) noexcept = ::operator delete;
};
constinit Operators operators;

template <typename Fn> void find_operator(const char *symbol, Fn &into) {
  if (void *found = dlsym(RTLD_DEFAULT, symbol))
    into = reinterpret_cast<Fn>(found);
}

} // namespace

namespace loco {

void find_replaced_operators() {
  find_operator("_Znwm", operators.new_object);
  find_operator("_ZnwmSt11align_val_t", operators.new_aligned);
  find_operator("_ZnwmRKSt9nothrow_t", operators.new_nothrow);
  find_operator("_ZnwmSt11align_val_tRKSt9nothrow_t",
                operators.new_aligned_nothrow);
  find_operator("_ZdlPv", operators.delete_object);
}

} // namespace loco

extern "C" {

LOCO_EXPORT void *malloc(size_t n) { return heap::allocate(n, 0, false); }
LOCO_EXPORT void *calloc(size_t count, size_t n) {
  return allocate_array(count, n);
}
LOCO_EXPORT void *realloc(void *p, size_t n) { return heap::reallocate(p, n); }
LOCO_EXPORT void free(void *p) { heap::release(p); }
LOCO_EXPORT void *aligned_alloc(size_t align, size_t n) {
  return allocate_aligned(align, n);
}
LOCO_EXPORT void *memalign(size_t align, size_t n) {
  return allocate_aligned(align, n);
}
LOCO_EXPORT int posix_memalign(void **out, size_t align, size_t n) {
  return posix_allocate(out, align, n);
}
LOCO_EXPORT void *valloc(size_t n) {
  return heap::allocate(n, static_cast<size_t>(getpagesize()), false);
}
LOCO_EXPORT void *pvalloc(size_t n) {
  auto page = static_cast<size_t>(getpagesize());
  return heap::allocate((n + page - 1) / page * page, page, false);
}
LOCO_EXPORT size_t malloc_usable_size(void *p) {
  return heap::usable_size(p);
}

LOCO_EXPORT void *__loco_malloc(size_t n) {
  return heap::allocate(n, 0, false);
}
LOCO_EXPORT void *__loco_calloc(size_t count, size_t n) {
  return allocate_array(count, n);
}
LOCO_EXPORT void *__loco_realloc(void *p, size_t n) {
  return heap::reallocate(p, n);
}
LOCO_EXPORT void __loco_free(void *p) { heap::release(p); }
LOCO_EXPORT void *__loco_aligned_alloc(size_t align, size_t n) {
  return allocate_aligned(align, n);
}
LOCO_EXPORT int __loco_posix_memalign(void **out, size_t align, size_t n) {
  return posix_allocate(out, align, n);
}
LOCO_EXPORT char *__loco_strdup(const char *s) {
  return duplicate(s, std::strlen(s));
}
LOCO_EXPORT char *__loco_strndup(const char *s, size_t n) {
  return duplicate(s, strnlen(s, n));
}
LOCO_EXPORT void *__loco_new(size_t n) { return operators.new_object(n); }
LOCO_EXPORT void *__loco_new_aligned(size_t n, size_t align) {
  return operators.new_aligned(n, std::align_val_t{align});
}
LOCO_EXPORT void *__loco_new_nothrow(size_t n) {
  return operators.new_nothrow(n, std::nothrow);
}
LOCO_EXPORT void *__loco_new_aligned_nothrow(size_t n, size_t align) {
  return operators.new_aligned_nothrow(n, std::align_val_t{align},
                                       std::nothrow);
}
LOCO_EXPORT void __loco_delete(void *p) { operators.delete_object(p); }

LOCO_EXPORT void *__loco_private_malloc(size_t n) {
  return heap::allocate_private(n, false);
}
LOCO_EXPORT void *__loco_private_calloc(size_t count, size_t n) {
  size_t total;
  if (__builtin_mul_overflow(count, n, &total)) {
    errno = ENOMEM;
    return nullptr;
  }
  return heap::allocate_private(total, true);
}
LOCO_EXPORT void *__loco_private_realloc(void *p, size_t n) {
  return heap::reallocate_private(p, n);
}
LOCO_EXPORT void __loco_private_free(void *p) { heap::release(p); }

} // extern "C"

#pragma clang diagnostic ignored "-Winline-new-delete"

LOCO_EXPORT void *operator new(std::size_t n) { return allocate_object(n, 0); }
LOCO_EXPORT void *operator new[](std::size_t n) {
  return allocate_object(n, 0);
}
LOCO_EXPORT void *operator new(std::size_t n, std::align_val_t a) {
  return allocate_object(n, align_of(a));
}
LOCO_EXPORT void *operator new[](std::size_t n, std::align_val_t a) {
  return allocate_object(n, align_of(a));
}
LOCO_EXPORT void *operator new(std::size_t n, const std::nothrow_t &) noexcept {
  return allocate_object_nothrow(n, 0);
}
LOCO_EXPORT void *operator new[](std::size_t n,
                                 const std::nothrow_t &) noexcept {
  return allocate_object_nothrow(n, 0);
}
LOCO_EXPORT void *operator new(std::size_t n, std::align_val_t a,
                               const std::nothrow_t &) noexcept {
  return allocate_object_nothrow(n, align_of(a));
}
LOCO_EXPORT void *operator new[](std::size_t n, std::align_val_t a,
                                 const std::nothrow_t &) noexcept {
  return allocate_object_nothrow(n, align_of(a));
}
LOCO_EXPORT void operator delete(void *p) noexcept { heap::release(p); }
LOCO_EXPORT void operator delete[](void *p) noexcept { heap::release(p); }
LOCO_EXPORT void operator delete(void *p, std::size_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete[](void *p, std::size_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete(void *p, std::align_val_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete[](void *p, std::align_val_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete(void *p, std::size_t,
                                 std::align_val_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete[](void *p, std::size_t,
                                   std::align_val_t) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete(void *p, const std::nothrow_t &) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete[](void *p, const std::nothrow_t &) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete(void *p, std::align_val_t,
                                 const std::nothrow_t &) noexcept {
  heap::release(p);
}
LOCO_EXPORT void operator delete[](void *p, std::align_val_t,
                                   const std::nothrow_t &) noexcept {
  heap::release(p);
}
