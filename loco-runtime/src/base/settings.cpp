// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/settings.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace loco {
namespace {

constexpr std::int64_t KiB = 1 << 10;
constexpr std::int64_t MiB = 1 << 20;
constexpr std::int64_t TiB = std::int64_t(1) << 40;

using Text = const std::string &;

constexpr SettingInfo Table[] = {
    {"LOCO_WINDOW", SettingKind::Bytes, "64G",
     "Size of the shared address space, the same on all nodes.", nullptr,
     64 * MiB, 8 * TiB, false,
     [](Settings &into, std::int64_t number, Text) {
       into.window_bytes = number;
     }},
    {"LOCO_CACHE", SettingKind::Bytes, "unlimited",
     "Memory that each node may use for copies of other nodes' data.",
     "unlimited", 256 * KiB, 8 * TiB, false,
     [](Settings &into, std::int64_t number, Text) {
       into.cache_bytes = number;
     }},
    {"LOCO_FABRIC", SettingKind::Choice, "auto",
     "Network between the nodes; auto: shm where all nodes share a machine, "
     "else verbs.",
     "auto|shm|verbs", 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       into.fabric = text == "auto" ? "" : text;
     }},
    {"LOCO_FABRIC_LATENCY", SettingKind::Time, "none",
     "So much longer does each wait for another node take, and each message: to "
     "see what a program would do over a slower network.",
     "none", 1, 50'000'000, false,
     [](Settings &into, std::int64_t number, Text) {
       into.fabric_latency_ns = number;
     }},
    {"LOCO_CHAOS", SettingKind::Integer, "off",
     "A seed from which the network delays and reorders what may come late or in "
     "another order (for tests).",
     "off|N", 1, 1'000'000'000, false,
     [](Settings &into, std::int64_t number, Text) { into.chaos = number; }},
    {"LOCO_VERBS_ADDRESS", SettingKind::Text, "auto",
     "IP address of the RDMA device to use; a list, separated by commas, "
     "serves node after node; auto: the first device that has one.",
     nullptr, 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       into.verbs_address = text == "auto" ? "" : text;
     }},
    {"LOCO_THREADS", SettingKind::Integer, "0",
     "Threads that each node runs; 0: its share of the machine's cores.",
     nullptr, 0, 4096, false,
     [](Settings &into, std::int64_t number, Text) { into.threads = number; }},
    {"LOCO_BIND", SettingKind::Choice, "on",
     "Whether each node of loco-run has a share of the cores to itself, where "
     "there is at least one for each.",
     "on|off", 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       into.bind_cores = text == "on";
     }},
    {"LOCO_PLACEMENT", SettingKind::Choice, "auto",
     "Which node is home to 64 KiB of a large allocation or of global "
     "variables: who touches it first; the nodes in turn; equal parts; who "
     "allocates. auto: by first touch, or in turn over memory nodes.",
     "auto|first-touch|interleave|block|local", 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       if (text == "auto")
         return;
       into.placement = text == "interleave" ? LOCO_PLACEMENT_INTERLEAVE
                        : text == "block"    ? LOCO_PLACEMENT_BLOCK
                        : text == "local"    ? LOCO_PLACEMENT_LOCAL
                                             : LOCO_PLACEMENT_FIRST_TOUCH;
     }},
    {"LOCO_MIGRATION", SettingKind::Integer, "2",
     "Blocks of 4 KiB that one node alone has written between so many pairs of "
     "barriers move to that node; off: never; always: whoever else writes (for "
     "tests).",
     "off|always|N", 1, 1000, false,
     [](Settings &into, std::int64_t number, Text text) {
       into.migration = text == "always" ? -1 : static_cast<int>(number);
     }},
    {"LOCO_HUGE_PAGES", SettingKind::Choice, "auto",
     "With one node, large allocations and global arrays get pages of 2 MiB; "
     "auto: unless the machine gives free memory back to a hypervisor.",
     "auto|on|off", 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       into.huge_pages = text == "on"    ? HugePages::On
                         : text == "off" ? HugePages::Off
                                         : HugePages::Auto;
     }},
    {"LOCO_OBJECTS", SettingKind::Integer, "1048576",
     "Heap objects for which each node's part of the table has room, in "
     "programs of -floco-mode=kvstore.",
     nullptr, 1024, 1 << 30, false,
     [](Settings &into, std::int64_t number, Text) {
       into.objects_per_node = number;
     }},
    {"LOCO_RACE", SettingKind::Choice, "off",
     "report: data races are reported, where two nodes write the same memory "
     "with no synchronisation between; abort: the first one ends the job. For "
     "several nodes; programs run slower.",
     "off|report|abort", 0, 0, false,
     [](Settings &into, std::int64_t, Text text) {
       into.race = text == "report"  ? RaceMode::Report
                   : text == "abort" ? RaceMode::Abort
                                     : RaceMode::Off;
     }},
    {"LOCO_STATS", SettingKind::Flag, "0",
     "1: nodes count what they do, and report it at exit.", nullptr, 0, 1,
     false,
     [](Settings &into, std::int64_t number, Text) {
       into.stats = number != 0;
     }},
    {"LOCO_NODE", SettingKind::Integer, "none", "This process's node.", nullptr,
     0, MaxNodes - 1, true,
     [](Settings &into, std::int64_t number, Text) { into.node = number; }},
    {"LOCO_NUM_NODES", SettingKind::Integer, "none", "Nodes of the job.",
     nullptr, 1, MaxNodes, true,
     [](Settings &into, std::int64_t number, Text) {
       into.num_nodes = number;
     }},
    {"LOCO_MEMORY_NODES", SettingKind::Integer, "none",
     "How many of them, the last ones, only give memory.", nullptr, 0,
     MaxNodes - 1, true,
     [](Settings &into, std::int64_t number, Text) {
       into.memory_nodes = number;
     }},
    {"LOCO_LAUNCH_FD", SettingKind::Integer, "none",
     "Descriptor of the stream to the launcher.", nullptr, 0, 1 << 20, true,
     [](Settings &into, std::int64_t number, Text) {
       into.launch_fd = number;
     }},
};

