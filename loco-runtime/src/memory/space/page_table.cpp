// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// page_table.cpp - the userfaultfd calls.

#include "memory/space/page_table.h"

#include "base/stats.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than the kernel headers of the build machine may be.
#ifndef UFFDIO_CONTINUE_MODE_WP
#define UFFDIO_CONTINUE_MODE_WP (1ULL << 1)
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif

namespace loco::memory {

static std::uint64_t as_u64(const void *p) {
  return reinterpret_cast<std::uintptr_t>(p);
}

/// All that this kernel's userfaultfd can do, as UFFD_FEATURE_ bits.
static std::uint64_t kernel_features(int flags) {
  int fd = static_cast<int>(syscall(SYS_userfaultfd, flags));
  uffdio_api api{};
  api.api = UFFD_API;
  bool known = fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0;
  close(fd);
  return known ? api.features : 0;
}

Result<void> PageTable::open() {
  Fd = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  if (Fd < 0 && errno == EPERM) {
    ServesKernel = false;
    Fd = static_cast<int>(
        syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
  }
  if (Fd < 0)
    return Error{std::string("userfaultfd is not available: ") +
                 std::strerror(errno) +
                 " (run loco-doctor; containers need a seccomp profile that "
                 "allows userfaultfd)"};
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MISSING_SHMEM |
                 UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
  if (ioctl(Fd, UFFDIO_API, &api) != 0)
    return Error{std::string("userfaultfd of this kernel lacks shared-memory "
                             "faults or write protection (Linux 5.19 or newer "
                             "is needed): ") +
                 std::strerror(errno)};
  // UFFDIO_CONTINUE_MODE_WP has no bit of its own; it came in the same release.
  InstallsProtected =
      kernel_features(O_CLOEXEC | (ServesKernel ? 0 : UFFD_USER_MODE_ONLY)) &
      UFFD_FEATURE_WP_UNPOPULATED;
  return {};
}

Result<void> PageTable::watch(void *start, std::size_t bytes) {
  uffdio_register reg{};
  reg.range = {as_u64(start), bytes};
  reg.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR |
             UFFDIO_REGISTER_MODE_WP;
  if (ioctl(Fd, UFFDIO_REGISTER, &reg) != 0)
    return Error{std::string("cannot watch the window for page faults: ") +
                 std::strerror(errno)};
  return {};
}

void PageTable::leave_to_kernel(void *start, std::size_t bytes) {
  uffdio_range range{as_u64(start), bytes};
  if (ioctl(Fd, UFFDIO_UNREGISTER, &range) != 0)
    fatal_errno("cannot leave the pages of a stack to the kernel "
                "(UFFDIO_UNREGISTER; is vm.max_map_count reached?)");
}

void PageTable::install(void *start, std::size_t bytes, bool write_protected) {
  count(stats.Installs);
  std::uint64_t at = as_u64(start);
  std::uint64_t end = at + bytes;
  while (at < end) {
    uffdio_continue request{};
    request.range = {at, end - at};
    if (write_protected)
      request.mode = UFFDIO_CONTINUE_MODE_WP;
    if (ioctl(Fd, UFFDIO_CONTINUE, &request) == 0)
      break;
    if (request.mapped > 0) {
      at += static_cast<std::uint64_t>(request.mapped);
      continue;
    }
    if (errno == EEXIST) {
      at += 4096;
      continue;
    }
    if (errno != EAGAIN)
      fatal_errno("cannot make a page visible (UFFDIO_CONTINUE)");
  }
}

std::size_t PageTable::fill(void *start, const void *from, std::size_t bytes) {
  count(stats.Installs);
  std::size_t done = 0;
  while (done < bytes) {
    uffdio_copy request{};
    request.dst = as_u64(start) + done;
    request.src = as_u64(from) + done;
    request.len = bytes - done;
    request.mode = UFFDIO_COPY_MODE_WP;
    if (ioctl(Fd, UFFDIO_COPY, &request) == 0)
      return bytes;
    if (request.copy > 0)
      done += static_cast<std::size_t>(request.copy);
    else if (errno == EEXIST)
      break;
    else if (errno == ENOMEM || errno == ENOSPC)
      fatal_errno("out of memory: cannot back a block of the window");
    else if (errno != EAGAIN)
      fatal_errno("cannot fill a page (UFFDIO_COPY)");
  }
  return done;
}

bool PageTable::change_protection(void *start, std::size_t bytes, bool on) {
  uffdio_writeprotect request{};
  request.range = {as_u64(start), bytes};
  request.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
  while (ioctl(Fd, UFFDIO_WRITEPROTECT, &request) != 0)
    if (errno != EAGAIN)
      return false;
  return true;
}

void PageTable::protect(void *start, std::size_t bytes) {
  count(stats.Protects);
  if (!change_protection(start, bytes, true))
    fatal_errno("cannot write-protect a page (UFFDIO_WRITEPROTECT)");
}

void PageTable::unprotect(void *start, std::size_t bytes) {
  // Where shared memory is watched, the kernel lifts the protection but leaves
  // pages read-only, for it to see the first store to each: 0.7 us a page. Made
  // visible anew they are writable; two calls pay for a few pages. Who accesses
  // one between them faults and is woken by the second.
  static constexpr std::size_t FewBytes = 3 * 4096;
  if (bytes > FewBytes) {
    drop(start, bytes);
    install(start, bytes, /*write_protected=*/false);
    return;
  }
  count(stats.Unprotects);
  if (!change_protection(start, bytes, false))
    fatal_errno("cannot unprotect a page (UFFDIO_WRITEPROTECT)");
}

void PageTable::drop(void *start, std::size_t bytes) {
  count(stats.Drops);
  if (madvise(start, bytes, MADV_DONTNEED) != 0)
    fatal_errno("cannot drop a page (MADV_DONTNEED)");
}

void PageTable::wake(void *start, std::size_t bytes) {
  uffdio_range range{as_u64(start), bytes};
  if (ioctl(Fd, UFFDIO_WAKE, &range) != 0)
    fatal_errno("cannot wake a faulting thread (UFFDIO_WAKE)");
}

unsigned PageTable::wait_for_faults(Fault *faults, unsigned capacity,
                                    int timeout_ms) {
  pollfd poll_fd{Fd, POLLIN, 0};
  if (poll(&poll_fd, 1, timeout_ms) <= 0)
    return 0;
  uffd_msg messages[16];
  unsigned room = capacity < 16 ? capacity : 16;
  ssize_t n = read(Fd, messages, room * sizeof(uffd_msg));
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR)
      return 0;
    fatal_errno("cannot read page faults");
  }
  unsigned count = 0;
  for (unsigned i = 0; i < static_cast<unsigned>(n) / sizeof(uffd_msg); ++i) {
    if (messages[i].event != UFFD_EVENT_PAGEFAULT)
      continue;
    const auto &fault = messages[i].arg.pagefault;
    faults[count++] = {
        reinterpret_cast<void *>(static_cast<std::uintptr_t>(fault.address)),
        (fault.flags & (UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP)) !=
            0};
  }
  return count;
}

} // namespace loco::memory
