// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// loco-run as users see it: status, output, signals, and that nothing is left
// behind however a job ends.
#include "base/settings.h"
#include "launch/elf_check.h"
#include "launch/statistics_table.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::string contents(const fs::path &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A run of loco-run. Processes of the job carry a mark in their environment by
/// which the test finds what is left of it.
class JobRun {
public:
  explicit JobRun(std::vector<std::string> arguments, std::string input = "") {
    static int Count = 0;
    Mark = "LOCO_TEST_MARK=" + std::to_string(getpid()) + "-" +
           std::to_string(Count++);
    Folder = fs::temp_directory_path() /
             ("loco-launcher-test-" + Mark.substr(Mark.find('=') + 1));
    fs::create_directories(Folder);
    std::ofstream(Folder / "in") << input;
    Pid = fork();
    if (Pid == 0) {
      putenv(Mark.data());
      redirect("in", O_RDONLY, 0);
      redirect("out", O_WRONLY | O_CREAT, 1);
      redirect("err", O_WRONLY | O_CREAT, 2);
      std::vector<char *> argv{const_cast<char *>(LOCO_RUN)};
      for (std::string &argument : arguments)
        argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(LOCO_RUN, argv.data());
      _exit(99);
    }
  }
  ~JobRun() {
    if (!Ended) {
      kill(Pid, SIGKILL);
      waitpid(Pid, nullptr, 0);
    }
    fs::remove_all(Folder);
  }

  pid_t pid() const { return Pid; }
  std::string out() const { return contents(Folder / "out"); }
  std::string err() const { return contents(Folder / "err"); }

  /// loco-run's exit status; 1000 + signal where one killed it, -1 if it does
  /// not end.
  int status(std::chrono::milliseconds limit = 20s) {
    int wait_status = 0;
    if (!eventually([&] { return waitpid(Pid, &wait_status, WNOHANG) == Pid; },
                    limit))
      return -1;
    Ended = true;
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
                                  : 1000 + WTERMSIG(wait_status);
  }

  /// Processes of this job but loco-run itself.
  std::vector<pid_t> processes() const {
    std::vector<pid_t> found;
    for (const fs::directory_entry &entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos ||
          std::stoi(name) == Pid)
        continue;
      std::string environment = contents(entry.path() / "environ");
      if (environment.find(Mark + '\0') != std::string::npos)
        found.push_back(std::stoi(name));
    }
    return found;
  }

  static bool eventually(const std::function<bool()> &holds,
                         std::chrono::milliseconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }

  bool says(const std::string &text, int times = 1) {
    return eventually([&] {
      const std::string all = out();
      int seen = 0;
      for (std::size_t at = 0;
           (at = all.find(text, at)) != std::string::npos; ++at)
        ++seen;
      return seen >= times;
    });
  }

private:
  void redirect(const char *name, int flags, int fd) {
    int opened = open((Folder / name).c_str(), flags, 0600);
    dup2(opened, fd);
    close(opened);
  }

  std::string Mark;
  fs::path Folder;
  pid_t Pid;
  bool Ended = false;
  std::chrono::duration<double> Took{};
};

