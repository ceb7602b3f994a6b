// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// elf_check.h - is a file a program that libloco.so is part of?
#pragma once

#include <string>

namespace loco::launch {

enum class ProgramKind {
  Loco,     ///< an executable that needs libloco.so
  NotLoco,  ///< an executable that does not
  NotElf    ///< a script, or something that cannot be read
};

ProgramKind program_kind(const std::string &path);

} // namespace loco::launch
