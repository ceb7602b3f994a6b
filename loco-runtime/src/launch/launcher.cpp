// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/launcher.h"
#include "base/settings.h"
#include "launch/cores.h"
#include "launch/elf_check.h"
#include "launch/program_path.h"
#include "launch/protocol.h"
#include "launch/statistics_table.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loco::launch {
namespace {

/// How long nodes may take to leave once node 0 has ended by itself: all are
/// expected to, but for those that exit() found in the middle of a region.
constexpr std::int64_t LeaveMs = 5000;
constexpr std::int64_t LeaveAfterFailureMs = 1000;
/// Between SIGTERM and SIGKILL.
constexpr std::int64_t TerminateMs = 2000;
/// A second SIGINT or SIGTERM within this time ends the job, whatever the
/// program does with it.
constexpr std::int64_t InsistMs = 5000;

constexpr int ForwardedSignals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                    SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT};

std::int64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// One line on stderr, in one piece.
void say(const std::string &message) {
  const std::string line = "loco-run: " + message + "\n";
  [[maybe_unused]] ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

void say_error(const std::string &message) { say("error: " + message); }

struct Node {
  pid_t pid = -1;
  int fd = -1; ///< the launcher's end of the stream; -1 when closed
  bool alive = false;
  bool hello = false;
  bool reported_exit = false;
  FrameReader in;
  std::string out; ///< not yet taken by the node
  std::optional<std::string> gather;
  std::string stats;
};

class Job {
public:
  explicit Job(const JobOptions &options)
      : Options(options),
        NumProcesses(options.num_nodes + options.memory_nodes) {}
  ~Job();

  int run();

private:
  enum class End {
    Leave,     ///< nodes leave by themselves
    Terminate, ///< SIGTERM, then SIGKILL
    Kill
  };

  Result<void> take_signals();
  bool start_node(int index, const std::string &program);
  [[noreturn]] void become_node(int index, int stream, int exec_status,
                                const std::string &program);
  void wait_for_end();
  int poll_timeout_ms() const;
  void check_deadlines();
  std::int64_t leave_ms() const {
    return *Status == 0 ? LeaveMs : LeaveAfterFailureMs;
  }
  void end(int status, End how);
  void kill_nodes(int signal);

  void serve_stream(int index, short events);
  void drain_streams();
  void handle_frame(int index, const Frame &frame);
  void answer_gather();
  void close_stream(Node &node);

  void handle_signal(const signalfd_siginfo &info);
  void reap();
  void node_ended(int index, int wait_status);
  void end_orphans();
  bool any_alive() const;
  bool anyone(bool Node::*flag) const;
  std::string label(int index) const {
    return (index < Options.num_nodes ? "node " : "memory node ") +
           std::to_string(index) + " (pid " + std::to_string(Nodes[index].pid) +
           ")";
  }

  const JobOptions &Options;
  const int NumProcesses; ///< memory nodes come last
  Settings Environment;
  std::vector<Node> Nodes;
  const pid_t Launcher = getpid();
  int SignalFd = -1;
  sigset_t MaskBefore;
  bool MaskTaken = false;

  int ReportedStatus = 0; ///< what the program's end was said to be
  int WorkerStatus = 0;   ///< not 0: a worker failed on its way out
  std::optional<int> Status; ///< decided: the job is ending
  bool Killing = false;      ///< nodes that die now die by our hand
  std::int64_t KillAtMs = 0;
  std::int64_t TimeoutAtMs = 0;
  int ForwardedSignal = 0;
  std::int64_t ForwardedAtMs = 0;
};

Job::~Job() {
  for (Node &node : Nodes)
    close_stream(node);
  if (SignalFd >= 0)
    close(SignalFd);
  if (MaskTaken)
    sigprocmask(SIG_SETMASK, &MaskBefore, nullptr);
}

Result<void> Job::take_signals() {
  std::signal(SIGCHLD, SIG_DFL); // ignored, nobody could be waited for
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (int signal : ForwardedSignals)
    sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, &MaskBefore);
  MaskTaken = true;
  SignalFd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (SignalFd < 0)
    return Error{std::string("cannot make a signalfd: ") +
                 std::strerror(errno)};
  return {};
}

