// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// settings.h - every environment variable of LOCO, declared once (in the table
// of settings.cpp). loco-run --help and the documentation come from the table.
#pragma once

#include "base/result.h"
#include "loco/placement.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace loco {

/// The most nodes that a job may have.
inline constexpr int MaxNodes = 64;

enum class HugePages { Auto, On, Off };
enum class RaceMode { Off, Report, Abort };

/// The environment of this process, checked.
struct Settings {
  std::uint64_t window_bytes = 0;
  std::uint64_t cache_bytes = 0; ///< 0: unlimited
  std::string fabric; ///< empty: chosen by what is there
  std::uint64_t fabric_latency_ns = 0; ///< added
  std::uint64_t chaos = 0;             ///< the seed; 0: none
  std::string verbs_address; ///< empty: that of the first RDMA device found
  int node = -1;      ///< -1: not started by a launcher
  int num_nodes = -1;
  int memory_nodes = 0; ///< how many of them, the last ones, run no threads
  int launch_fd = -1;
  int threads = 0; ///< threads a node; 0: the machine's cores
  std::uint64_t objects_per_node = 0; ///< of kvstore mode
  bool bind_cores = true; ///< each node of loco-run to its share
  bool stats = false;
  RaceMode race = RaceMode::Off;
  std::optional<loco_placement> placement; ///< nothing: as fits the job
  HugePages huge_pages = HugePages::Auto;
  int migration = 2; ///< intervals of sole writing; 0: off, -1: always
};

enum class SettingKind { Bytes, Time, Integer, Flag, Choice, Text };

/// One row of the table.
struct SettingInfo {
  const char *name; ///< of the environment variable
  SettingKind kind;
  const char *default_text;
  const char *help;
  const char *choices; ///< Choice: by '|'; Bytes, Time: a word for 0; Integer:
                       ///< words, and last "N"
  std::int64_t low, high; ///< Bytes, Time (ns), Integer: what is allowed
  bool internal;          ///< set by the launcher, not by users
  /// Puts a valid value into its place; `number` or `text` by kind.
  void (*store)(Settings &into, std::int64_t number, const std::string &text);
};

std::span<const SettingInfo> setting_table();

/// Reads all settings through `get` (null where a variable is not set). An
/// error names the variable, its value, and what is allowed.
using Environment = std::function<const char *(const char *name)>;
Result<Settings> parse_settings(const Environment &get);

/// The settings of this process, read at the first call; fatal() when bad.
const Settings &settings();

/// "64G" -> bytes: a whole number with an optional suffix K, M, G or T.
Result<std::uint64_t> parse_bytes(const std::string &text);
/// "30us" -> nanoseconds: a whole number with one of the suffixes ns, us, ms.
Result<std::uint64_t> parse_time(const std::string &text);
/// A whole number, nothing else.
Result<std::int64_t> parse_integer(const std::string &text);

/// What a variable may be set to, in words.
std::string allowed_values(const SettingInfo &info);

/// The values of a variable of kind Choice.
std::vector<std::string> setting_choices(const std::string &name);

/// The variables that users may set, as text for --help.
std::string settings_help();

} // namespace loco
