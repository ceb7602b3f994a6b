// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// program_path.h - finding a program as a shell does, and one's own children.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace loco::launch {

struct ProgramPath {
  std::string path; ///< with a slash
  int error = 0;    ///< errno where it cannot be run
};

ProgramPath find_program(const std::string &name);

/// The processes whose parent this process is.
std::vector<pid_t> children_of_self();

} // namespace loco::launch
