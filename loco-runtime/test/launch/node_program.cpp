// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program that the launcher's tests start: a node that does what its
// arguments say, in order.
//   gather          all_gather its number, check what comes back
//   say TEXT        print "node N TEXT"
//   cores           print "node N cores A B C"
//   on K            only node K does the next word
//   report S        report_exit(S)
//   exit S          report_exit(S), exit with S
//   leave           a worker's end: exit with 0 (after "report" and "gather")
//   just-exit S     exit with S, without a report
//   signal S        kill itself
//   fail TEXT       fatal()
//   stats JSON      report_stats()
//   read            copy stdin to stdout
//   orphan          leave a process behind that sleeps
//   catch-term      on SIGTERM print "caught" and exit with 7, without a report
//   ignore-term     on SIGTERM print "ignored" and go on
//   hang            wait for ever
#include "base/result.h"
#include "launch/bootstrap.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sched.h>
#include <string>
#include <unistd.h>

using namespace loco;

namespace {

Bootstrap *Job;

void end_program(int status) {
  Job->report_exit(status);
  std::fflush(stdout);
  _exit(status);
}

void gather() {
  Result<std::vector<std::string>> all =
      Job->all_gather("node " + std::to_string(Job->node()));
  if (!all.ok())
    fatal(all.error().message);
  for (int node = 0; node < Job->num_nodes(); ++node)
    if (all.value()[node] != "node " + std::to_string(node))
      fatal("gathered '" + all.value()[node] + "'");
}

/// Does one word; returns how many arguments belong to it.
int do_word(const std::string &word, char **rest) {
  if (word == "gather")
    return gather(), 0;
  if (word == "leave") {
    std::fflush(stdout);
    _exit(0);
  }
  if (word == "cores") {
    cpu_set_t cores;
    sched_getaffinity(0, sizeof cores, &cores);
    std::string line = "node " + std::to_string(Job->node()) + " cores";
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &cores))
        line += " " + std::to_string(core);
    std::puts(line.c_str());
    std::fflush(stdout);
    return 0;
  }
  if (word == "read") {
    for (int c; (c = std::getchar()) != EOF;)
      std::putchar(c);
    return 0;
  }
  if (word == "orphan") {
    if (fork() == 0) {
      setsid();
      sleep(300);
      _exit(0);
    }
    return 0;
  }
  if (word == "catch-term") {
    std::signal(SIGTERM, [](int) {
      std::printf("caught\n");
      std::fflush(stdout);
      _exit(7);
    });
    return 0;
  }
  if (word == "ignore-term") {
    std::signal(SIGTERM, [](int) {
      [[maybe_unused]] ssize_t written = write(STDOUT_FILENO, "ignored\n", 8);
    });
    return 0;
  }
  if (word == "hang") {
    std::fflush(stdout);
    for (;;)
      pause();
  }
  const std::string argument = rest[0] ? rest[0] : "";
  if (word == "say") {
    std::printf("node %d %s\n", Job->node(), argument.c_str());
    std::fflush(stdout);
  } else if (word == "report") {
    Job->report_exit(std::stoi(argument));
  } else if (word == "exit") {
    end_program(std::stoi(argument));
  } else if (word == "just-exit") {
    _exit(std::stoi(argument));
  } else if (word == "signal") {
    std::fflush(stdout);
    raise(std::stoi(argument));
  } else if (word == "fail") {
    fatal(argument);
  } else if (word == "stats") {
    Job->report_stats(argument);
  } else {
    fatal("unknown word " + word);
  }
  return 1;
}

bool takes_argument(const std::string &word) {
  for (const char *with :
       {"say", "report", "exit", "just-exit", "signal", "fail", "stats"})
    if (word == with)
      return true;
  return false;
}

} // namespace

int main(int, char **argv) {
  Result<std::unique_ptr<Bootstrap>> bootstrap = make_bootstrap();
  if (!bootstrap.ok())
    fatal(bootstrap.error().message);
  Job = bootstrap.value().get();
  for (char **next = argv + 1; *next; ++next) {
    bool mine = true;
    while (std::string(*next) == "on") { // "on 1 on 2" never holds
      mine &= std::stoi(next[1]) == Job->node();
      next += 2;
    }
    if (mine)
      next += do_word(*next, next + 1);
    else
      next += takes_argument(*next);
  }
  Job->report_exit(0);
  return 0;
}
