// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bootstrap.cpp - a node's side of the launch: speaks to loco-run over
// LOCO_LAUNCH_FD, or is the only node where there is no launcher.
#include "launch/bootstrap.h"
#include "base/fatal.h"
#include "base/settings.h"
#include "launch/protocol.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace loco {
namespace {

using launch::Frame;
using launch::FrameHeader;
using launch::FrameKind;

/// One node: there is nobody to tell.
class SingleNode final : public Bootstrap {
public:
  SingleNode() : Bootstrap(0, 1, 0) {}
  Result<std::vector<std::string>> all_gather(std::string mine) override {
    std::vector<std::string> all;
    all.push_back(std::move(mine));
    return all;
  }
  void report_stats(const std::string &json) override {
    if (!settings().stats)
      return;
    const std::string line = "loco: stats: " + json + "\n";
    [[maybe_unused]] ssize_t written =
        write(STDERR_FILENO, line.data(), line.size());
  }
  void report_exit(int) override {}
  void report_failure(const std::string &) override {}
};

/// A frame is written whole: a lock that any thread can wait for, also one that
/// is about to die.
class FrameWriter {
public:
  explicit FrameWriter(int fd) : Fd(fd) {}

  /// False where the launcher is gone or does not read.
  bool write(FrameKind kind, std::string_view payload) {
    if (!lock())
      return false;
    FrameHeader header{kind, static_cast<std::uint32_t>(payload.size())};
    const bool written =
        write_all(reinterpret_cast<const char *>(&header), sizeof header) &&
        write_all(payload.data(), payload.size());
    Locked.store(false, std::memory_order_release);
    return written;
  }

private:
  static constexpr int PatienceMs = 5000;

  bool lock() {
    for (int waited_ms = 0; Locked.exchange(true, std::memory_order_acquire);
         ++waited_ms) {
      if (waited_ms == PatienceMs)
        return false;
      poll(nullptr, 0, 1);
    }
    return true;
  }

  bool write_all(const char *data, std::size_t bytes) {
    while (bytes > 0) {
      ssize_t sent = ::send(Fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        data += sent;
        bytes -= sent;
      } else if (errno == EAGAIN) {
        pollfd room{Fd, POLLOUT, 0};
        if (poll(&room, 1, PatienceMs) == 0)
          return false;
      } else if (errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  int Fd;
  std::atomic<bool> Locked{false};
};

/// fatal() may come at any time, also when the Bootstrap object is gone.
FrameWriter *FailureWriter = nullptr;

void tell_launcher(std::string_view message) {
  FailureWriter->write(FrameKind::Failure, message);
}

class LaunchedNode final : public Bootstrap {
public:
  LaunchedNode(int node, int num_nodes, int memory_nodes, int fd)
      : Bootstrap(node, num_nodes, memory_nodes), Fd(fd),
        Writer(new FrameWriter(fd)) {
    FailureWriter = Writer;
    set_failure_context(num_nodes > 1 ? node : -1, tell_launcher);
  }
  // Fd and Writer stay for fatal(): the process ends with them.

  Result<void> say_hello(const std::string &hello) {
    if (!Writer->write(FrameKind::Hello, hello))
      return launcher_gone();
    return {};
  }

  Result<std::vector<std::string>> all_gather(std::string mine) override {
    if (!Writer->write(FrameKind::Gather, mine))
      return launcher_gone();
    for (;;) {
      Result<std::optional<Frame>> frame = Reader.next();
      if (!frame.ok())
        return frame.error();
      if (frame.value()) {
        if (frame.value()->kind != FrameKind::Gathered)
          return Error{"the launcher sent an unexpected message"};
        return unpack_checked(frame.value()->payload);
      }
      char buffer[4096];
      ssize_t received = read(Fd, buffer, sizeof buffer);
      if (received > 0)
        Reader.append(buffer, received);
      else if (received == 0 || errno != EINTR)
        return launcher_gone();
    }
  }

  void report_stats(const std::string &json) override {
    Writer->write(FrameKind::Stats, json);
  }
  void report_exit(int status) override {
    Writer->write(FrameKind::Exit, std::to_string(status));
  }
  void report_failure(const std::string &message) override {
    Writer->write(FrameKind::Failure, message);
  }

private:
  static Error launcher_gone() {
    return Error{"the connection to the launcher is lost"};
  }

  Result<std::vector<std::string>> unpack_checked(const std::string &packed) {
    Result<std::vector<std::string>> parts = launch::unpack(packed);
    if (parts.ok() &&
        parts.value().size() != static_cast<std::size_t>(num_nodes()))
      return Error{"the launcher counts " +
                   std::to_string(parts.value().size()) + " nodes, not " +
                   std::to_string(num_nodes())};
    return parts;
  }

  int Fd;
  FrameWriter *Writer;
  launch::FrameReader Reader;
};

/// The NT_GNU_BUILD_ID of the executable in hexadecimal; "-" without one.
std::string build_id() {
  std::string id = "-";
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t, void *out) {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr) &header = info->dlpi_phdr[i];
          if (header.p_type != PT_NOTE)
            continue;
          const char *at =
              reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr);
          const char *end = at + header.p_memsz;
          while (end - at >= static_cast<long>(sizeof(ElfW(Nhdr)))) {
            auto *note = reinterpret_cast<const ElfW(Nhdr) *>(at);
            const char *name = at + sizeof *note;
            const char *data = name + (note->n_namesz + 3) / 4 * 4;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
                std::memcmp(name, "GNU", 4) == 0) {
              std::string hex;
              for (unsigned b = 0; b < note->n_descsz; ++b) {
                char digits[3];
                std::snprintf(digits, sizeof digits, "%02x",
                              static_cast<unsigned char>(data[b]));
                hex += digits;
              }
              *static_cast<std::string *>(out) = hex;
              return 1;
            }
            at = data + (note->n_descsz + 3) / 4 * 4;
          }
        }
        return 1; // the executable is the first; libraries do not matter
      },
      &id);
  return id;
}