/// loco-run -n `nodes` of the test's node program. A script starts it: the
/// program itself is not linked with libloco.so.
std::vector<std::string> job(int nodes, const std::string &words,
                             std::vector<std::string> options = {}) {
  std::vector<std::string> arguments{"-n", std::to_string(nodes)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(LOCO_NODE_SCRIPT);
  std::istringstream stream(words);
  for (std::string word; stream >> word;)
    arguments.push_back(word);
  return arguments;
}

const cpu_set_t AllowedCores = [] {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  sched_getaffinity(0, sizeof cores, &cores);
  return cores;
}();

int lines(const std::string &text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

// ------------------------------------------------------- status and streams

TEST(Launcher, RunsAllNodesAndReturnsNodeZerosStatus) {
  for (int nodes : {1, 2, 4}) {
    JobRun run(job(nodes, "say here on 0 report 42 gather on 0 exit 42 leave"));
    EXPECT_EQ(run.status(), 42) << nodes;
    EXPECT_EQ(lines(run.out()), nodes);
    EXPECT_EQ(run.err(), "");
    EXPECT_TRUE(run.processes().empty());
  }
}

TEST(Launcher, StatusOfTheNodeThatEndsTheProgram) {
  JobRun run(job(3, "gather on 1 exit 5 hang"));
  EXPECT_EQ(run.status(), 5);
  EXPECT_EQ(run.err(), "");
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, StdinGoesToNodeZeroAlone) {
  JobRun run(job(3, "read on 0 report 0 gather on 0 exit 0 leave"), "some input\n");
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.out(), "some input\n");
}

TEST(Launcher, OptionsEndAtTheProgram) {
  JobRun run({"-n", "1", "echo", "-n", "4", "--stats", "--help"});
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.out(), "4 --stats --help"); // echo took its own -n
}

TEST(Launcher, NodesSeeTheirNumbersAndThreads) {
  JobRun run({"-n", "1", "--threads", "3", "--fabric", "shm", "sh", "-c",
           "echo $LOCO_NODE $LOCO_NUM_NODES $LOCO_THREADS $LOCO_FABRIC"});
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(run.out(), "0 1 3 shm\n");
}

/// The cores that each node of a job may use.
std::vector<std::vector<int>> cores_of_nodes(int nodes,
                                             std::vector<std::string> options) {
  JobRun run(job(nodes, "cores on 0 report 0 gather on 0 exit 0 leave",
                 std::move(options)));
  EXPECT_EQ(run.status(), 0) << run.err();
  std::vector<std::vector<int>> cores(static_cast<std::size_t>(nodes));
  std::istringstream out(run.out());
  for (std::string line; std::getline(out, line);) {
    std::istringstream words(line);
    std::string word;
    std::size_t node = 0;
    words >> word >> node >> word;
    for (int core; words >> core;)
      cores.at(node).push_back(core);
  }
  return cores;
}

TEST(Launcher, NodesShareOutTheCores) {
  const int all = CPU_COUNT(&AllowedCores);
  for (int nodes : {1, 2, 3, 5}) {
    auto cores = cores_of_nodes(nodes, {});
    cpu_set_t seen;
    CPU_ZERO(&seen);
    std::size_t most = 0, least = CPU_SETSIZE;
    for (const std::vector<int> &of_node : cores) {
      most = std::max(most, of_node.size());
      least = std::min(least, of_node.size());
      for (int core : of_node) {
        EXPECT_TRUE(!CPU_ISSET(core, &seen) || all < nodes) << core;
        CPU_SET(core, &seen);
      }
    }
    EXPECT_TRUE(CPU_EQUAL(&seen, &AllowedCores));
    if (all < nodes) // all may use all
      EXPECT_EQ(static_cast<int>(least), all);
    else
      EXPECT_LE(most - least, 1u);
  }
}

TEST(Launcher, NodesMayBeLeftUnbound) {
  setenv("LOCO_BIND", "off", 1);
  auto cores = cores_of_nodes(2, {});
  unsetenv("LOCO_BIND");
  EXPECT_EQ(static_cast<int>(cores[0].size()), CPU_COUNT(&AllowedCores));
  EXPECT_EQ(cores[0], cores[1]);
}

TEST(Launcher, AddressesAreNotRandomized) {
  JobRun run({"-n", "1", "cat", "/proc/self/personality"});
  EXPECT_EQ(run.status(), 0);
  EXPECT_EQ(std::stoul(run.out(), nullptr, 16) & 0x0040000, 0x0040000u);
}

// ------------------------------------------------------------- ends of a job