std::string human_bytes(std::int64_t bytes) {
  const char *suffixes[] = {"", "K", "M", "G", "T"};
  int index = 0;
  while (index < 4 && bytes % 1024 == 0 && bytes != 0) {
    bytes /= 1024;
    ++index;
  }
  return std::to_string(bytes) + suffixes[index];
}

std::string human_time(std::int64_t nanos) {
  const char *suffixes[] = {"ns", "us", "ms"};
  int index = 0;
  while (index < 2 && nanos % 1000 == 0 && nanos != 0) {
    nanos /= 1000;
    ++index;
  }
  return std::to_string(nanos) + suffixes[index];
}

std::vector<std::string> choices_of(const SettingInfo &info) {
  std::vector<std::string> choices(1);
  for (const char *c = info.choices; *c; ++c)
    if (*c == '|')
      choices.emplace_back();
    else
      choices.back() += *c;
  return choices;
}

/// The words that an Integer may be in place of a number: its choices but for
/// the last, which stands for the number.
std::vector<std::string> words_of(const SettingInfo &info) {
  if (info.kind != SettingKind::Integer || !info.choices)
    return {};
  std::vector<std::string> words = choices_of(info);
  words.pop_back();
  return words;
}

std::string listed(const std::vector<std::string> &words) {
  std::string list;
  for (const std::string &word : words)
    list += (list.empty() ? "" : ", ") + word;
  return list;
}

} // namespace

std::span<const SettingInfo> setting_table() { return Table; }

std::vector<std::string> setting_choices(const std::string &name) {
  for (const SettingInfo &info : Table)
    if (name == info.name && info.choices)
      return choices_of(info);
  return {};
}

std::string allowed_values(const SettingInfo &info) {
  switch (info.kind) {
  case SettingKind::Bytes:
    return (info.choices ? std::string(info.choices) + ", or " : "") +
           "a size from " + human_bytes(info.low) + " to " +
           human_bytes(info.high) +
           ", a whole number of bytes with an optional suffix K, M, G or T";
  case SettingKind::Time:
    return (info.choices ? std::string(info.choices) + ", or " : "") +
           "a time from " + human_time(info.low) + " to " +
           human_time(info.high) +
           ", a whole number with the suffix ns, us or ms";
  case SettingKind::Integer:
    return (info.choices ? listed(words_of(info)) + ", or " : std::string()) +
           "a whole number from " + std::to_string(info.low) + " to " +
           std::to_string(info.high);
  case SettingKind::Flag:
    return "0 or 1";
  case SettingKind::Choice:
    return "one of " + listed(choices_of(info));
  case SettingKind::Text:
    return "any text";
  }
  return "";
}

