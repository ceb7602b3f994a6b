// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// symbolizer.cpp - asks llvm-symbolizer, one run for all queries.

#include "base/symbolizer.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace loco {
namespace {

/// The object that an address lies in.
struct Object {
  std::string path;
  std::uint64_t offset = 0; ///< of the address, from where it was linked to be
};

Object object_of(std::uint64_t address) {
  struct Search {
    std::uint64_t address;
    Object found;
  } search{address, {}};
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t, void *argument) {
        auto &search = *static_cast<Search *>(argument);
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr) &header = info->dlpi_phdr[i];
          std::uint64_t offset = search.address - info->dlpi_addr;
          if (header.p_type != PT_LOAD ||
              offset - header.p_vaddr >= header.p_memsz)
            continue;
          search.found = {info->dlpi_name, offset};
          return 1;
        }
        return 0;
      },
      &search);
  if (search.found.offset != 0 && search.found.path.empty()) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    search.found.path.assign(path, length > 0 ? length : 0);
  }
  return search.found;
}

std::string plain_place(const Object &object, std::uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx",
                static_cast<unsigned long long>(
                    object.path.empty() ? address : object.offset));
  if (object.path.empty())
    return text;
  return object.path.substr(object.path.rfind('/') + 1) + "+" + text;
}

/// What the symbolizer prints; empty where it cannot be run.
std::string run_symbolizer(const std::vector<std::string> &questions) {
  std::vector<char *> arguments;
  for (const char *option : {"", "--inlines", "--demangle"})
    arguments.push_back(const_cast<char *>(option));
  for (const std::string &question : questions)
    arguments.push_back(const_cast<char *>(question.c_str()));
  arguments.push_back(nullptr);
  // That of the compiler first: it knows the debug information that it writes.
  const std::string own = "llvm-symbolizer-" + std::to_string(__clang_major__);
  for (const char *program : {own.c_str(), "llvm-symbolizer"}) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      return "";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    arguments[0] = const_cast<char *>(program);
    pid_t child;
    int error = posix_spawnp(&child, program, &actions, nullptr,
                             arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string output;
    if (error == 0) {
      char buffer[4096];
      for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        output.append(buffer, n);
      waitpid(child, nullptr, 0);
    }
    close(ends[0]);
    if (!output.empty())
      return output;
  }
  return "";
}

/// Takes the first line from `text`.
std::string_view take_line(std::string_view &text) {
  std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

bool is_known(std::string_view place) {
  return !place.empty() && place.front() != '?';
}

/// Whether an object or a source file is the program's own.
bool is_program(const std::string &path) {
  for (const char *part : {"/usr/", "/lib/", "/lib64/", "./"})
    if (path.starts_with(part))
      return false;
  return path.find("/libloco.so") == std::string::npos &&
         path.find("/libomp.so") == std::string::npos;
}

/// One answer: two lines a frame, up to an empty line.
std::vector<SourceFrame> parse_code(std::string_view &output,
                                    const std::string &plain) {
  std::vector<SourceFrame> frames;
  for (std::string_view name; !(name = take_line(output)).empty();) {
    std::string_view place = take_line(output);
    frames.push_back({std::string(is_known(name) ? name : ""),
                      is_known(place) ? std::string(place) : plain});
  }
  return frames;
}

/// A name, "start size", and in newer versions a place, up to an empty line.
std::vector<SourceFrame> parse_data(std::string_view &output,
                                    const Object &object) {
  SourceFrame frame;
  frame.name = take_line(output);
  std::sscanf(std::string(take_line(output)).c_str(), "%lu %lu", &frame.start,
              &frame.bytes);
  for (std::string_view line; !(line = take_line(output)).empty();)
    if (is_known(line))
      frame.place = line;
  if (!is_known(frame.name) || object.offset - frame.start >= frame.bytes)
    return {};
  return {frame};
}

} // namespace

std::vector<std::vector<SourceFrame>>
symbolize(std::span<const SourceQuery> queries) {
  std::vector<Object> objects;
  std::vector<std::string> questions;
  for (const SourceQuery &query : queries) {
    Object object = object_of(query.address);
    char offset[32];
    std::snprintf(offset, sizeof offset, "0x%llx",
                  static_cast<unsigned long long>(object.offset));
    if (!object.path.empty())
      questions.push_back(
          std::string(query.kind == SourceQuery::Code ? "CODE \"" : "DATA \"") +
          object.path + "\" " + offset);
    objects.push_back(std::move(object));
  }
  const std::string output =
      questions.empty() ? std::string() : run_symbolizer(questions);
  std::string_view rest = output;
  std::vector<std::vector<SourceFrame>> answers;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Object &object = objects[i];
    std::vector<SourceFrame> frames;
    const std::string plain = plain_place(object, queries[i].address);
    if (!object.path.empty() && !rest.empty())
      frames = queries[i].kind == SourceQuery::Code ? parse_code(rest, plain)
                                                    : parse_data(rest, object);
    if (frames.empty() && queries[i].kind == SourceQuery::Code)
      frames.push_back({"", plain});
    for (SourceFrame &frame : frames)
      frame.is_program = is_program(object.path) && is_program(frame.place);
    answers.push_back(std::move(frames));
  }
  return answers;
}

} // namespace loco
