// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// same_program.cpp - comparing the loaded objects of the nodes.

#include "launch/same_program.h"

#include <climits>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <link.h>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace loco {

namespace {

std::string executable_name() {
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "program";
}

std::string hex(const unsigned char *bytes, std::size_t count) {
  static const char Digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += Digits[bytes[i] >> 4];
    text += Digits[bytes[i] & 15];
  }
  return text;
}

/// The NT_GNU_BUILD_ID of one PT_NOTE segment, or an empty string.
std::string build_id_in(const char *notes, std::size_t bytes) {
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof header);
    std::size_t name_bytes = (header.n_namesz + 3) & ~std::size_t{3};
    std::size_t value_bytes = (header.n_descsz + 3) & ~std::size_t{3};
    std::size_t total = sizeof header + name_bytes + value_bytes;
    if (total > bytes)
      break;
    const char *name = notes + sizeof header;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(name, "GNU", 4) == 0)
      return hex(reinterpret_cast<const unsigned char *>(name + name_bytes),
                 header.n_descsz);
    notes += total;
    bytes -= total;
  }
  return {};
}

/// FNV-1a over the segments that the program cannot write.
std::string digest_of(const dl_phdr_info &info) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto &segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) ||
        !(segment.p_flags & PF_R))
      continue;
    auto *bytes = reinterpret_cast<const unsigned char *>(info.dlpi_addr +
                                                          segment.p_vaddr);
    for (std::size_t k = 0; k < segment.p_memsz; ++k)
      hash = (hash ^ bytes[k]) * 0x100000001b3;
  }
  return "digest " + std::to_string(hash);
}

/// One line an object: "name<TAB>address<TAB>identity".
int describe_object(dl_phdr_info *info, std::size_t, void *out) {
  std::string name = info->dlpi_name;
  if (name.empty())
    name = executable_name();
  if (name.starts_with("linux-vdso"))
    return 0;
  std::string identity;
  for (int i = 0; i < info->dlpi_phnum && identity.empty(); ++i) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_NOTE)
      identity = build_id_in(
          reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr),
          segment.p_memsz);
  }
  identity = identity.empty() ? digest_of(*info) : "build-id " + identity;
  std::ostringstream line;
  line << name << '\t' << std::hex << "0x" << info->dlpi_addr << '\t'
       << identity << '\n';
  *static_cast<std::string *>(out) += line.str();
  return 0;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::string field(const std::string &line, int index) {
  std::istringstream in(line);
  std::string value;
  for (int i = 0; i <= index; ++i)
    std::getline(in, value, '\t');
  return value;
}

std::string explain(const std::string &mine, const std::string &first) {
  std::vector<std::string> a = lines_of(mine), b = lines_of(first);
  for (std::size_t i = 0; i < a.size() || i < b.size(); ++i) {
    if (i >= a.size())
      return "does not load " + field(b[i], 0) + ", which node 0 loads";
    if (i >= b.size())
      return "loads " + field(a[i], 0) + ", which node 0 does not load";
    if (a[i] == b[i])
      continue;
    if (field(a[i], 2) != field(b[i], 2))
      return "runs a different program: '" + field(a[i], 0) + "' has " +
             field(a[i], 2) + ", on node 0 '" + field(b[i], 0) + "' has " +
             field(b[i], 2) + "; install the same files on all nodes";
    if (field(a[i], 1) != field(b[i], 1))
      return "has '" + field(a[i], 0) + "' at " + field(a[i], 1) +
             ", node 0 has it at " + field(b[i], 1) +
             "; start the job with loco-run, which switches address-space "
             "randomisation off";
  }
  return {};
}

} // namespace

void check_same_program(Bootstrap &bootstrap) {
  std::string mine;
  dl_iterate_phdr(describe_object, &mine);
  auto all = bootstrap.all_gather(mine);
  if (!all.ok())
    fatal(all.error().message);
  if (std::string why = explain(mine, all.value()[0]); !why.empty())
    fatal("node " + std::to_string(bootstrap.node()) + " " + why);
}

} // namespace loco