TEST(Launcher, AKilledNodeEndsTheJobWithItsName) {
  for (int victim : {0, 2}) {
    JobRun run(job(3, "gather say ready hang"));
    ASSERT_TRUE(run.says("ready", 3));
    pid_t pid = -1;
    for (pid_t candidate : run.processes())
      if (contents("/proc/" + std::to_string(candidate) + "/environ")
              .find("LOCO_NODE=" + std::to_string(victim) + '\0') !=
          std::string::npos)
        pid = candidate;
    ASSERT_GT(pid, 0);
    kill(pid, SIGKILL);
    EXPECT_EQ(run.status(), 137);
    EXPECT_EQ(run.err(), "loco-run: node " + std::to_string(victim) +
                             " (pid " + std::to_string(pid) +
                             ") was killed by signal 9 (Killed)\n");
    EXPECT_TRUE(run.processes().empty());
  }
}

TEST(Launcher, AKilledMemoryNodeEndsTheJobWithItsName) {
  JobRun run(job(1, "gather on 2 signal 9 hang", {"--memory-nodes", "2"}));
  EXPECT_EQ(run.status(), 137);
  EXPECT_EQ(run.err().rfind("loco-run: memory node 2 (pid ", 0), 0u)
      << run.err();
  EXPECT_NE(run.err().find(") was killed by signal 9 (Killed)\n"),
            std::string::npos)
      << run.err();
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, NodesThatIgnoreSigtermAreKilled) {
  JobRun run(job(3, "ignore-term gather on 1 signal 9 hang"));
  EXPECT_EQ(run.status(), 137);
  EXPECT_NE(run.out().find("ignored"), std::string::npos);
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, AnAbortIsTheJobsStatus) {
  JobRun run(job(2, "gather on 1 signal 6 hang"));
  EXPECT_EQ(run.status(), 128 + SIGABRT);
  EXPECT_NE(run.err().find("was killed by signal 6 (Aborted"),
            std::string::npos)
      << run.err();
}

TEST(Launcher, AFailureEndsAllAtOnce) {
  JobRun run(job(3, "ignore-term gather on 2 fail lost hang"));
  EXPECT_EQ(run.status(), 1);
  EXPECT_EQ(run.out(), ""); // SIGKILL at once, no SIGTERM before it
  EXPECT_EQ(run.err(), "loco: error: node 2: lost\n");
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, AnUnexpectedExitIsAnError) {
  for (int status : {0, 3}) {
    JobRun run(job(3, "gather on 1 just-exit " + std::to_string(status) +
                       " hang"));
    EXPECT_EQ(run.status(), status == 0 ? 1 : status);
    EXPECT_NE(run.err().find("exited with status " + std::to_string(status) +
                             " before the program's end"),
              std::string::npos)
        << run.err();
    EXPECT_TRUE(run.processes().empty());
  }
}

TEST(Launcher, NodeZeroMayLeaveWithoutAReport) {
  JobRun run(job(2, "gather on 0 just-exit 9 hang"));
  EXPECT_EQ(run.status(), 9);
  EXPECT_EQ(run.err(), "");
}

TEST(Launcher, AWorkerThatFailsOnTheWayOutIsNoticed) {
  JobRun run(job(2, "on 0 report 0 gather on 0 exit 0 just-exit 4"));
  EXPECT_EQ(run.status(), 4);
  EXPECT_NE(run.err().find("node 1"), std::string::npos) << run.err();
}

