// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco-doctor - says whether LOCO can run here on several nodes, and what to do
// where not.
#include "checks.h"

#include <CLI/CLI.hpp>
#include <cstdio>

int main(int argc, char **argv) {
  CLI::App app("Checks whether LOCO programs can run on several nodes of this "
               "machine: a line for\neach thing that matters, with OK, WARN "
               "(works, but see there) or FAIL.\nExit status: 0 without any "
               "FAIL, else 1; 2 for bad options.",
               "loco-doctor");
  app.set_version_flag("--version", "loco-doctor " LOCO_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &request) { // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    std::fprintf(stderr, "loco-doctor: error: %s\n", error.what());
    return 2;
  }
  bool able = true;
  for (const loco::doctor::Report &report : loco::doctor::check_machine()) {
    std::fputs(to_line(report).c_str(), stdout);
    able &= report.verdict != loco::doctor::Verdict::Fail;
  }
  std::puts(able ? "LOCO can run here on several nodes."
                 : "LOCO cannot run here on several nodes (on one it can).");
  return able ? 0 : 1;
}