int Job::run() {
  if (Options.num_nodes < 1 || NumProcesses > MaxNodes) {
    say_error("-n " + std::to_string(Options.num_nodes) +
              (Options.memory_nodes
                   ? " --memory-nodes " + std::to_string(Options.memory_nodes)
                   : "") +
              ": a job has from 1 to " + std::to_string(MaxNodes) +
              " nodes, those that only give memory with them");
    return StatusUsage;
  }
  // Said once here, and not by every node.
  Result<Settings> environment = parse_settings(
      [](const char *name) -> const char * { return std::getenv(name); });
  if (!environment.ok()) {
    say_error(environment.error().message);
    return StatusUsage;
  }
  Environment = environment.value();
  ProgramPath program = find_program(Options.command.at(0));
  if (program.error != 0) {
    say_error("cannot run '" + Options.command[0] +
              "': " + std::strerror(program.error));
    return program.error == ENOENT || program.error == ENOTDIR
               ? StatusNotFound
               : StatusNotExecutable;
  }
  if (NumProcesses > 1 && program_kind(program.path) == ProgramKind::NotLoco) {
    say_error("'" + Options.command[0] +
              "' is not a LOCO program (compile it with loco-clang or -floco)");
    return StatusNotExecutable;
  }
  // Inherited by the nodes, so that all have the same addresses.
  const int before = personality(0xffffffff);
  if (personality(before | ADDR_NO_RANDOMIZE) < 0 && NumProcesses > 1) {
    say_error(std::string("cannot switch off address randomisation for the "
                          "nodes (personality: ") +
              std::strerror(errno) +
              "): a container's seccomp profile forbids it; allow it, e.g. "
              "docker run --security-opt seccomp=unconfined");
    return StatusFailure;
  }
  if (Result<void> taken = take_signals(); !taken.ok()) {
    say_error(taken.error().message);
    return StatusFailure;
  }
  // What a node leaves behind becomes our child, to be ended with the job.
  prctl(PR_SET_CHILD_SUBREAPER, 1);

  Nodes.resize(NumProcesses);
  for (int index = 0; index < NumProcesses && !Status; ++index)
    if (!start_node(index, program.path))
      end(Status.value_or(StatusFailure), End::Kill);
  if (Options.timeout_seconds > 0)
    TimeoutAtMs =
        now_ms() + static_cast<std::int64_t>(Options.timeout_seconds * 1000);
  wait_for_end();
  end_orphans();
  personality(before);

  if (Options.stats) {
    std::vector<std::string> reports;
    for (Node &node : Nodes)
      reports.push_back(node.stats);
    const std::string table = statistics_table(reports, Options.memory_nodes);
    say(table.empty() ? "no node sent statistics" : "statistics\n" + table);
  }
  const int status = Status.value_or(StatusFailure);
  return status != 0 ? status : WorkerStatus;
}

bool Job::start_node(int index, const std::string &program) {
  int stream[2], exec_status[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) {
    say_error(std::string("cannot make a stream to a node: ") +
              std::strerror(errno));
    return false;
  }
  if (pipe2(exec_status, O_CLOEXEC) != 0) {
    say_error(std::string("cannot make a pipe: ") + std::strerror(errno));
    close(stream[0]);
    close(stream[1]);
    return false;
  }
  const pid_t pid = fork();
  if (pid == 0)
    become_node(index, stream[1], exec_status[1], program);
  const int fork_errno = errno;
  close(stream[1]);
  close(exec_status[1]);
  int failure = pid < 0 ? fork_errno : 0;
  if (pid > 0) {
    Node &node = Nodes[index];
    node.pid = pid;
    node.fd = stream[0];
    node.alive = true;
    fcntl(node.fd, F_SETFL, O_NONBLOCK);
    // The pipe closes when the program runs; else it brings the reason.
    while (read(exec_status[0], &failure, sizeof failure) < 0 &&
           errno == EINTR)
      ;
  } else {
    close(stream[0]);
  }
  close(exec_status[0]);
  if (failure != 0) {
    say_error("cannot run '" + Options.command[0] +
              "': " + std::strerror(failure));
    end(pid < 0 ? StatusFailure : StatusNotExecutable, End::Kill);
    return false;
  }
  if (Options.verbose)
    say(label(index) + " runs " + program);
  return true;
}

