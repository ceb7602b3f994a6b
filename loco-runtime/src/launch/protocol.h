// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// protocol.h - what a node and its launcher say to each other over the stream
// LOCO_LAUNCH_FD: frames of a kind and some bytes.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loco::launch {

inline constexpr std::uint32_t ProtocolVersion = 1;

enum class FrameKind : std::uint32_t {
  Hello = 1, ///< node: "version pid build-id", before anything else
  Gather,    ///< node: its bytes of an all_gather
  Gathered,  ///< launcher: pack()ed bytes of all nodes
  Stats,     ///< node: a JSON object
  Exit,      ///< node: the job's exit status, in decimal
  Failure    ///< node: its last words
};

struct Frame {
  FrameKind kind;
  std::string payload;
};

inline constexpr std::uint32_t MaxFrameBytes = 64 << 20;

struct FrameHeader {
  FrameKind kind;
  std::uint32_t bytes;
};

/// Cuts a stream into frames.
class FrameReader {
public:
  void append(const char *data, std::size_t bytes) { Buffer.append(data, bytes); }
  /// The next whole frame, or nothing yet. An error where the stream is not
  /// ours.
  Result<std::optional<Frame>> next();

private:
  std::string Buffer;
};

std::string encode(FrameKind kind, const std::string &payload);

/// Several strings as one, and back.
std::string pack(const std::vector<std::string> &parts);
Result<std::vector<std::string>> unpack(const std::string &packed);

} // namespace loco::launch
