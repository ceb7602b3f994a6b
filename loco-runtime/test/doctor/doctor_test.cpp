// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checks.h"

#include <cerrno>
#include <cstdio>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <string>
#include <sys/wait.h>

using namespace loco::doctor;

namespace {

constexpr std::uint64_t AllFeatures =
    UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_MISSING_SHMEM |
    UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

TEST(Doctor, KernelsBefore519Fail) {
  EXPECT_EQ(judge_kernel("6.1.0-18-amd64").verdict, Verdict::Ok);
  EXPECT_EQ(judge_kernel("5.19.0").verdict, Verdict::Ok);
  EXPECT_EQ(judge_kernel("5.18.9").verdict, Verdict::Fail);
  EXPECT_EQ(judge_kernel("4.20.1").verdict, Verdict::Fail);
  EXPECT_EQ(judge_kernel("strange").verdict, Verdict::Warn);
}

TEST(Doctor, UserfaultfdIsBestForTheKernelToo) {
  EXPECT_EQ(judge_userfaultfd({true, false, 0, AllFeatures}).verdict,
            Verdict::Ok);
  Report user_only = judge_userfaultfd({false, true, 0, AllFeatures});
  EXPECT_EQ(user_only.verdict, Verdict::Ok);
  Report neither = judge_userfaultfd({false, true, 0, AllFeatures, false});
  EXPECT_EQ(neither.verdict, Verdict::Fail);
  EXPECT_NE(user_only.advice.find("vm.unprivileged_userfaultfd=1"),
            std::string::npos);
  Report refused = judge_userfaultfd({false, false, EPERM, 0});
  EXPECT_EQ(refused.verdict, Verdict::Fail);
  EXPECT_NE(refused.advice.find("seccomp"), std::string::npos);
  Report absent = judge_userfaultfd({false, false, ENOSYS, 0});
  EXPECT_NE(absent.advice.find("CONFIG_USERFAULTFD"), std::string::npos);
}

TEST(Doctor, EachMissingFeatureIsNamed) {
  EXPECT_EQ(judge_userfault_features({true, false, 0, AllFeatures}).verdict,
            Verdict::Ok);
  Report minor = judge_userfault_features(
      {true, false, 0, AllFeatures & ~UFFD_FEATURE_MINOR_SHMEM});
  EXPECT_EQ(minor.verdict, Verdict::Fail);
  EXPECT_EQ(minor.finding, "the kernel lacks minor faults of shared memory");
}

TEST(Doctor, HugePagesByMode) {
  EXPECT_EQ(judge_huge_pages("always [madvise] never", "").verdict,
            Verdict::Ok);
  EXPECT_EQ(judge_huge_pages("[always] madvise never", "").verdict,
            Verdict::Ok);
  const Report never = judge_huge_pages("always madvise [never]", "");
  EXPECT_EQ(never.verdict, Verdict::Warn);
  EXPECT_NE(never.advice.find("madvise"), std::string::npos);
  EXPECT_EQ(judge_huge_pages("", "").verdict, Verdict::Warn);
}

TEST(Doctor, HugePagesOfAGuestThatReportsFreePages) {
  auto says_on_only = [](const std::string &order) {
    return judge_huge_pages("always [madvise] never", order)
               .finding.find("LOCO_HUGE_PAGES=on") != std::string::npos;
  };
  EXPECT_TRUE(says_on_only("9"));
  EXPECT_TRUE(says_on_only("0"));
  EXPECT_FALSE(says_on_only("10"));
  EXPECT_FALSE(says_on_only("-1"));
  EXPECT_FALSE(says_on_only("4294967295"));
}

TEST(Doctor, LockedMemoryMattersWithRdma) {
  EXPECT_EQ(judge_memlock(0, true, true).verdict, Verdict::Ok);
  EXPECT_EQ(judge_memlock(8 << 20, false, false).verdict, Verdict::Ok);
  EXPECT_EQ(judge_memlock(8 << 20, false, true).verdict, Verdict::Warn);
}

TEST(Doctor, ALoopbackHostNameIsExplained) {
  const HostAddress debian[] = {{"127.0.1.1", true, false}};
  Report report = judge_host_name("node7", "", debian, true);
  EXPECT_EQ(report.verdict, Verdict::Warn);
  EXPECT_NE(report.finding.find("no RDMA device owns"), std::string::npos);
  EXPECT_NE(report.advice.find("/etc/hosts"), std::string::npos);
  EXPECT_EQ(judge_host_name("node7", "", debian, false).verdict, Verdict::Ok);

  const HostAddress good[] = {{"127.0.1.1", true, false},
                              {"10.0.0.7", false, true}};
  EXPECT_EQ(judge_host_name("node7", "", good, true).verdict, Verdict::Ok);
  const HostAddress ethernet[] = {{"192.168.0.7", false, false}};
  EXPECT_EQ(judge_host_name("node7", "", ethernet, true).verdict,
            Verdict::Warn);
  Report unknown = judge_host_name("node7", "unknown name", {}, true);
  EXPECT_EQ(unknown.verdict, Verdict::Warn);
  EXPECT_NE(unknown.finding.find("does not resolve (unknown name)"),
            std::string::npos);
}

TEST(Doctor, StrictOvercommitFails) {
  EXPECT_EQ(judge_overcommit("0").verdict, Verdict::Ok);
  EXPECT_EQ(judge_overcommit("1").verdict, Verdict::Ok);
  EXPECT_EQ(judge_overcommit("2").verdict, Verdict::Fail);
}

TEST(Doctor, LinesSayVerdictFindingAndAdvice) {
  EXPECT_EQ(to_line({Verdict::Ok, "kernel", "6.1", ""}), "OK   kernel: 6.1\n");
  EXPECT_EQ(to_line({Verdict::Fail, "a", "b", "do c"}), "FAIL a: b; do c\n");
}

std::pair<int, std::string> run_doctor(const std::string &arguments) {
  FILE *pipe = popen((LOCO_DOCTOR " " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  char buffer[4096];
  while (std::size_t bytes = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, bytes);
  return {WEXITSTATUS(pclose(pipe)), output};
}

TEST(Doctor, StatusAgreesWithTheLines) {
  auto [status, output] = run_doctor("");
  EXPECT_EQ(status, output.find("FAIL ") == std::string::npos ? 0 : 1)
      << output;
  std::size_t lines = 0, judged = 0, at = 0;
  for (std::size_t end; (end = output.find('\n', at)) != std::string::npos;
       at = end + 1, ++lines) {
    const std::string line = output.substr(at, end - at);
    judged += line.starts_with("OK   ") || line.starts_with("WARN ") ||
              line.starts_with("FAIL ");
  }
  EXPECT_EQ(judged, check_machine().size());
  EXPECT_EQ(lines, judged + 1);
}

TEST(Doctor, ABadSettingFails) {
  setenv("LOCO_WINDOW", "huge", 1);
  auto [status, output] = run_doctor("");
  unsetenv("LOCO_WINDOW");
  EXPECT_EQ(status, 1);
  EXPECT_NE(output.find("FAIL settings: LOCO_WINDOW='huge'"),
            std::string::npos);
}

TEST(Doctor, OptionsAreChecked) {
  EXPECT_EQ(run_doctor("--help").first, 0);
  EXPECT_EQ(run_doctor("--version").first, 0);
  EXPECT_EQ(run_doctor("--nonsense").first, 2);
}

} // namespace