void Job::become_node(int index, int stream, int exec_status,
                      const std::string &program) {
  auto give_up = [&](int error) {
    [[maybe_unused]] ssize_t written =
        write(exec_status, &error, sizeof error);
    _exit(StatusNotExecutable);
  };
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != Launcher) // it died before the call above
    _exit(StatusFailure);
  if (index > 0) {
    // The terminal's signals and input are node 0's, as of one process; the
    // others follow the launcher.
    setpgid(0, 0);
    int null = open("/dev/null", O_RDWR);
    if (null < 0)
      give_up(errno);
    dup2(null, STDIN_FILENO);
    if (null != STDIN_FILENO)
      close(null);
  }
  fcntl(stream, F_SETFD, 0);
  int threads = Options.threads > 0 ? Options.threads : Environment.threads;
  if (threads == 0)
    threads = std::max(1, available_cores() / Options.num_nodes);
  if (Environment.bind_cores && Options.num_nodes > 1 &&
      index < Options.num_nodes)
    bind_to_share(index, Options.num_nodes);
  setenv("LOCO_NODE", std::to_string(index).c_str(), 1);
  setenv("LOCO_NUM_NODES", std::to_string(NumProcesses).c_str(), 1);
  setenv("LOCO_MEMORY_NODES", std::to_string(Options.memory_nodes).c_str(), 1);
  setenv("LOCO_LAUNCH_FD", std::to_string(stream).c_str(), 1);
  setenv("LOCO_THREADS", std::to_string(threads).c_str(), 1);
  // With one node libomp is as upstream's, which knows its own variable only.
  if (Options.num_nodes == 1)
    setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 0);
  if (Options.race)
    setenv("LOCO_RACE", "report", 1);
  if (Options.stats)
    setenv("LOCO_STATS", "1", 1);
  if (!Options.fabric.empty())
    setenv("LOCO_FABRIC", Options.fabric.c_str(), 1);

  std::vector<char *> arguments;
  for (const std::string &argument : Options.command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  sigprocmask(SIG_SETMASK, &MaskBefore, nullptr);
  execvp(program.c_str(), arguments.data()); // has a slash: no search
  give_up(errno);
  abort();
}

bool Job::any_alive() const { return anyone(&Node::alive); }

bool Job::anyone(bool Node::*flag) const {
  return std::any_of(Nodes.begin(), Nodes.end(),
                     [&](const Node &node) { return node.*flag; });
}

void Job::wait_for_end() {
  while (any_alive()) {
    std::vector<pollfd> fds{{SignalFd, POLLIN, 0}};
    std::vector<int> owners{-1};
    for (int index = 0; index < NumProcesses; ++index) {
      const Node &node = Nodes[index];
      if (node.fd < 0)
        continue;
      fds.push_back({node.fd,
                     static_cast<short>(POLLIN | (node.out.empty() ? 0 : POLLOUT)),
                     0});
      owners.push_back(index);
    }
    poll(fds.data(), fds.size(), poll_timeout_ms());
    for (std::size_t i = 1; i < fds.size(); ++i)
      if (fds[i].revents)
        serve_stream(owners[i], fds[i].revents);
    signalfd_siginfo info;
    while (read(SignalFd, &info, sizeof info) == sizeof info)
      handle_signal(info);
    check_deadlines();
  }
}

int Job::poll_timeout_ms() const {
  std::int64_t next = INT64_MAX;
  for (std::int64_t at : {KillAtMs, TimeoutAtMs})
    if (at != 0)
      next = std::min(next, at);
  if (next == INT64_MAX)
    return -1;
  return static_cast<int>(
      std::clamp<std::int64_t>(next - now_ms(), 0, 60000));
}

