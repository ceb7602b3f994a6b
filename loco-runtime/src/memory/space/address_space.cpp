// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// address_space.cpp - mapping the window, the globals and the shadow.

#include "memory/space/address_space.h"

#include "base/stats.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace loco::memory {

static Error mapping_error(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

static Result<void> map_fixed(std::uintptr_t at, std::uint64_t bytes,
                              int flags, int fd, const char *what) {
  void *want = reinterpret_cast<void *>(at);
  void *got = mmap(want, bytes, PROT_READ | PROT_WRITE,
                   flags | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
  if (got == want)
    return {};
  if (got != MAP_FAILED) { // a kernel that takes the address for a hint
    munmap(got, bytes);
    errno = EEXIST;
  }
  char address[32];
  snprintf(address, sizeof address, "0x%zx", static_cast<std::size_t>(at));
  return mapping_error(std::string("cannot map ") + what + " (" +
                       std::to_string(bytes >> 20) + " MiB at " + address +
                       "; is the executable larger than 2 GiB, or RLIMIT_AS "
                       "or vm.overcommit_memory=2 set?)");
}

Result<void> AddressSpace::map_shadow() {
  return map_fixed(LOCO_SHADOW_BASE, LOCO_SHADOW_BYTES,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, "the shadow");
}

Result<void> AddressSpace::open(std::uint64_t window_bytes) {
  WindowBytes = round_up(window_bytes, ExtentBytes);
  GlobalsBytes = round_up(WindowBytes / 4, ExtentBytes);
  MemoryFd = memfd_create("loco-memory", MFD_CLOEXEC);
  if (MemoryFd < 0)
    return mapping_error("cannot create the memory file (memfd_create)");
  if (ftruncate(MemoryFd, static_cast<off_t>(memory_bytes())) != 0)
    return mapping_error("cannot size the memory file to " +
                         std::to_string(memory_bytes()) +
                         " bytes (LOCO_WINDOW)");
  void *view = mmap(nullptr, memory_bytes(), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE, MemoryFd, 0);
  if (view == MAP_FAILED)
    return mapping_error("cannot map the runtime view of the window");
  RuntimeView = static_cast<std::byte *>(view);
  // A core dump has the program's view, as far as there are pages; dumping this
  // one would allocate the others.
  madvise(view, memory_bytes(), MADV_DONTDUMP);
  if (auto mapped = map_fixed(WindowBase, WindowBytes, MAP_SHARED, MemoryFd,
                              "the window");
      !mapped.ok())
    return mapped.error();
  return hide_window();
}

Result<void> AddressSpace::hide_window() {
  // Of the window only what is used should take memory, and time at the start (16 MiB
  // for 64 GiB): so its shadow shows one short file again and again until it is stored
  // to. A long window gets a longer file, as a process may have 65,000 mappings.
  static constexpr std::uint64_t LeastPattern = 1 << 20, MostMappings = 256;
  auto *shadow = reinterpret_cast<std::byte *>(
      shadow_of(reinterpret_cast<void *>(WindowBase)));
  const std::uint64_t bytes = WindowBytes / BlockBytes,
                      whole_pages = bytes / BlockBytes * BlockBytes,
                      pattern = std::max(LeastPattern,
                                         round_up(bytes / MostMappings, BlockBytes));
  const int file = memfd_create("loco-absent", MFD_CLOEXEC);
  if (file < 0)
    return mapping_error("cannot create the file of the shadow (memfd_create)");
  const std::vector<std::byte> page(BlockBytes, std::byte{LOCO_SHADOW_ABSENT});
  bool is_good = true;
  for (std::uint64_t at = 0; is_good && at < std::min(pattern, whole_pages);
       at += BlockBytes)
    is_good = pwrite(file, page.data(), BlockBytes, static_cast<off_t>(at)) ==
              static_cast<ssize_t>(BlockBytes);
  for (std::uint64_t at = 0; is_good && at < whole_pages; at += pattern)
    is_good = mmap(shadow + at, std::min(pattern, whole_pages - at),
                   PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0) != MAP_FAILED;
  const Error error = mapping_error("cannot map the shadow of the window");
  close(file);
  if (!is_good)
    return error;
  std::memset(shadow + whole_pages, LOCO_SHADOW_ABSENT, bytes - whole_pages);
  return {};
}

Result<std::uint64_t> AddressSpace::adopt_globals(char *start, char *end,
                                                  bool has_data) {
  std::size_t bytes = static_cast<std::size_t>(end - start);
  std::uint64_t offset = WindowBytes + GlobalsUsed;
  unsigned index = NumGlobals.load(std::memory_order_relaxed);
  if (index == MaxGlobalRanges)
    return Error{"more than " + std::to_string(MaxGlobalRanges / 2) +
                 " objects compiled with -floco are loaded"};
  if (GlobalsUsed + bytes > GlobalsBytes)
    return Error{"the program's global variables take more than " +
                 std::to_string(GlobalsBytes >> 20) +
                 " MiB; raise LOCO_WINDOW (globals may take a quarter of it)"};
  if (has_data)
    for (std::size_t done = 0; done < bytes;) {
      ssize_t n = pwrite(MemoryFd, start + done, bytes - done,
                         static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return mapping_error("cannot move the program's globals");
      done += static_cast<std::size_t>(n);
    }
  if (mmap(start, bytes, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED | MAP_NORESERVE, MemoryFd,
           static_cast<off_t>(offset)) == MAP_FAILED)
    return mapping_error("cannot map the program's globals");
  auto address = reinterpret_cast<std::uintptr_t>(start);
  Globals[index] = {address, address + bytes, offset};
  NumGlobals.store(index + 1, std::memory_order_release);
  GlobalsUsed += round_up(bytes, ExtentBytes);
  set_shadow(start, bytes / BlockBytes, LOCO_SHADOW_ABSENT);
  return offset;
}

void AddressSpace::give_back(Block first, Block count) {
  loco::count(stats.Punches);
  if (fallocate(MemoryFd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(offset_of(first)),
                static_cast<off_t>(count * BlockBytes)) != 0)
    fatal_errno("cannot give memory of the cache back (fallocate)");
}

std::uint64_t AddressSpace::resident_bytes() const {
  static constexpr std::uint64_t StatBlockBytes = 512; // stat(2)
  struct stat status;
  if (fstat(MemoryFd, &status) != 0)
    fatal_errno("cannot look at the memory file (fstat)");
  return static_cast<std::uint64_t>(status.st_blocks) * StatBlockBytes;
}

static void remap_private(void *at, std::uint64_t bytes, int fd,
                          std::uint64_t offset) {
  int source = fd < 0 ? MAP_ANONYMOUS : 0;
  if (mmap(at, bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | source, fd,
           static_cast<off_t>(offset)) == MAP_FAILED)
    fatal_errno("cannot give a forked child memory of its own");
}

void AddressSpace::become_private() {
  remap_private(reinterpret_cast<void *>(WindowBase), WindowBytes, MemoryFd, 0);
  unsigned n = NumGlobals.load(std::memory_order_acquire);
  for (unsigned i = 0; i < n; ++i)
    remap_private(reinterpret_cast<void *>(Globals[i].Start),
                  Globals[i].End - Globals[i].Start, MemoryFd,
                  Globals[i].Offset);
  remap_private(reinterpret_cast<void *>(LOCO_SHADOW_BASE), LOCO_SHADOW_BYTES,
                -1, 0);
  // A private page is the file's, with what the parent does to it, until it is
  // written: so each page that has data is written now.
  auto end = static_cast<off_t>(memory_bytes());
  for (off_t at = 0; at < end;) {
    at = lseek(MemoryFd, at, SEEK_DATA);
    if (at < 0)
      break; // no more data
    off_t hole = lseek(MemoryFd, at, SEEK_HOLE);
    for (; at < hole; at += BlockBytes)
      if (std::byte *page = address_of(block_at(static_cast<std::uint64_t>(at)))) {
        auto *byte = reinterpret_cast<volatile std::byte *>(page);
        *byte = *byte;
      }
  }
}

std::optional<std::uint64_t>
AddressSpace::find_global(std::uintptr_t address) const {
  unsigned n = NumGlobals.load(std::memory_order_acquire);
  for (unsigned i = 0; i < n; ++i)
    if (address >= Globals[i].Start && address < Globals[i].End)
      return Globals[i].Offset + (address - Globals[i].Start);
  return std::nullopt;
}

std::byte *AddressSpace::global_address(std::uint64_t offset) const {
  unsigned n = NumGlobals.load(std::memory_order_acquire);
  for (unsigned i = 0; i < n; ++i) {
    std::uint64_t into = offset - Globals[i].Offset;
    if (into < Globals[i].End - Globals[i].Start)
      return reinterpret_cast<std::byte *>(Globals[i].Start + into);
  }
  return nullptr;
}

std::uint64_t AddressSpace::contiguous_bytes(std::uint64_t offset) const {
  if (offset < WindowBytes)
    return WindowBytes - offset;
  unsigned n = NumGlobals.load(std::memory_order_acquire);
  for (unsigned i = 0; i < n; ++i) {
    std::uint64_t into = offset - Globals[i].Offset;
    std::uint64_t bytes = Globals[i].End - Globals[i].Start;
    if (into < bytes)
      return bytes - into;
  }
  return 0;
}

void AddressSpace::set_shadow(const void *address, unsigned long count,
                              loco_shadow value) {
  // A run of whole blocks whose locks the caller holds.
  std::memset(static_cast<void *>(shadow_of(address)), value, count);
}

} // namespace loco::memory
