// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reserve.h - large private tables that take memory only where they are used.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <sys/mman.h>

namespace loco::memory {

/// `bytes` of zeroed, private, unreserved memory; never freed. Ends the job
/// where the address space has no room.
inline void *reserve_zeroed(std::size_t bytes, const char *what) {
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    fatal_errno(std::string("cannot reserve ") + std::to_string(bytes) +
                " bytes of address space for " + what +
                " (is RLIMIT_AS or vm.overcommit_memory=2 set?)");
  return p;
}

/// An array of zeroed T, as reserve_zeroed().
template <typename T>
T *reserve_array(std::size_t count, const char *what) {
  return static_cast<T *>(reserve_zeroed(count * sizeof(T), what));
}

} // namespace loco::memory
