// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/program_path.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace loco::launch {
namespace {

/// 0, or why the file cannot be run.
int why_not(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    return errno;
  if (S_ISDIR(status.st_mode))
    return EISDIR;
  return access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

} // namespace

ProgramPath find_program(const std::string &name) {
  if (name.empty())
    return {name, ENOENT};
  if (name.find('/') != std::string::npos)
    return {name, why_not(name)};
  const char *variable = std::getenv("PATH");
  std::string folders = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  int error = ENOENT;
  for (std::size_t at = 0; at <= folders.size();) {
    std::size_t end = folders.find(':', at);
    if (end == std::string::npos)
      end = folders.size();
    std::string folder = folders.substr(at, end - at);
    std::string path = (folder.empty() ? "." : folder) + "/" + name;
    int reason = why_not(path);
    if (reason == 0)
      return {path, 0};
    if (reason == EACCES)
      error = EACCES;
    at = end + 1;
  }
  return {name, error};
}

std::vector<pid_t> children_of_self() {
  std::ifstream file("/proc/self/task/" + std::to_string(gettid()) +
                     "/children");
  std::vector<pid_t> children;
  for (pid_t pid; file >> pid;)
    children.push_back(pid);
  return children;
}

} // namespace loco::launch
