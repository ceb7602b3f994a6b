// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/nodes.h"
#include "launch/protocol.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loco::test {
namespace {

using launch::FrameKind;

struct Child {
  pid_t pid;
  int fd;
  launch::FrameReader in;
  std::optional<std::string> gather;
};

[[noreturn]] void child_main(int node, int count, int fd,
                             const std::function<void(Bootstrap &)> &body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setenv("LOCO_NODE", std::to_string(node).c_str(), 1);
  setenv("LOCO_NUM_NODES", std::to_string(count).c_str(), 1);
  setenv("LOCO_LAUNCH_FD", std::to_string(fd).c_str(), 1);
  {
    Result<std::unique_ptr<Bootstrap>> bootstrap = make_bootstrap();
    if (!bootstrap.ok())
      fatal(bootstrap.error().message);
    body(*bootstrap.value());
  }
  std::fflush(nullptr);
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

/// Answers the all_gather that all children have called.
void answer(std::vector<Child> &children) {
  std::vector<std::string> parts;
  for (Child &child : children) {
    if (!child.gather)
      return;
    parts.push_back(*child.gather);
  }
  std::string frame =
      launch::encode(FrameKind::Gathered, launch::pack(parts));
  for (Child &child : children) {
    child.gather.reset();
    send(child.fd, frame.data(), frame.size(), MSG_NOSIGNAL);
  }
}

void serve(std::vector<Child> &children, Child &child) {
  char buffer[4096];
  ssize_t received = read(child.fd, buffer, sizeof buffer);
  if (received <= 0) {
    close(child.fd);
    child.fd = -1;
    return;
  }
  child.in.append(buffer, received);
  for (;;) {
    auto frame = child.in.next();
    ASSERT_TRUE(frame.ok()) << frame.error().message;
    if (!frame.value())
      return;
    if (frame.value()->kind == FrameKind::Gather) {
      child.gather = frame.value()->payload;
      answer(children);
    } else if (frame.value()->kind == FrameKind::Failure) {
      // As the launcher does; the node that fails ends by itself.
      for (Child &other : children)
        if (other.pid != child.pid)
          kill(other.pid, SIGKILL);
    }
  }
}

} // namespace

bool NodesEnd::all_passed() const {
  for (int status : wait_status)
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      return false;
  return !wait_status.empty();
}

NodesEnd run_nodes(int count, const std::function<void(Bootstrap &)> &body,
                   const NodesOptions &options) {
  std::fflush(nullptr);
  std::vector<Child> children;
  for (int node = 0; node < count; ++node) {
    int stream[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0)
      fatal_errno("socketpair");
    pid_t pid = fork();
    if (pid < 0)
      fatal_errno("fork");
    if (pid == 0) {
      for (Child &other : children)
        close(other.fd);
      close(stream[0]);
      child_main(node, count, stream[1], body);
    }
    close(stream[1]);
    children.push_back({pid, stream[0], {}, {}});
  }
  if (options.started) {
    std::vector<pid_t> pids;
    for (Child &child : children)
      pids.push_back(child.pid);
    options.started(pids);
  }

  using Clock = std::chrono::steady_clock;
  const auto limit = Clock::now() + std::chrono::seconds(options.seconds);
  auto any_open = [&] {
    for (Child &child : children)
      if (child.fd >= 0)
        return true;
    return false;
  };
  // A stream closes when its process ends.
  while (any_open()) {
    if (Clock::now() > limit) {
      ADD_FAILURE() << "nodes did not end within " << options.seconds << " s";
      for (Child &child : children)
        kill(child.pid, SIGKILL);
      break;
    }
    std::vector<pollfd> fds;
    for (Child &child : children)
      fds.push_back({child.fd, POLLIN, 0});
    poll(fds.data(), fds.size(), 200);
    for (std::size_t i = 0; i < fds.size(); ++i)
      if (fds[i].revents)
        serve(children, children[i]);
  }
  NodesEnd end;
  for (Child &child : children) {
    int status = 0;
    waitpid(child.pid, &status, 0);
    end.wait_status.push_back(status);
    if (child.fd >= 0)
      close(child.fd);
  }
  return end;
}

TestFabric make_test_fabric(Bootstrap &bootstrap, std::uint64_t memory_bytes,
                            std::uint64_t control_bytes) {
  int fd = memfd_create("loco-test", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(memory_bytes)) != 0)
    fatal_errno("memfd_create");
  void *memory =
      mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    fatal_errno("mmap");
  fabric::Config config{memory_bytes, control_bytes, fd,
                        static_cast<std::byte *>(memory)};
  Result<std::unique_ptr<fabric::Fabric>> made =
      fabric::make_fabric(config, bootstrap);
  if (!made.ok())
    fatal(made.error().message);
  return {config.memory, std::move(made.value())};
}

NodesEnd
run_fabric(int count,
           const std::function<void(fabric::Fabric &, Bootstrap &)> &body,
           const NodesOptions &options) {
  return run_nodes(
      count,
      [&](Bootstrap &bootstrap) {
        TestFabric test = make_test_fabric(bootstrap);
        body(*test.fabric, bootstrap);
        meet(bootstrap); // nobody leaves while another may still use it
        test.fabric->stop();
      },
      options);
}

void meet(Bootstrap &bootstrap) {
  if (Result<std::vector<std::string>> met = bootstrap.all_gather("");
      !met.ok())
    fatal(met.error().message);
}

} // namespace loco::test