TEST(Launcher, AnExitInTheMiddleOfARegionEndsAllSoon) {
  // Node 2 called exit(), which node 0 carries out; node 1 knows of nothing.
  const std::string program =
      "on 0 report 9 gather on 0 exit 9 on 2 just-exit 9 hang";
  JobRun run(job(3, program));
  EXPECT_EQ(run.status(), 9);
  EXPECT_EQ(run.err(), "");
  EXPECT_TRUE(run.processes().empty());
  JobRun talking(job(3, program, {"--verbose"}));
  EXPECT_EQ(talking.status(), 9);
  EXPECT_NE(talking.err().find(
                "did not leave within 1 s of the program's end; killed"),
            std::string::npos)
      << talking.err();
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, AWorkerThatStaysIsNamedAndKilled) {
  JobRun run(job(3, "on 0 report 0 gather on 0 exit 0 on 1 leave hang"));
  EXPECT_EQ(run.status(), 0);
  EXPECT_NE(run.err().find("node 2"), std::string::npos) << run.err();
  EXPECT_NE(run.err().find("did not leave"), std::string::npos) << run.err();
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, ATimeoutEndsTheJob) {
  JobRun run(job(2, "gather hang", {"--timeout", "0.5"}));
  EXPECT_EQ(run.status(), 124);
  EXPECT_NE(run.err().find("did not end within 0.5 s"), std::string::npos);
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, OrphansEndWithTheJob) {
  JobRun run(job(2, "orphan on 0 report 0 gather on 0 exit 0 leave"));
  EXPECT_EQ(run.status(), 0);
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, NothingIsLeftWhenTheLauncherIsKilled) {
  JobRun run(job(3, "ignore-term gather say ready hang"));
  ASSERT_TRUE(run.says("ready", 3));
  kill(run.pid(), SIGKILL);
  EXPECT_EQ(run.status(), 1000 + SIGKILL);
  EXPECT_TRUE(JobRun::eventually([&] { return run.processes().empty(); }, 2s));
}

// ------------------------------------------------------------------- signals

TEST(Launcher, SignalsEndTheJobAsTheyEndAProgram) {
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) {
    JobRun run(job(3, "gather say ready hang"));
    ASSERT_TRUE(run.says("ready", 3));
    kill(run.pid(), signal);
    EXPECT_EQ(run.status(), 128 + signal);
    EXPECT_EQ(run.err(), "");
    EXPECT_TRUE(run.processes().empty());
  }
}

TEST(Launcher, TheProgramMayHandleASignal) {
  JobRun run(job(3, "catch-term gather say ready hang"));
  ASSERT_TRUE(run.says("ready", 3));
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.status(), 7);
  EXPECT_NE(run.out().find("caught"), std::string::npos);
}

TEST(Launcher, InsistingEndsAProgramThatIgnoresSignals) {
  JobRun run(job(2, "ignore-term gather say ready hang"));
  ASSERT_TRUE(run.says("ready", 2));
  kill(run.pid(), SIGTERM);
  std::this_thread::sleep_for(200ms);
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.status(), 128 + SIGTERM);
  EXPECT_TRUE(run.processes().empty());
}

TEST(Launcher, AKeyOfTheTerminalEndsTheJobOnce) {
  int terminal;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    std::vector<std::string> arguments = job(3, "gather say ready hang");
    std::vector<char *> argv{const_cast<char *>(LOCO_RUN)};
    for (std::string &argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(LOCO_RUN, argv.data());
    _exit(99);
  }
  std::string shown;
  auto ready = [&] {
    char buffer[256];
    pollfd input{terminal, POLLIN, 0};
    if (poll(&input, 1, 10) > 0)
      if (ssize_t bytes = read(terminal, buffer, sizeof buffer); bytes > 0)
        shown.append(buffer, bytes);
    int seen = 0;
    for (std::size_t at = 0;
         (at = shown.find("ready", at)) != std::string::npos; ++at)
      ++seen;
    return seen == 3;
  };
  ASSERT_TRUE(JobRun::eventually(ready)) << shown;
  ASSERT_EQ(write(terminal, "\x03", 1), 1);
  int status = 0;
  EXPECT_TRUE(JobRun::eventually(
      [&] { return waitpid(pid, &status, WNOHANG) == pid; }, 5s));
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  close(terminal); // hangs up what did not end
}