Result<std::unique_ptr<Bootstrap>> make_launched(const Settings &env) {
  if (env.node < 0 || env.num_nodes < 0 || env.launch_fd < 0)
    return Error{"LOCO_NODE, LOCO_NUM_NODES and LOCO_LAUNCH_FD are set by "
                 "loco-run, all three or none"};
  if (env.node >= env.num_nodes)
    return Error{"LOCO_NODE=" + std::to_string(env.node) +
                 " is not below LOCO_NUM_NODES=" +
                 std::to_string(env.num_nodes)};
  if (env.memory_nodes >= env.num_nodes)
    return Error{"LOCO_MEMORY_NODES=" + std::to_string(env.memory_nodes) +
                 " leaves none of LOCO_NUM_NODES=" +
                 std::to_string(env.num_nodes) + " to run the program"};
  int type = 0;
  socklen_t type_bytes = sizeof type;
  if (getsockopt(env.launch_fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0 ||
      type != SOCK_STREAM)
    return Error{"LOCO_LAUNCH_FD=" + std::to_string(env.launch_fd) +
                 " is not a stream socket; start the program with loco-run"};

  // Programs that this one starts are jobs of their own.
  fcntl(env.launch_fd, F_SETFD, FD_CLOEXEC);
  unsetenv("LOCO_NODE");
  unsetenv("LOCO_NUM_NODES");
  unsetenv("LOCO_MEMORY_NODES");
  unsetenv("LOCO_LAUNCH_FD");
  // A script between loco-run and this process dies with loco-run; so do we.
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  auto node = std::make_unique<LaunchedNode>(env.node, env.num_nodes,
                                             env.memory_nodes, env.launch_fd);
  if (Result<void> said = node->say_hello(
          std::to_string(launch::ProtocolVersion) + " " +
          std::to_string(getpid()) + " " + build_id());
      !said.ok())
    return said.error();
  return std::unique_ptr<Bootstrap>(std::move(node));
}

} // namespace

Result<std::unique_ptr<Bootstrap>> make_bootstrap() {
  const Settings &env = settings();
  if (env.node < 0 && env.num_nodes < 0 && env.launch_fd < 0)
    return std::unique_ptr<Bootstrap>(std::make_unique<SingleNode>());
  return make_launched(env);
}

} // namespace loco