void Job::check_deadlines() {
  const std::int64_t now = now_ms();
  if (KillAtMs != 0 && now >= KillAtMs) {
    KillAtMs = 0;
    if (!Killing) {
      for (int index = 0; index < NumProcesses; ++index)
        if (Nodes[index].alive && (*Status == 0 || Options.verbose))
          say("warning: " + label(index) + " did not leave within " +
              std::to_string(leave_ms() / 1000) +
              " s of the program's end; killed");
      end(*Status, End::Terminate);
    } else {
      kill_nodes(SIGKILL);
    }
  }
  if (TimeoutAtMs != 0 && now >= TimeoutAtMs) {
    TimeoutAtMs = 0;
    if (!any_alive())
      return;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%g", Options.timeout_seconds);
    say_error(std::string("the job did not end within ") + seconds +
              " s (--timeout); killed");
    Status = StatusTimeout;
    end(StatusTimeout, End::Terminate);
  }
}

void Job::kill_nodes(int signal) {
  for (Node &node : Nodes)
    if (node.alive) {
      kill(node.pid, signal);
      if (signal != SIGKILL)
        kill(node.pid, SIGCONT); // a stopped node must get it too
    }
}

void Job::end(int status, End how) {
  if (!Status)
    Status = status;
  switch (how) {
  case End::Leave:
    if (!Killing)
      KillAtMs = now_ms() + leave_ms();
    return;
  case End::Terminate:
    if (!Killing) {
      Killing = true;
      KillAtMs = now_ms() + TerminateMs;
      kill_nodes(SIGTERM);
    }
    return;
  case End::Kill:
    Killing = true;
    KillAtMs = 0;
    kill_nodes(SIGKILL);
    return;
  }
}

// ------------------------------------------------------------------ streams

void Job::close_stream(Node &node) {
  if (node.fd >= 0)
    close(node.fd);
  node.fd = -1;
}

void Job::serve_stream(int index, short events) {
  Node &node = Nodes[index];
  if ((events & POLLOUT) && !node.out.empty()) {
    ssize_t sent =
        send(node.fd, node.out.data(), node.out.size(), MSG_NOSIGNAL);
    if (sent > 0)
      node.out.erase(0, sent);
  }
  if (!(events & (POLLIN | POLLHUP | POLLERR)))
    return;
  for (;;) {
    char buffer[16384];
    ssize_t received = read(node.fd, buffer, sizeof buffer);
    if (received < 0 && errno == EINTR)
      continue;
    if (received < 0 && errno == EAGAIN)
      break;
    if (received <= 0) {
      close_stream(node); // its end is reaped when the process ends
      break;
    }
    node.in.append(buffer, received);
  }
  for (;;) {
    Result<std::optional<Frame>> frame = node.in.next();
    if (!frame.ok()) {
      say_error(label(index) + ": " + frame.error().message);
      close_stream(node);
      end(StatusFailure, End::Kill);
      return;
    }
    if (!frame.value())
      return;
    handle_frame(index, *frame.value());
  }
}

void Job::drain_streams() {
  for (int index = 0; index < NumProcesses; ++index)
    if (Nodes[index].fd >= 0)
      serve_stream(index, POLLIN);
}

void Job::handle_frame(int index, const Frame &frame) {
  Node &node = Nodes[index];
  switch (frame.kind) {
  case FrameKind::Hello: {
    const std::string version = frame.payload.substr(0, frame.payload.find(' '));
    if (version != std::to_string(ProtocolVersion)) {
      say_error(label(index) + " uses a libloco of another version than this "
                               "loco-run (protocol " + version + ", not " +
                std::to_string(ProtocolVersion) + ")");
      return end(StatusFailure, End::Kill);
    }
    node.hello = true;
    if (Options.verbose)
      say(label(index) + " has come (version, pid, build-id: " +
          frame.payload + ")");
    return;
  }
  case FrameKind::Gather:
    node.gather = frame.payload;
    return answer_gather();
  case FrameKind::Stats:
    node.stats = frame.payload;
    return;
  case FrameKind::Exit:
    node.reported_exit = true;
    ReportedStatus = std::atoi(frame.payload.c_str());
    if (Options.verbose)
      say(label(index) + " ends the program with status " + frame.payload);
    return;
  case FrameKind::Failure:
    // The node has said what failed; it ends by itself.
    if (Options.verbose)
      say(label(index) + " fails: " + frame.payload);
    return end(StatusFailure, End::Kill);
  case FrameKind::Gathered:
    return; // only the launcher sends it
  }
}

