// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// page_table.h - the program view's page-table entries, through userfaultfd:
// installed, write-protected, dropped; and the faults that user code, or the
// kernel on its behalf, takes on them. See userfaultfd(2),
// ioctl_userfaultfd(2).
#pragma once

#include "base/result.h"

#include <cstddef>

namespace loco::memory {

class PageTable {
public:
  /// Opens the userfaultfd with all that LOCO needs of it.
  Result<void> open();

  /// From now on accesses to missing or protected pages of the range (shared
  /// mapping of a memfd, page-aligned) come as faults.
  Result<void> watch(void *start, std::size_t bytes);

  /// Ends that: the kernel serves faults there as in any mapping.
  void leave_to_kernel(void *start, std::size_t bytes);

  /// Makes pages that are in the page cache visible; those already visible are
  /// left as they are. Wakes who waits for them. write_protected only where
  /// installs_protected().
  void install(void *start, std::size_t bytes, bool write_protected);
  /// Gives pages that have no memory yet the bytes at `from`, and makes each
  /// visible, write-protected, at once. Returns how many bytes are done: it
  /// stops at a page that has memory.
  std::size_t fill(void *start, const void *from, std::size_t bytes);
  /// A page can become visible and write-protected at once (since Linux 6.4).
  /// Without that it would be writable for a moment, and a store be lost.
  bool installs_protected() const { return InstallsProtected; }
  /// Stores to the pages fault from now on; unprotect() ends that and wakes.
  void protect(void *start, std::size_t bytes);
  void unprotect(void *start, std::size_t bytes);
  /// Takes the pages away; their bytes stay in the page cache.
  void drop(void *start, std::size_t bytes);
  /// Lets threads that fault on the pages try again.
  void wake(void *start, std::size_t bytes);

  struct Fault {
    void *address;
    bool is_store;
  };
  /// Waits up to `timeout_ms` (-1: for ever) for faults; returns how many were
  /// stored through `faults`.
  unsigned wait_for_faults(Fault *faults, unsigned capacity, int timeout_ms);

  /// The kernel serves faults of its own (read(2) into a missing page), too.
  bool serves_kernel() const { return ServesKernel; }

private:
  bool change_protection(void *start, std::size_t bytes, bool on);

  int Fd = -1;
  bool ServesKernel = true;
  bool InstallsProtected = false;
};

} // namespace loco::memory
