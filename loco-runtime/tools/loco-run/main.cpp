// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco-run - starts a LOCO program on several nodes. This file reads the
// command line; launch/launcher.h does the work.
#include "base/settings.h"
#include "launch/launcher.h"

#include <CLI/CLI.hpp>
#include <cstdio>

int main(int argc, char **argv) {
  loco::launch::JobOptions options;
  std::string hosts;
  CLI::App app("Runs a LOCO program over several nodes of this machine:\n"
               "  loco-run [options] program [arguments...]",
               "loco-run");
  app.footer("Options end at the program's name.\n\nEnvironment:\n" +
             loco::settings_help() +
             "\nExit status: the program's; 128+N where a node died by signal "
             "N; 1 for a\nfailure of LOCO, 2 for bad options, 124 for "
             "--timeout, 126 and 127 where the\nprogram cannot be run or "
             "found.");
  app.set_version_flag("--version", "loco-run " LOCO_VERSION);
  app.prefix_command();
  app.add_option("-n,--nodes", options.num_nodes,
                 "Nodes, from 1 to " + std::to_string(loco::MaxNodes) +
                     " (default 1)")
      ->check(CLI::Range(1, loco::MaxNodes));
  app.add_option("-t,--threads", options.threads,
                 "Threads on each node (default: this machine's cores divided "
                 "by the nodes)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--fabric", options.fabric,
                 "Network between the nodes (LOCO_FABRIC)")
      ->check(CLI::IsMember({"auto", "shm", "verbs"}));
  app.add_option("--timeout", options.timeout_seconds,
                 "End the job after this many seconds")
      ->check(CLI::PositiveNumber);
  app.add_flag("--stats", options.stats,
               "Print a table of what each node did, at exit");
  app.add_flag("-v,--verbose", options.verbose, "Say what happens to the nodes");
  app.add_option("--hosts", hosts, "Other machines; not yet supported");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &request) { // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    std::fprintf(stderr, "loco-run: error: %s\n", error.what());
    return loco::launch::StatusUsage;
  }
  if (!hosts.empty()) {
    std::fprintf(stderr, "loco-run: error: --hosts is not supported yet: all "
                         "nodes run on this machine\n");
    return loco::launch::StatusUsage;
  }
  options.command = app.remaining();
  if (!options.command.empty() && options.command[0].starts_with("-")) {
    std::fprintf(stderr, "loco-run: error: unknown option %s; see loco-run "
                         "--help\n", options.command[0].c_str());
    return loco::launch::StatusUsage;
  }
  if (options.command.empty()) {
    std::fprintf(stderr, "loco-run: error: no program is named; see loco-run "
                         "--help\n");
    return loco::launch::StatusUsage;
  }
  return loco::launch::run_job(options);
}
