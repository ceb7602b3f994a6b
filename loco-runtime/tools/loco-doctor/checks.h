// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// checks.h - what loco-doctor looks at. judge_*() say what a finding means and
// can be tested with any finding; check_*() make the finding on this machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace loco::doctor {

enum class Verdict { Ok, Warn, Fail };

struct Report {
  Verdict verdict;
  std::string what;    ///< e.g. "kernel"
  std::string finding; ///< e.g. "6.1.0, has what LOCO needs"
  std::string advice;  ///< what to do; empty where all is well
};

/// "OK    kernel: finding" and, where there is advice, "; advice", as one line.
std::string to_line(const Report &report);

struct HostAddress {
  std::string text; ///< numeric
  bool loopback;
  bool on_rdma_interface;
};

/// What became of userfaultfd(2).
struct UserfaultProbe {
  bool kernel_faults;     ///< it may serve faults of the kernel, too
  bool user_faults;       ///< UFFD_USER_MODE_ONLY works
  int error;              ///< errno where neither does
  std::uint64_t features; ///< that the kernel offers
  bool dispatch = true;   ///< system calls can be dispatched instead
};

Report judge_kernel(const std::string &release);
Report judge_userfaultfd(const UserfaultProbe &probe);
Report judge_userfault_features(const UserfaultProbe &probe);
/// Private memory, which is what a program has with one node.
/// `reporting_order`: of free page reporting, as the kernel has it.
Report judge_huge_pages(const std::string &enabled,
                        const std::string &reporting_order);
Report judge_memlock(std::uint64_t limit_bytes, bool unlimited,
                     bool has_rdma_devices);
Report judge_host_name(const std::string &name, const std::string &resolve_error,
                       std::span<const HostAddress> addresses,
                       bool has_rdma_devices);
Report judge_overcommit(const std::string &mode);

/// All checks of this machine, in order.
std::vector<Report> check_machine();

} // namespace loco::doctor