void Job::answer_gather() {
  std::vector<std::string> parts;
  for (const Node &node : Nodes) {
    if (!node.gather)
      return;
    parts.push_back(*node.gather);
  }
  const std::string answer = encode(FrameKind::Gathered, pack(parts));
  for (int index = 0; index < NumProcesses; ++index) {
    Nodes[index].gather.reset();
    if (Nodes[index].fd < 0)
      continue;
    Nodes[index].out += answer;
    serve_stream(index, POLLOUT);
  }
}

// ---------------------------------------------------------- signals, the end

void Job::handle_signal(const signalfd_siginfo &info) {
  const int signal = static_cast<int>(info.ssi_signo);
  // The terminal has sent it to node 0, which is in our process group, too.
  const bool from_terminal = info.ssi_code == SI_KERNEL;
  switch (signal) {
  case SIGCHLD:
    return reap();
  case SIGTSTP:
    for (Node &node : Nodes)
      if (node.alive)
        kill(node.pid, SIGSTOP);
    raise(SIGSTOP);
    return;
  case SIGCONT:
    for (Node &node : Nodes)
      if (node.alive)
        kill(node.pid, SIGCONT);
    return;
  }
  if (Nodes[0].alive && !from_terminal)
    kill(Nodes[0].pid, signal);
  if (signal == SIGUSR1 || signal == SIGUSR2)
    return;
  const bool insists =
      ForwardedSignal == signal && now_ms() - ForwardedAtMs < InsistMs;
  ForwardedSignal = signal;
  ForwardedAtMs = now_ms();
  if (insists || !Nodes[0].alive)
    end(StatusSignalBase + signal, End::Terminate);
}

void Job::reap() {
  for (;;) {
    int wait_status;
    const pid_t pid = waitpid(-1, &wait_status, WNOHANG);
    if (pid <= 0)
      return;
    for (int index = 0; index < NumProcesses; ++index)
      if (Nodes[index].pid == pid) {
        drain_streams(); // its last words, and node 0's, come first
        node_ended(index, wait_status);
      }
  }
}

void Job::node_ended(int index, int wait_status) {
  Node &node = Nodes[index];
  node.alive = false;
  close_stream(node);
  if (Options.verbose)
    say(label(index) + (WIFEXITED(wait_status)
                            ? " exited with status " +
                                  std::to_string(WEXITSTATUS(wait_status))
                            : " ended by signal " +
                                  std::to_string(WTERMSIG(wait_status))));
  if (Killing)
    return;

  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    // Who sent the signal through us knows.
    if (signal != ForwardedSignal)
      say(label(index) + " was killed by signal " + std::to_string(signal) +
          " (" + strsignal(signal) +
          (WCOREDUMP(wait_status) ? ", core dumped)" : ")"));
    Status = StatusSignalBase + signal;
    return end(*Status, End::Terminate);
  }

  const int status = WEXITSTATUS(wait_status);
  if (index == 0 || node.reported_exit) {
    // Workers were told to leave by node 0; by another node they were not.
    if (!Status)
      return end(status, index == 0 && node.reported_exit ? End::Leave
                                                          : End::Terminate);
    return;
  }
  if (anyone(&Node::reported_exit) || (status == 0 && !anyone(&Node::hello))) {
    // As it should be, but for what went wrong on the way out. (A node on
    // which the program called exit() has the job's status.)
    if (status != 0 && status != ReportedStatus) {
      say(label(index) + " exited with status " + std::to_string(status));
      WorkerStatus = status;
    }
    return;
  }
  say(label(index) + " exited with status " + std::to_string(status) +
      " before the program's end");
  end(status != 0 ? status : StatusFailure, End::Terminate);
}

/// Ends and reaps what nodes started and left behind.
void Job::end_orphans() {
  constexpr int Rounds = 1000;
  for (int round = 0; round < Rounds; ++round) {
    while (waitpid(-1, nullptr, WNOHANG) > 0)
      ;
    std::vector<pid_t> left = children_of_self();
    if (left.empty())
      return;
    for (pid_t pid : left)
      kill(pid, SIGKILL);
    poll(nullptr, 0, 2);
  }
}

} // namespace

int run_job(const JobOptions &options) {
  Job job(options);
  return job.run();
}

} // namespace loco::launch
