// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/protocol.h"

#include <cstring>

namespace loco::launch {

Result<std::optional<Frame>> FrameReader::next() {
  FrameHeader header;
  if (Buffer.size() < sizeof header)
    return std::optional<Frame>();
  std::memcpy(&header, Buffer.data(), sizeof header);
  const auto kind = static_cast<std::uint32_t>(header.kind);
  if (kind < static_cast<std::uint32_t>(FrameKind::Hello) ||
      kind > static_cast<std::uint32_t>(FrameKind::Failure) ||
      header.bytes > MaxFrameBytes)
    return Error{"the launch stream carries something else than LOCO's "
                 "messages"};
  if (Buffer.size() < sizeof header + header.bytes)
    return std::optional<Frame>();
  Frame frame{header.kind, Buffer.substr(sizeof header, header.bytes)};
  Buffer.erase(0, sizeof header + header.bytes);
  return std::optional<Frame>(std::move(frame));
}

std::string encode(FrameKind kind, const std::string &payload) {
  FrameHeader header{kind, static_cast<std::uint32_t>(payload.size())};
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) +
         payload;
}

std::string pack(const std::vector<std::string> &parts) {
  std::string packed;
  for (const std::string &part : parts) {
    auto bytes = static_cast<std::uint32_t>(part.size());
    packed.append(reinterpret_cast<const char *>(&bytes), sizeof bytes);
    packed += part;
  }
  return packed;
}

Result<std::vector<std::string>> unpack(const std::string &packed) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < packed.size()) {
    std::uint32_t bytes;
    if (packed.size() - at < sizeof bytes)
      return Error{"a gathered message is cut off"};
    std::memcpy(&bytes, packed.data() + at, sizeof bytes);
    at += sizeof bytes;
    if (packed.size() - at < bytes)
      return Error{"a gathered message is cut off"};
    parts.push_back(packed.substr(at, bytes));
    at += bytes;
  }
  return parts;
}

} // namespace loco::launch
