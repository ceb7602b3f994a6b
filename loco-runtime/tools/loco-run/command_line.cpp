// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loco-run/command_line.h"
#include "base/settings.h"

namespace loco::tools {

std::unique_ptr<CLI::App> make_parser(CommandLine &into) {
  auto app = std::make_unique<CLI::App>(
      "Runs a LOCO program over several nodes of this machine:\n"
      "  loco-run [options] program [arguments...]",
      "loco-run");
  app->footer("Options end at the program's name.\n\nEnvironment:\n" +
              settings_help() + "\nExit status: " + exit_status_text());
  app->set_version_flag("--version", "loco-run " LOCO_VERSION);
  app->prefix_command();
  app->add_option("-n,--nodes", into.job.num_nodes,
                  "Nodes, from 1 to " + std::to_string(MaxNodes) +
                      " (default 1)")
      ->check(CLI::Range(1, MaxNodes));
  app->add_option("--memory-nodes", into.job.memory_nodes,
                  "More nodes that run no threads: they are home to large "
                  "allocations and globals (default 0)")
      ->check(CLI::Range(0, MaxNodes - 1));
  app->add_option("-t,--threads", into.job.threads,
                  "Threads on each node (default: LOCO_THREADS, or this "
                  "machine's cores divided by the nodes)")
      ->check(CLI::Range(1, 4096));
  app->add_option("--fabric", into.job.fabric,
                  "Network between the nodes (default: LOCO_FABRIC)")
      ->check(CLI::IsMember(setting_choices("LOCO_FABRIC")));
  app->add_option("--timeout", into.job.timeout_seconds,
                  "End the job after this many seconds")
      ->check(CLI::PositiveNumber);
  app->add_flag("--race", into.job.race,
                "Report data races between nodes, as LOCO_RACE=report");
  app->add_flag("--stats", into.job.stats,
                "Print a table of what each node did, at exit");
  app->add_flag("-v,--verbose", into.job.verbose,
                "Say what happens to the nodes");
  app->add_option("--hosts", into.hosts, "Other machines; not yet supported");
  return app;
}

std::string exit_status_text() {
  return "the program's; 128+N where a node died by signal N; 1 for a failure\n"
         "of LOCO; 2 for bad options or a bad LOCO_* variable; 124 for "
         "--timeout; 126\nand 127 where the program cannot be run or found.";
}

namespace {

/// Calls `row` with each option's names and description.
template <typename Fn> void each_option(Fn row) {
  CommandLine unused;
  const std::unique_ptr<CLI::App> parser = make_parser(unused);
  for (const CLI::Option *option : parser->get_options()) {
    std::string names = option->get_name(false, true);
    for (std::size_t at = 0; (at = names.find(',', at)) != std::string::npos;
         at += 2)
      names.insert(at + 1, " ");
    if (option->get_expected_max() > 0)
      names += " " + option->get_type_name().substr(
                         0, option->get_type_name().find(':'));
    row(names, option->get_description());
  }
}

template <typename Fn> void each_setting(Fn row) {
  for (const SettingInfo &info : setting_table())
    if (!info.internal)
      row(info);
}

/// For troff: dashes that stay dashes.
std::string troff(const std::string &text) {
  std::string out;
  for (char c : text)
    out += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
  return out;
}

} // namespace

std::string man_page() {
  std::string page =
      ".TH LOCO-RUN 1 \"\" \"LOCO " LOCO_VERSION "\" \"User Commands\"\n"
      ".SH NAME\nloco\\-run \\- run a LOCO program over several nodes\n"
      ".SH SYNOPSIS\n.B loco\\-run\n[\\fIoptions\\fR] \\fIprogram\\fR "
      "[\\fIarguments\\fR...]\n"
      ".SH DESCRIPTION\n"
      "Starts the nodes of a job, on which one OpenMP program, compiled by\n"
      ".BR loco\\-clang (1),\nruns as if they were one machine. Standard input "
      "goes to node 0. Signals reach\nthe program on node 0; when it ends, or "
      "any node fails, all nodes end.\n"
      ".SH OPTIONS\nOptions end at the program's name.\n";
  each_option([&](const std::string &names, const std::string &help) {
    page += ".TP\n\\fB" + troff(names) + "\\fR\n" + troff(help) + ".\n";
  });
  page += ".SH ENVIRONMENT\n";
  each_setting([&](const SettingInfo &info) {
    page += ".TP\n\\fB" + std::string(info.name) + "\\fR (default " +
            info.default_text + ")\n" + troff(info.help) + "\n";
  });
  page += ".SH EXIT STATUS\nIt is " + troff(exit_status_text()) + "\n";
  page += ".SH SEE ALSO\n.BR loco\\-doctor (1)\n";
  return page;
}

std::string markdown_page() {
  std::string page =
      "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n"
      "<!-- Written by loco-manual; a test compares. -->\n"
      "# loco-run\n\n    loco-run [options] program [arguments...]\n\n"
      "Starts the nodes of a job on this machine. Options end at the program's "
      "name.\n\n| Option | Meaning |\n|---|---|\n";
  auto cell = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos;
         at += 2)
      text.insert(at, "\\");
    return text;
  };
  each_option([&](const std::string &names, const std::string &help) {
    page += "| `" + cell(names) + "` | " + cell(help) + " |\n";
  });
  page += "\n## Environment\n\n| Variable | Default | Meaning |\n|---|---|---|\n";
  each_setting([&](const SettingInfo &info) {
    page += "| `" + std::string(info.name) + "` | " + info.default_text +
            " | " + cell(info.help) + " Allowed: " + allowed_values(info) +
            ". |\n";
  });
  page += "\n## Exit status\n\nIt is " + exit_status_text() + "\n";
  return page;
}

} // namespace loco::tools