char state_of(pid_t pid) {
  const std::string stat = contents("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = stat.rfind(')');
  return end == std::string::npos ? '-' : stat[end + 2];
}

TEST(Launcher, StopsAndContinuesAsOne) {
  JobRun run(job(2, "gather say ready hang"));
  ASSERT_TRUE(run.says("ready", 2));
  auto all_are = [&](bool stopped) {
    std::vector<pid_t> all = run.processes();
    all.push_back(run.pid());
    return all.size() == 3 && std::all_of(all.begin(), all.end(), [&](pid_t p) {
             return (state_of(p) == 'T') == stopped;
           });
  };
  kill(run.pid(), SIGTSTP);
  EXPECT_TRUE(JobRun::eventually([&] { return all_are(true); }));
  kill(run.pid(), SIGCONT);
  EXPECT_TRUE(JobRun::eventually([&] { return all_are(false); }));
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.status(), 128 + SIGTERM);
}

// -------------------------------------------------------------- wrong usage

TEST(Launcher, WrongUsageIsNamed) {
  struct {
    std::vector<std::string> arguments;
    int status;
    const char *message;
  } cases[] = {
      {{}, 2, "no program is named"},
      {{"-n", "0", "true"}, 2, "--nodes"},
      {{"-n", "65", "true"}, 2, "from 1 to 64|range 1 to 64"},
      {{"-n", "two", "true"}, 2, "two"},
      {{"--memory-nodes", "64", "true"}, 2, "--memory-nodes"},
      {{"-n", "60", "--memory-nodes", "5", "true"}, 2, "from 1 to 64 nodes"},
      {{"--threads", "0", "true"}, 2, "--threads"},
      {{"--fabric", "pigeons", "true"}, 2, "pigeons"},
      {{"--timeout", "-1", "true"}, 2, "--timeout"},
      {{"--unknown", "true"}, 2, "unknown option --unknown"},
      {{"--hosts", "a,b", "true"}, 2, "not supported yet"},
      {{"/nowhere/x"}, 127, "cannot run '/nowhere/x': No such file"},
      {{"no-such-program"}, 127, "cannot run 'no-such-program': No such file"},
      {{"/etc/passwd"}, 126, "cannot run '/etc/passwd': Permission denied"},
      {{"/tmp"}, 126, "cannot run '/tmp': Is a directory"},
      {{"-n", "2", "true"}, 126, "'true' is not a LOCO program"},
  };
  for (auto &[arguments, status, message] : cases) {
    JobRun run(arguments);
    EXPECT_EQ(run.status(), status) << message;
    const std::string err = run.err();
    EXPECT_TRUE(err.starts_with("loco-run: error: ")) << err;
    bool found = false;
    std::istringstream choices(message);
    for (std::string choice; std::getline(choices, choice, '|');)
      found |= err.find(choice) != std::string::npos;
    EXPECT_TRUE(found) << err;
    EXPECT_EQ(lines(err), 1) << err;
  }
}

TEST(Launcher, ABadVariableIsSaidOnce) {
  setenv("LOCO_WINDOW", "huge", 1);
  JobRun run(job(3, "exit 0"));
  unsetenv("LOCO_WINDOW");
  EXPECT_EQ(run.status(), 2);
  EXPECT_TRUE(
      run.err().starts_with("loco-run: error: LOCO_WINDOW='huge' is not valid"))
      << run.err();
  EXPECT_EQ(lines(run.err()), 1);
}

TEST(Launcher, ThreadsComeFromTheEnvironmentUnlessNamed) {
  const std::vector<std::string> command{"sh", "-c", "echo $LOCO_THREADS"};
  auto threads = [&](std::vector<std::string> options) {
    options.insert(options.end(), command.begin(), command.end());
    JobRun run(options);
    EXPECT_EQ(run.status(), 0);
    return run.out();
  };
  setenv("LOCO_THREADS", "5", 1);
  EXPECT_EQ(threads({}), "5\n");
  EXPECT_EQ(threads({"--threads", "2"}), "2\n");
  setenv("LOCO_THREADS", "0", 1);
  EXPECT_EQ(threads({}), std::to_string(CPU_COUNT(&AllowedCores)) + "\n");
  unsetenv("LOCO_THREADS");
  EXPECT_EQ(threads({}), std::to_string(CPU_COUNT(&AllowedCores)) + "\n");
}

