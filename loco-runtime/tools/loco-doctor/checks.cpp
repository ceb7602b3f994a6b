// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// checks.cpp - looks at this machine, by trying what the runtime does.
#include "checks.h"
#include "base/settings.h"
#include "loco/abi.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <ifaddrs.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <set>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace fs = std::filesystem;

namespace loco::doctor {
namespace {

/// The start of the shared address space (memory/layout.h).
constexpr std::uintptr_t WindowBase = 0x200000000000;

std::string first_line(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string why() { return std::strerror(errno); }

UserfaultProbe probe_userfaultfd() {
  UserfaultProbe probe{};
  int fd = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  probe.kernel_faults = fd >= 0;
  if (fd < 0) {
    fd = static_cast<int>(syscall(
        SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
    probe.user_faults = fd >= 0;
    probe.error = errno;
    probe.dispatch = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF,
                           0, 0, 0) == 0;
  }
  if (fd >= 0) {
    uffdio_api api{};
    api.api = UFFD_API; // with no features asked, the kernel lists all it has
    if (ioctl(fd, UFFDIO_API, &api) == 0)
      probe.features = api.features;
    close(fd);
  }
  return probe;
}

Report check_personality() {
  const int before = personality(0xffffffff);
  if (before < 0 || personality(before | ADDR_NO_RANDOMIZE) < 0)
    return {Verdict::Fail, "address randomisation",
            "cannot be switched off (personality: " + why() + ")",
            "a container's seccomp profile has to allow it, e.g. docker run "
            "--security-opt seccomp=unconfined"};
  personality(before);
  return {Verdict::Ok, "address randomisation", "can be switched off", ""};
}

/// Maps the shadow and two views of the window where the runtime does.
Report check_address_space(std::uint64_t window_bytes) {
  const std::string what = "address space";
  const std::string window = std::to_string(window_bytes >> 20) + " MiB";
  auto fail = [&](const std::string &finding) -> Report {
    return {Verdict::Fail, what, finding + ": " + why(),
            "raise the limit of address space (ulimit -v), or set a smaller "
            "LOCO_WINDOW"};
  };
  int fd = memfd_create("loco-doctor", MFD_CLOEXEC);
  if (fd < 0)
    return {Verdict::Fail, what, "memfd_create: " + why(),
            "a container's seccomp profile has to allow it"};
  if (ftruncate(fd, static_cast<off_t>(window_bytes)) != 0) {
    Report report = fail("cannot make a memfd of " + window);
    close(fd);
    return report;
  }
  struct {
    std::uintptr_t address;
    std::uint64_t bytes;
    int flags;
    int fd;
    const char *name;
  } maps[] = {
      {LOCO_SHADOW_BASE, LOCO_SHADOW_BYTES,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, "the shadow"},
      {WindowBase, window_bytes, MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
       "the window"},
      {0, window_bytes, MAP_SHARED, fd, "a second view of the window"},
  };
  Report report{Verdict::Ok, what,
                "the shadow and a window of " + window + " can be mapped", ""};
  for (auto &map : maps) {
    void *mapped =
        mmap(reinterpret_cast<void *>(map.address), map.bytes,
             PROT_READ | PROT_WRITE, map.flags | MAP_NORESERVE, map.fd, 0);
    if (mapped == MAP_FAILED) {
      report = fail(std::string("cannot map ") + map.name);
      break;
    }
    map.address = reinterpret_cast<std::uintptr_t>(mapped);
    map.fd = -2; // mapped
  }
  for (auto &map : maps)
    if (map.fd == -2)
      munmap(reinterpret_cast<void *>(map.address), map.bytes);
  close(fd);
  return report;
}

/// May one node open another's memory? Tried with a child.
Report check_peers() {
  const std::string what = "memory of peers";
  int fd = memfd_create("loco-doctor", MFD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pause();
    _exit(0);
  }
  Report report{Verdict::Ok, what, "nodes of one machine can share it", ""};
  const std::string path =
      "/proc/" + std::to_string(child) + "/fd/" + std::to_string(fd);
  int opened = child < 0 ? -1 : open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (opened < 0)
    report = {Verdict::Fail, what,
              "cannot open that of another process (" + why() + ")",
              "/proc must be mounted, and nodes must run as one user"};
  else
    close(opened);
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  close(fd);
  return report;
}

/// The RDMA devices, and the network interfaces behind their GIDs.
struct RdmaDevices {
  std::vector<std::string> names;
  std::set<std::string> interfaces;
};

RdmaDevices rdma_devices() {
  RdmaDevices devices;
  std::error_code ignored;
  for (auto &device : fs::directory_iterator("/sys/class/infiniband", ignored)) {
    devices.names.push_back(device.path().filename());
    std::error_code none;
    for (auto &entry :
         fs::recursive_directory_iterator(device.path() / "ports", none))
      if (entry.path().parent_path().filename() == "ndevs")
        if (std::string name = first_line(entry.path()); !name.empty())
          devices.interfaces.insert(name);
    for (auto &entry :
         fs::directory_iterator(device.path() / "device" / "net", none))
      devices.interfaces.insert(entry.path().filename());
  }
  return devices;
}

Report check_rdma_devices(const RdmaDevices &devices) {
  const std::string what = "RDMA devices";
  if (devices.names.empty())
    return {Verdict::Ok, what, "none; nodes of this machine use shared memory",
            ""};
  std::string list;
  for (const std::string &name : devices.names)
    list += (list.empty() ? "" : ", ") + name;
  std::error_code ignored;
  int usable = 0;
  for (auto &entry : fs::directory_iterator("/dev/infiniband", ignored))
    if (entry.path().filename().string().starts_with("uverbs") &&
        access(entry.path().c_str(), R_OK | W_OK) == 0)
      ++usable;
  if (usable == 0)
    return {Verdict::Warn, what,
            list + ", but no /dev/infiniband/uverbs* may be opened",
            "load ib_uverbs; pass /dev/infiniband into the container; be in "
            "its group"};
  return {Verdict::Ok, what, list, ""};
}

Report check_host_name(const RdmaDevices &devices) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  // Whose address is it?
  auto numeric = [](const sockaddr *address) -> std::string {
    char text[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET)
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in *>(address)->sin_addr,
                text, sizeof text);
    else if (address->sa_family == AF_INET6)
      inet_ntop(AF_INET6,
                &reinterpret_cast<const sockaddr_in6 *>(address)->sin6_addr,
                text, sizeof text);
    return text;
  };
  std::set<std::string> rdma_addresses;
  ifaddrs *interfaces = nullptr;
  if (getifaddrs(&interfaces) == 0) {
    for (ifaddrs *i = interfaces; i; i = i->ifa_next)
      if (i->ifa_addr && devices.interfaces.count(i->ifa_name))
        rdma_addresses.insert(numeric(i->ifa_addr));
    freeifaddrs(interfaces);
  }
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  std::vector<HostAddress> addresses;
  const int error = getaddrinfo(name, nullptr, &hints, &found);
  for (addrinfo *a = error ? nullptr : found; a; a = a->ai_next) {
    const std::string text = numeric(a->ai_addr);
    addresses.push_back({text, text.starts_with("127.") || text == "::1",
                         rdma_addresses.count(text) != 0});
  }
  if (!error)
    freeaddrinfo(found);
  return judge_host_name(name, error ? gai_strerror(error) : "", addresses,
                         !devices.names.empty());
}

} // namespace

std::vector<Report> check_machine() {
  std::vector<Report> reports;
  Result<Settings> settings = parse_settings(
      [](const char *name) -> const char * { return std::getenv(name); });
  const std::uint64_t window =
      settings.ok() ? settings.value().window_bytes : std::uint64_t(64) << 30;
  reports.push_back(settings.ok()
                        ? Report{Verdict::Ok, "settings", "valid", ""}
                        : Report{Verdict::Fail, "settings",
                                 settings.error().message, ""});

  utsname system{};
  uname(&system);
  reports.push_back(judge_kernel(system.release));
  const UserfaultProbe probe = probe_userfaultfd();
  reports.push_back(judge_userfaultfd(probe));
  reports.push_back(judge_userfault_features(probe));
  reports.push_back(check_personality());
  reports.push_back(
      judge_overcommit(first_line("/proc/sys/vm/overcommit_memory")));
  reports.push_back(check_address_space(window));
  reports.push_back(check_peers());
  reports.push_back(judge_huge_pages(
      first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
      first_line(
          "/sys/module/page_reporting/parameters/page_reporting_order")));

  const RdmaDevices devices = rdma_devices();
  reports.push_back(check_rdma_devices(devices));
  rlimit locked{};
  getrlimit(RLIMIT_MEMLOCK, &locked);
  reports.push_back(judge_memlock(locked.rlim_cur,
                                  locked.rlim_cur == RLIM_INFINITY,
                                  !devices.names.empty()));
  reports.push_back(check_host_name(devices));
  return reports;
}

} // namespace loco::doctor