Result<std::int64_t> parse_integer(const std::string &text) {
  std::int64_t number = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end)
    return Error{"'" + text + "' is not a whole number"};
  return number;
}

Result<std::uint64_t> parse_bytes(const std::string &text) {
  std::uint64_t number = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  unsigned shift = 0;
  if (error == std::errc() && end - stop == 1) {
    std::size_t suffix = std::string_view("KMGT").find(*stop);
    if (suffix != std::string_view::npos) {
      shift = 10 * (suffix + 1);
      ++stop;
    }
  }
  if (error != std::errc() || stop != end || number > (UINT64_MAX >> shift))
    return Error{"'" + text + "' is not a size"};
  return number << shift;
}

Result<std::uint64_t> parse_time(const std::string &text) {
  std::uint64_t number = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view suffix(stop, static_cast<std::size_t>(end - stop));
  const std::uint64_t unit = suffix == "ns"   ? 1
                             : suffix == "us" ? 1000
                             : suffix == "ms" ? 1000 * 1000
                                              : 0;
  if (error != std::errc() || unit == 0 || number > UINT64_MAX / unit)
    return Error{"'" + text + "' is not a time"};
  return number * unit;
}

namespace {

/// The number that `text` stands for; 0 for a choice or a word. An error where
/// the value is not allowed (its message is the caller's).
Result<std::int64_t> parse_value(const SettingInfo &info,
                                 const std::string &text) {
  const Error bad{""};
  std::int64_t number = 0;
  switch (info.kind) {
  case SettingKind::Choice:
    for (const std::string &choice : choices_of(info))
      if (text == choice)
        return number;
    return bad;
  case SettingKind::Text:
    return number;
  case SettingKind::Bytes: {
    if (info.choices && text == info.choices)
      return number;
    Result<std::uint64_t> bytes = parse_bytes(text);
    if (!bytes.ok() || bytes.value() > std::uint64_t(INT64_MAX))
      return bad;
    number = bytes.value();
    break;
  }
  case SettingKind::Time: {
    if (info.choices && text == info.choices)
      return number;
    Result<std::uint64_t> nanos = parse_time(text);
    if (!nanos.ok() || nanos.value() > std::uint64_t(INT64_MAX))
      return bad;
    number = nanos.value();
    break;
  }
  case SettingKind::Integer:
  case SettingKind::Flag: {
    for (const std::string &word : words_of(info))
      if (text == word)
        return number;
    Result<std::int64_t> integer = parse_integer(text);
    if (!integer.ok())
      return bad;
    number = integer.value();
    break;
  }
  }
  if (number < info.low || number > info.high)
    return bad;
  return number;
}

} // namespace

Result<Settings> parse_settings(const Environment &get) {
  Settings parsed;
  for (const SettingInfo &info : Table) {
    const char *value = get(info.name);
    if (info.internal && !value)
      continue; // the Settings' own initial value says that it is not set
    const std::string text = value && *value ? value : info.default_text;
    Result<std::int64_t> number = parse_value(info, text);
    if (!number.ok())
      return Error{std::string(info.name) + "='" + text +
                   "' is not valid; allowed is " + allowed_values(info)};
    info.store(parsed, number.value(), text);
  }
  return parsed;
}

const Settings &settings() {
  static const Settings Parsed = [] {
    Result<Settings> parsed = parse_settings(
        [](const char *name) -> const char * { return std::getenv(name); });
    if (!parsed.ok())
      fatal(parsed.error().message);
    return parsed.value();
  }();
  return Parsed;
}

std::string settings_help() {
  std::string text;
  for (const SettingInfo &info : Table) {
    if (info.internal)
      continue;
    std::string name = info.name;
    if (info.kind == SettingKind::Choice)
      name += std::string("=") + info.choices;
    text += "  " + name;
    text += name.size() < 24 ? std::string(26 - name.size(), ' ')
                             : "\n" + std::string(28, ' ');
    text += std::string(info.help) + " (default " + info.default_text + ")\n";
  }
  return text;
}

} // namespace loco
