// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/elf_check.h"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loco::launch {
namespace {

/// A file mapped for reading; every access is checked against its size.
class MappedFile {
public:
  explicit MappedFile(const std::string &path) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
      void *mapped =
          mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (mapped != MAP_FAILED) {
        Data = static_cast<const char *>(mapped);
        Bytes = status.st_size;
      }
    }
    if (fd >= 0)
      close(fd);
  }
  ~MappedFile() {
    if (Data)
      munmap(const_cast<char *>(Data), Bytes);
  }
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  template <typename T> bool read(std::uint64_t offset, T &into) const {
    if (offset > Bytes || sizeof(T) > Bytes - offset)
      return false;
    std::memcpy(&into, Data + offset, sizeof(T));
    return true;
  }
  std::string_view text(std::uint64_t offset) const {
    if (offset >= Bytes)
      return {};
    return {Data + offset, strnlen(Data + offset, Bytes - offset)};
  }

private:
  const char *Data = nullptr;
  std::size_t Bytes = 0;
};

constexpr std::string_view Library = "libloco.so";

} // namespace

ProgramKind program_kind(const std::string &path) {
  MappedFile file(path);
  Elf64_Ehdr elf;
  if (!file.read(0, elf) || std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
      elf.e_ident[EI_CLASS] != ELFCLASS64)
    return ProgramKind::NotElf;

  auto segment = [&](int index, Elf64_Phdr &header) {
    return file.read(elf.e_phoff + index * sizeof header, header);
  };
  auto file_offset = [&](std::uint64_t address) -> std::uint64_t {
    Elf64_Phdr load;
    for (int i = 0; i < elf.e_phnum && segment(i, load); ++i)
      if (load.p_type == PT_LOAD && address >= load.p_vaddr &&
          address - load.p_vaddr < load.p_filesz)
        return address - load.p_vaddr + load.p_offset;
    return UINT64_MAX;
  };

  Elf64_Phdr dynamic;
  for (int i = 0; i < elf.e_phnum && segment(i, dynamic); ++i) {
    if (dynamic.p_type != PT_DYNAMIC)
      continue;
    const std::uint64_t count = dynamic.p_filesz / sizeof(Elf64_Dyn);
    std::uint64_t strings = UINT64_MAX;
    Elf64_Dyn entry;
    auto entry_at = [&](std::uint64_t n) {
      return file.read(dynamic.p_offset + n * sizeof entry, entry) &&
             entry.d_tag != DT_NULL;
    };
    for (std::uint64_t n = 0; n < count && entry_at(n); ++n)
      if (entry.d_tag == DT_STRTAB)
        strings = file_offset(entry.d_un.d_ptr);
    if (strings == UINT64_MAX)
      continue;
    for (std::uint64_t n = 0; n < count && entry_at(n); ++n)
      if (entry.d_tag == DT_NEEDED &&
          file.text(strings + entry.d_un.d_val).starts_with(Library))
        return ProgramKind::Loco;
  }
  return ProgramKind::NotLoco;
}

} // namespace loco::launch
