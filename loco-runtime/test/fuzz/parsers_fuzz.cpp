// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// parsers_fuzz.cpp - libFuzzer on what reads bytes from outside: settings, the
// frames of the launch stream, and the look into an ELF file. The first byte of
// an input says which.

#include "base/settings.h"
#include "launch/elf_check.h"
#include "launch/protocol.h"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

// Variables are lines "NAME=value"; what is accepted is in its limits.
void read_settings(const std::string &text) {
  auto parsed = loco::parse_settings([&](const char *name) -> const char * {
    static std::string value;
    const std::string start = std::string(name) + "=";
    std::size_t at = 0;
    for (; at < text.size(); at = text.find('\n', at) + 1) {
      if (text.compare(at, start.size(), start) == 0) {
        value = text.substr(at + start.size(),
                            text.find('\n', at) - at - start.size());
        return value.c_str();
      }
      if (text.find('\n', at) == std::string::npos)
        break;
    }
    return nullptr;
  });
  if (!parsed.ok()) {
    require(!parsed.error().message.empty());
    return;
  }
  const loco::Settings &settings = parsed.value();
  require(settings.num_nodes <= loco::MaxNodes);
  require(settings.memory_nodes >= 0 && settings.threads >= 0);
}

// However the stream is cut, its frames are the same.
void read_frames(const std::string &stream) {
  using namespace loco::launch;
  FrameReader whole, pieces;
  whole.append(stream.data(), stream.size());
  std::size_t given = 0;
  for (;;) {
    auto frame = whole.next();
    auto same = pieces.next();
    while (same.ok() && !same.value() && given < stream.size()) {
      const std::size_t n = std::min<std::size_t>(3, stream.size() - given);
      pieces.append(stream.data() + given, n);
      given += n;
      same = pieces.next();
    }
    require(frame.ok() == same.ok());
    if (!frame.ok())
      return;
    require(frame.value().has_value() == same.value().has_value());
    if (!frame.value())
      return;
    require(frame.value()->payload == same.value()->payload);
    auto parts = unpack(frame.value()->payload);
    if (parts.ok())
      require(pack(parts.value()) == frame.value()->payload);
  }
}

void look_at_program(const std::string &file) {
  static const int fd = memfd_create("program", 0);
  require(fd >= 0 && ftruncate(fd, 0) == 0);
  require(pwrite(fd, file.data(), file.size(), 0) ==
          static_cast<ssize_t>(file.size()));
  loco::launch::program_kind("/proc/self/fd/" + std::to_string(fd));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t bytes) {
  if (bytes == 0)
    return 0;
  const std::string rest(reinterpret_cast<const char *>(data) + 1, bytes - 1);
  switch (data[0] % 3) {
  case 0:
    read_settings(rest);
    break;
  case 1:
    read_frames(rest);
    break;
  default:
    look_at_program(rest);
  }
  return 0;
}
