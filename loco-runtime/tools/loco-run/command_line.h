// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// command_line.h - loco-run's options, from which its --help, its man page and
// docs/loco-run.md come.
#pragma once

#include "launch/launcher.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace loco::tools {

struct CommandLine {
  launch::JobOptions job;
  std::string hosts;
};

/// A parser that fills `into`; the program and its arguments remain().
std::unique_ptr<CLI::App> make_parser(CommandLine &into);

/// What the exit statuses mean.
std::string exit_status_text();

/// loco-run(1) for man, and as a page of the documentation.
std::string man_page();
std::string markdown_page();

} // namespace loco::tools
