// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// huge_pages.cpp - asking for huge pages, where they pay.

#include "memory/space/huge_pages.h"

#include "base/settings.h"
#include "memory/space/layout.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace loco::memory {

/// Whether a virtual machine gives free blocks of 2 MiB back to its host ("free
/// page reporting"). Then each huge page comes from the host again, at its
/// first touch, while small ones mostly are memory that was in use a moment
/// ago.
static bool reports_free_pages() {
  int fd = open("/sys/module/page_reporting/parameters/page_reporting_order",
                O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  char text[16] = {};
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  static constexpr long HugeOrder = 9;
  long order = n > 0 ? std::strtol(text, nullptr, 10) : -1;
  return order >= 0 && order <= HugeOrder; // -1, or unsigned: nobody reports
}

static bool are_wanted() {
  static const bool Wanted =
      settings().huge_pages == HugePages::On ||
      (settings().huge_pages == HugePages::Auto && !reports_free_pages());
  return Wanted;
}

void want_huge_pages(void *p, std::size_t bytes) {
  static constexpr std::uint64_t HugeBytes = 2 << 20;
  if (bytes < HugeObjectBytes)
    return;
  int saved_errno = errno; // a kernel without them is no failure
  auto address = reinterpret_cast<std::uintptr_t>(p);
  std::uint64_t start = round_up(address, HugeBytes);
  std::uint64_t end = (address + bytes) / HugeBytes * HugeBytes;
  if (are_wanted())
    madvise(reinterpret_cast<void *>(start), end - start, MADV_HUGEPAGE);
  errno = saved_errno;
}

} // namespace loco::memory
