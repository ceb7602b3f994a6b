// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fatal(), warn_once() and internal threads, in processes of their own.
#include "base/fatal.h"
#include "base/result.h"
#include "base/thread.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <pthread.h>
#include <thread>
#include <unistd.h>

using namespace loco;

namespace {

TEST(FailureDeathTest, FatalWritesOneLineAndExits) {
  EXPECT_EXIT(fatal("all is lost"), testing::ExitedWithCode(1),
              "^loco: error: all is lost\n$");
}

TEST(FailureDeathTest, FatalNamesTheNodeAndTellsTheLauncher) {
  auto report = [](std::string_view message) {
    std::string text = "reported: " + std::string(message) + "\n";
    [[maybe_unused]] ssize_t written = write(2, text.data(), text.size());
  };
  EXPECT_EXIT(
      {
        set_failure_context(3, report);
        fatal("all is lost");
      },
      testing::ExitedWithCode(1),
      "^loco: error: node 3: all is lost\nreported: all is lost\n$");
}

TEST(FailureDeathTest, FatalErrnoSaysWhy) {
  EXPECT_EXIT(
      {
        errno = ENOSPC;
        fatal_errno("cannot write");
      },
      testing::ExitedWithCode(1),
      "^loco: error: cannot write: No space left on device\n$");
}

TEST(FailureDeathTest, FatalRunsNoExitHandlers) {
  EXPECT_EXIT(
      {
        std::atexit([] { [[maybe_unused]] ssize_t w = write(2, "late", 4); });
        fatal("x");
      },
      testing::ExitedWithCode(1), "^loco: error: x\n$");
}

TEST(FailureDeathTest, OfTwoFailuresTheFirstCounts) {
  EXPECT_EXIT(
      {
        set_failure_context(-1, [](std::string_view) { usleep(200000); });
        std::thread second([] {
          usleep(100000);
          fatal("second");
        });
        fatal("first");
      },
      testing::ExitedWithCode(1), "^loco: error: first\n$");
}

TEST(FailureDeathTest, WarnOnceWarnsOnceForEachKey) {
  EXPECT_EXIT(
      {
        for (int i = 0; i < 3; ++i) {
          warn_once("a", "first of its kind");
          warn_once("b", "another");
        }
        _exit(0);
      },
      testing::ExitedWithCode(0),
      "^loco: warning: first of its kind\nloco: warning: another\n$");
}

TEST(InternalThread, RunsWithSignalsBlockedAndKeepsTheCallersMask) {
  struct Seen {
    sigset_t mask;
    char name[16];
  } seen;
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  InternalThread thread = start_internal_thread(
      "loco-testing",
      [](void *argument) {
        auto *seen = static_cast<Seen *>(argument);
        pthread_sigmask(SIG_SETMASK, nullptr, &seen->mask);
        pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
      },
      &seen);
  EXPECT_TRUE(thread.running());
  thread.join();
  EXPECT_FALSE(thread.running());
  thread.join(); // a second time is nothing
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < NSIG; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
  EXPECT_STREQ(seen.name, "loco-testing");
  for (int signal : {SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1})
    EXPECT_EQ(sigismember(&seen.mask, signal), 1) << signal;
  EXPECT_EQ(sigismember(&seen.mask, SIGSEGV), 0);
}

} // namespace
