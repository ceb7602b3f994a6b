// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fatal.cpp - the one way in which the runtime speaks to the user: a line on
// stderr, written in one piece.
#include "base/fatal.h"
#include "base/result.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/uio.h>
#include <unistd.h>

namespace loco {
namespace {

std::atomic<int> ContextNode{-1};
std::atomic<FailureReporter> Reporter{nullptr};

/// "loco: kind: [node N: ]message\n" in one system call, so that the lines of
/// several nodes do not mix.
void write_line(const char *kind, std::string_view message) {
  char prefix[64];
  int node = ContextNode.load(std::memory_order_relaxed);
  int length = node < 0 ? std::snprintf(prefix, sizeof prefix, "loco: %s: ",
                                        kind)
                        : std::snprintf(prefix, sizeof prefix,
                                        "loco: %s: node %d: ", kind, node);
  char newline = '\n';
  iovec parts[] = {{prefix, static_cast<std::size_t>(length)},
                   {const_cast<char *>(message.data()), message.size()},
                   {&newline, 1}};
  // Nothing is left to try when stderr is closed.
  [[maybe_unused]] ssize_t written = writev(STDERR_FILENO, parts, 3);
}

} // namespace

void set_failure_context(int node, FailureReporter reporter) {
  ContextNode.store(node, std::memory_order_relaxed);
  Reporter.store(reporter, std::memory_order_release);
}

void fatal(const std::string &message) {
  // The first failure is the one that counts; others follow from it.
  static std::atomic<bool> Failing{false};
  if (Failing.exchange(true))
    for (;;)
      pause();
  write_line("error", message);
  if (FailureReporter report = Reporter.load(std::memory_order_acquire))
    report(message);
  _exit(1);
}

void fatal_errno(const std::string &what) {
  int error = errno;
  fatal(what + ": " + std::strerror(error));
}

void warn_once(const char *key, const std::string &message) {
  // A fixed table: warnings may come from threads that must not allocate.
  static constexpr std::size_t MaxKeys = 128;
  static std::atomic<const char *> Seen[MaxKeys];
  for (std::atomic<const char *> &slot : Seen) {
    const char *expected = nullptr;
    if (slot.compare_exchange_strong(expected, key))
      return write_line("warning", message);
    if (std::strcmp(expected, key) == 0)
      return;
  }
  write_line("warning", message);
}

} // namespace loco
