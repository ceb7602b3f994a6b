// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// launcher.h - starts the nodes of a job on this machine, lets them find each
// other, and ends them together. The library behind loco-run.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace loco::launch {

struct JobOptions {
  int num_nodes = 1;    ///< that run the program
  int memory_nodes = 0; ///< more, that only give memory
  int threads = 0;      ///< a node; 0: the machine's cores divided by the nodes
  bool race = false;
  bool stats = false;
  bool verbose = false;
  std::string fabric;         ///< empty: as the environment says
  double timeout_seconds = 0; ///< 0: none
  std::vector<std::string> command;
};

/// Exit statuses of loco-run that do not come from the program.
enum LauncherStatus {
  StatusFailure = 1,
  StatusUsage = 2,
  StatusTimeout = 124,
  StatusNotExecutable = 126,
  StatusNotFound = 127,
  StatusSignalBase = 128
};

/// Runs the job and returns the exit status for the shell. Messages go to
/// stderr as "loco-run: ...". Takes over this process's signals and children
/// while it runs; nothing of the job is left when it returns.
int run_job(const JobOptions &options);

} // namespace loco::launch
