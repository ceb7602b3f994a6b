// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// judge.cpp - what the findings mean for LOCO, and what to do about them.
#include "checks.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/userfaultfd.h>

namespace loco::doctor {

std::string to_line(const Report &report) {
  const char *verdicts[] = {"OK   ", "WARN ", "FAIL "};
  std::string line = verdicts[static_cast<int>(report.verdict)];
  line += report.what + ": " + report.finding;
  if (!report.advice.empty())
    line += "; " + report.advice;
  return line + "\n";
}

Report judge_kernel(const std::string &release) {
  int major = 0, minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2)
    return {Verdict::Warn, "kernel", "release '" + release + "' is not known",
            ""};
  // 5.19 is the first with write protection of shared memory.
  if (major > 5 || (major == 5 && minor >= 19))
    return {Verdict::Ok, "kernel", release, ""};
  return {Verdict::Fail, "kernel", release,
          "several nodes need Linux 5.19 or later"};
}

Report judge_userfaultfd(const UserfaultProbe &probe) {
  if (probe.kernel_faults)
    return {Verdict::Ok, "userfaultfd",
            "serves faults of programs and of the kernel", ""};
  if (probe.user_faults && probe.dispatch)
    return {Verdict::Ok, "userfaultfd",
            "serves faults of programs; system calls are dispatched, which "
            "adds some microseconds to each",
            "to spare them, as root: sysctl vm.unprivileged_userfaultfd=1"};
  if (probe.user_faults)
    return {Verdict::Fail, "userfaultfd",
            "serves faults of programs only, and system calls cannot be "
            "dispatched (PR_SET_SYSCALL_USER_DISPATCH)",
            "as root: sysctl vm.unprivileged_userfaultfd=1"};
  return {Verdict::Fail, "userfaultfd",
          std::string("refused (") + std::strerror(probe.error) + ")",
          probe.error == ENOSYS
              ? "use a kernel with CONFIG_USERFAULTFD"
              : "a container's seccomp profile has to allow it, e.g. docker "
                "run --security-opt seccomp=unconfined"};
}

Report judge_userfault_features(const UserfaultProbe &probe) {
  struct {
    std::uint64_t bit;
    const char *name;
  } needed[] = {{UFFD_FEATURE_PAGEFAULT_FLAG_WP, "write protection"},
                {UFFD_FEATURE_MISSING_SHMEM, "missing pages of shared memory"},
                {UFFD_FEATURE_MINOR_SHMEM, "minor faults of shared memory"},
                {UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
                 "write protection of shared memory"}};
  std::string missing;
  for (auto &[bit, name] : needed)
    if (!(probe.features & bit))
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  if (missing.empty())
    return {Verdict::Ok, "userfaultfd features", "all that LOCO needs", ""};
  if (!probe.kernel_faults && !probe.user_faults)
    return {Verdict::Fail, "userfaultfd features",
            "not known, since userfaultfd is refused", ""};
  return {Verdict::Fail, "userfaultfd features", "the kernel lacks " + missing,
          "use Linux 5.19 or later with CONFIG_PTE_MARKER_UFFD_WP"};
}

Report judge_huge_pages(const std::string &enabled,
                        const std::string &reporting_order) {
  const std::string what = "huge pages";
  const std::size_t open = enabled.find('[');
  const std::size_t close = enabled.find(']');
  if (open == std::string::npos || close == std::string::npos)
    return {Verdict::Warn, what, "not known to this kernel",
            "with one node, random access to large data will be slower"};
  const std::string mode = enabled.substr(open + 1, close - open - 1);
  if (mode == "never")
    return {Verdict::Warn, what,
            "never (with one node, random access to large data is slower)",
            "as root: echo madvise > "
            "/sys/kernel/mm/transparent_hugepage/enabled"};
  // As in huge_pages.cpp: of blocks of 2 MiB (order 9).
  if (!reporting_order.empty() && std::atol(reporting_order.c_str()) >= 0 &&
      std::atol(reporting_order.c_str()) <= 9)
    return {Verdict::Ok, what,
            mode +
                ", but free memory goes back to a hypervisor, which makes "
                "them slow at first touch: used with LOCO_HUGE_PAGES=on only",
            ""};
  return {Verdict::Ok, what,
          mode + ": used with one node for large allocations and arrays", ""};
}

Report judge_memlock(std::uint64_t limit_bytes, bool unlimited,
                     bool has_rdma_devices) {
  if (unlimited)
    return {Verdict::Ok, "locked memory", "no limit", ""};
  const std::string finding =
      "at most " + std::to_string(limit_bytes >> 10) + " KiB";
  if (!has_rdma_devices)
    return {Verdict::Ok, "locked memory",
            finding + " (without an RDMA device nothing is locked)", ""};
  return {Verdict::Warn, "locked memory",
          finding + ", but RDMA locks all memory that it reaches",
          "ulimit -l unlimited, or memlock in /etc/security/limits.conf"};
}

Report judge_host_name(const std::string &name,
                       const std::string &resolve_error,
                       std::span<const HostAddress> addresses,
                       bool has_rdma_devices) {
  const std::string what = "host name";
  if (addresses.empty())
    return {has_rdma_devices ? Verdict::Warn : Verdict::Ok, what,
            "'" + name + "' does not resolve" +
                (resolve_error.empty() ? "" : " (" + resolve_error + ")") +
                ", so rdma_getaddrinfo() of it fails, too",
            has_rdma_devices
                ? "put the address of the RDMA interface into /etc/hosts"
                : ""};
  std::string list;
  for (const HostAddress &address : addresses)
    list += (list.empty() ? "" : ", ") + address.text;
  const bool all_loopback =
      std::all_of(addresses.begin(), addresses.end(),
                  [](const HostAddress &a) { return a.loopback; });
  const bool any_rdma =
      std::any_of(addresses.begin(), addresses.end(),
                  [](const HostAddress &a) { return a.on_rdma_interface; });
  std::string finding = "'" + name + "' is " + list;
  if (any_rdma)
    return {Verdict::Ok, what, finding + ", on an RDMA device", ""};
  finding += all_loopback
                 ? ": loopback, which no RDMA device owns, so rdma_getaddrinfo() "
                   "and rdma_bind_addr() of the name lead to no device"
                 : ": no RDMA device owns it";
  if (!has_rdma_devices)
    return {Verdict::Ok, what, finding + " (there is none here)", ""};
  return {Verdict::Warn, what, finding,
          "in /etc/hosts, give the name the address of the RDMA interface "
          "instead of 127.0.0.1 or 127.0.1.1"};
}

Report judge_overcommit(const std::string &mode) {
  if (mode != "2")
    return {Verdict::Ok, "overcommit", "vm.overcommit_memory is " + mode, ""};
  return {Verdict::Fail, "overcommit",
          "vm.overcommit_memory is 2, which counts address space that is only "
          "reserved",
          "as root: sysctl vm.overcommit_memory=0, or a smaller LOCO_WINDOW"};
}

} // namespace loco::doctor
