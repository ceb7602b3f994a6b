// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// checks.cpp - makes calls of a module's places for checks, where the job has
// several nodes. Where that cannot be done the program is right all the same:
// page faults serve what no check did.

#include "loco/abi.h"

#include "base/export.h"
#include "base/result.h"
#include "memory/coherence/coherence.h"

#include <algorithm>
#include <cerrno>
#include <cpuid.h>
#include <cstring>
#include <sys/mman.h>

namespace {

constexpr unsigned char Nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
constexpr unsigned char CallOpcode = 0xe8; // then the distance, in 4 bytes
constexpr std::uintptr_t PageBytes = 4096;

template <typename T> T *relative(const std::int32_t &member) {
  return reinterpret_cast<T *>(
      reinterpret_cast<std::uintptr_t>(&member) +
      static_cast<std::uintptr_t>(static_cast<std::intptr_t>(member)));
}

/// The functions called save the vector registers by xsave.
bool has_xsave() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE);
}

void patch(const loco_check_site &entry) {
  auto *site = relative<unsigned char>(entry.site);
  if (std::memcmp(site, Nop, sizeof Nop) != 0)
    loco::fatal("an object's list of checks does not fit its code: "
                "it was changed after linking");
  auto distance = static_cast<std::int32_t>(
      relative<unsigned char>(entry.stub) - (site + sizeof Nop));
  site[0] = CallOpcode;
  std::memcpy(site + 1, &distance, sizeof distance);
}

} // namespace

extern "C" LOCO_EXPORT void
__loco_register_checks(const struct loco_check_site *first,
                       const struct loco_check_site *last) {
  if (loco::memory::coherence == nullptr || first == last)
    return;
  if (!has_xsave()) {
    loco::warn_once("checks", "this CPU has no xsave: memory of other nodes is "
                              "found by page faults alone, which is slower");
    return;
  }
  auto [lowest, highest] = std::minmax_element(
      first, last, [](const loco_check_site &a, const loco_check_site &b) {
        return relative<char>(a.site) < relative<char>(b.site);
      });
  auto start = reinterpret_cast<std::uintptr_t>(relative<char>(lowest->site)) &
               -PageBytes;
  auto end = reinterpret_cast<std::uintptr_t>(relative<char>(highest->site) +
                                              sizeof Nop);
  auto *code = reinterpret_cast<void *>(start);
  if (mprotect(code, end - start, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    loco::warn_once("checks",
                    std::string("cannot write to the program's code (") +
                        std::strerror(errno) +
                        "): memory of other nodes is found by page faults "
                        "alone, which is slower");
    return;
  }
  std::for_each(first, last, patch);
  if (mprotect(code, end - start, PROT_READ | PROT_EXEC) != 0)
    loco::fatal_errno("cannot protect the program's code again");
}
