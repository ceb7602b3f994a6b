// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco-run - starts a LOCO program on several nodes. command_line.h has the
// options, launch/launcher.h does the work.
#include "launch/launcher.h"
#include "loco-run/command_line.h"

#include <cstdio>

namespace {

int wrong_usage(const std::string &message) {
  std::fprintf(stderr, "loco-run: error: %s\n", message.c_str());
  return loco::launch::StatusUsage;
}

} // namespace

int main(int argc, char **argv) {
  loco::tools::CommandLine line;
  std::unique_ptr<CLI::App> parser = loco::tools::make_parser(line);
  try {
    parser->parse(argc, argv);
  } catch (const CLI::Success &request) { // --help, --version
    return parser->exit(request);
  } catch (const CLI::ParseError &error) {
    return wrong_usage(error.what());
  }
  if (!line.hosts.empty())
    return wrong_usage("--hosts is not supported yet: all nodes run on this "
                       "machine");
  line.job.command = parser->remaining();
  if (line.job.command.empty())
    return wrong_usage("no program is named; see loco-run --help");
  if (line.job.command[0].starts_with("-"))
    return wrong_usage("unknown option " + line.job.command[0] +
                       "; see loco-run --help");
  return loco::launch::run_job(line.job);
}