TEST(Launcher, HelpListsEverySetting) {
  JobRun run({"--help"});
  EXPECT_EQ(run.status(), 0);
  for (const loco::SettingInfo &info : loco::setting_table())
    EXPECT_EQ(run.out().find(info.name) != std::string::npos, !info.internal)
        << info.name;
}

// ------------------------------------------------------------ statistics, ELF

TEST(Launcher, StatsArePrintedAfterTheEnd) {
  JobRun run(job(2,
              "gather on 0 stats {\"blocks\":1,\"in_bytes\":10} "
              "on 1 stats {\"blocks\":2,\"in_bytes\":5} "
              "on 0 report 3 gather on 0 exit 3 leave",
              {"--stats"}));
  EXPECT_EQ(run.status(), 3);
  EXPECT_EQ(run.err(), "loco-run: statistics\n"
                       " node  blocks  in (bytes)\n"
                       "    0       1          10\n"
                       "    1       2           5\n"
                       "total       3          15\n\n");
}

TEST(StatisticsTable, GroupsUnitsAndMissingNodes) {
  EXPECT_EQ(loco::launch::statistics_table(
                {R"({"barrier": {"time_us": 1.5, "count": 2}})", "",
                 R"({"barrier": {"time_us": 2}, "extra": 7, "text": "no"})"}),
            " node  barrier time (us)  barrier count  extra\n"
            "    0               1.50              2      -\n"
            "    1                  -              -      -\n"
            "    2                  2              -      7\n"
            "total               3.50              2      7\n"
            "node 1 sent no statistics\n");
}

TEST(StatisticsTable, MemoryNodesAreMarked) {
  EXPECT_EQ(loco::launch::statistics_table(
                {R"({"misses": 2})", R"({"misses": 3})", R"({"misses": 0})"},
                /*memory_nodes=*/1),
            "    node  misses\n"
            "       0       2\n"
            "       1       3\n"
            "memory 2       0\n"
            "   total       5\n");
}

TEST(StatisticsTable, NanosecondsAreShownInMilliseconds) {
  EXPECT_EQ(loco::launch::statistics_table({R"({"miss_ns": 2500000})"}),
            " node  miss (ms)\n"
            "    0       2.50\n"
            "total       2.50\n");
}

TEST(StatisticsTable, IsEmptyWithoutReports) {
  EXPECT_EQ(loco::launch::statistics_table({"", "not JSON"}), "");
}

TEST(ElfCheck, KnowsProgramsFromScripts) {
  using loco::launch::program_kind;
  using loco::launch::ProgramKind;
  EXPECT_EQ(program_kind(LOCO_RUN), ProgramKind::NotLoco);
  EXPECT_EQ(program_kind(LOCO_NODE_SCRIPT), ProgramKind::NotElf);
  EXPECT_EQ(program_kind("/nowhere/x"), ProgramKind::NotElf);
  EXPECT_EQ(program_kind(LOCO_LINKED_PROGRAM), ProgramKind::Loco);
}

TEST(ElfCheck, SurvivesAnyCutOffFile) {
  const std::string whole = contents(LOCO_LINKED_PROGRAM);
  const fs::path cut = fs::temp_directory_path() /
                       ("loco-cut-" + std::to_string(getpid()));
  for (std::size_t bytes = 0; bytes < whole.size();
       bytes += 1 + bytes / 7) {
    std::ofstream(cut, std::ios::binary) << whole.substr(0, bytes);
    (void)loco::launch::program_kind(cut); // must not crash
  }
  fs::remove(cut);
}

} // namespace
