// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco-manual - prints loco-run's page for man or for docs/; used by the build.
#include "loco-run/command_line.h"

#include <cstdio>
#include <string_view>

int main(int argc, char **argv) {
  const std::string_view format = argc == 2 ? argv[1] : "";
  if (format != "man" && format != "markdown") {
    std::fprintf(stderr, "usage: loco-manual man|markdown\n");
    return 2;
  }
  const std::string page = format == "man" ? loco::tools::man_page()
                                           : loco::tools::markdown_page();
  std::fputs(page.c_str(), stdout);
  return 0;
}
