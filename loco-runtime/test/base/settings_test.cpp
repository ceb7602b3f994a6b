// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/settings.h"

#include <gtest/gtest.h>
#include <map>

using namespace loco;

namespace {

Result<Settings> parse(const std::map<std::string, std::string> &environment) {
  return parse_settings([&](const char *name) -> const char * {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

std::string error_of(const std::map<std::string, std::string> &environment) {
  Result<Settings> parsed = parse(environment);
  return parsed.ok() ? "no error" : parsed.error().message;
}

TEST(Settings, DefaultsHoldWithoutAnyVariable) {
  Result<Settings> parsed = parse({});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value().window_bytes, 64ull << 30);
  EXPECT_EQ(parsed.value().cache_bytes, 0u);
  EXPECT_EQ(parsed.value().fabric, "");
  EXPECT_EQ(parsed.value().threads, 0);
  EXPECT_EQ(parsed.value().objects_per_node, 1u << 20);
  EXPECT_EQ(parsed.value().node, -1);
  EXPECT_EQ(parsed.value().launch_fd, -1);
  EXPECT_FALSE(parsed.value().stats);
  EXPECT_FALSE(parsed.value().placement.has_value());
  EXPECT_EQ(parsed.value().migration, 2);
  EXPECT_EQ(parsed.value().huge_pages, HugePages::Auto);
}

TEST(Settings, ValuesReachTheirPlaces) {
  Result<Settings> parsed = parse({{"LOCO_WINDOW", "1T"},
                                   {"LOCO_CACHE", "256K"},
                                   {"LOCO_FABRIC", "shm"},
                                   {"LOCO_THREADS", "7"},
                                   {"LOCO_OBJECTS", "2048"},
                                   {"LOCO_STATS", "1"},
                                   {"LOCO_NODE", "3"},
                                   {"LOCO_NUM_NODES", "4"},
                                   {"LOCO_LAUNCH_FD", "9"}});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value().window_bytes, 1ull << 40);
  EXPECT_EQ(parsed.value().cache_bytes, 256u << 10);
  EXPECT_EQ(parsed.value().fabric, "shm");
  EXPECT_EQ(parsed.value().threads, 7);
  EXPECT_EQ(parsed.value().objects_per_node, 2048u);
  EXPECT_TRUE(parsed.value().stats);
  EXPECT_EQ(parsed.value().node, 3);
  EXPECT_EQ(parsed.value().num_nodes, 4);
  EXPECT_EQ(parsed.value().launch_fd, 9);
}

TEST(Settings, TimesHaveUnits) {
  const std::pair<const char *, std::uint64_t> times[] = {
      {"none", 0}, {"1ns", 1}, {"30us", 30'000}, {"50ms", 50'000'000}};
  for (auto &[text, nanos] : times) {
    Result<Settings> parsed = parse({{"LOCO_FABRIC_LATENCY", text}});
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed.value().fabric_latency_ns, nanos) << text;
  }
  for (const char *bad : {"30", "0", "0us", "-1us", "1s", "51ms", "us", "3 us",
                          "1.5us", "99999999999999999999ms"})
    EXPECT_EQ(error_of({{"LOCO_FABRIC_LATENCY", bad}}),
              std::string("LOCO_FABRIC_LATENCY='") + bad +
                  "' is not valid; allowed is none, or a time from 1ns to 50ms, "
                  "a whole number with the suffix ns, us or ms");
}

TEST(Settings, ChaosIsASeedOrOff) {
  EXPECT_EQ(parse({}).value().chaos, 0u);
  EXPECT_EQ(parse({{"LOCO_CHAOS", "off"}}).value().chaos, 0u);
  EXPECT_EQ(parse({{"LOCO_CHAOS", "7"}}).value().chaos, 7u);
  EXPECT_FALSE(parse({{"LOCO_CHAOS", "0"}}).ok());
}

TEST(Settings, PlacementAndMigrationHaveWords) {
  const std::pair<const char *, loco_placement> placements[] = {
      {"first-touch", LOCO_PLACEMENT_FIRST_TOUCH},
      {"interleave", LOCO_PLACEMENT_INTERLEAVE},
      {"block", LOCO_PLACEMENT_BLOCK},
      {"local", LOCO_PLACEMENT_LOCAL}};
  for (auto &[text, placement] : placements) {
    Result<Settings> parsed = parse({{"LOCO_PLACEMENT", text}});
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed.value().placement, placement) << text;
  }
  EXPECT_EQ(
      error_of({{"LOCO_PLACEMENT", "far"}}),
      "LOCO_PLACEMENT='far' is not valid; allowed is one of auto, first-touch, "
      "interleave, block, local");
  EXPECT_EQ(parse({{"LOCO_MIGRATION", "off"}}).value().migration, 0);
  EXPECT_EQ(parse({{"LOCO_MIGRATION", "7"}}).value().migration, 7);
  EXPECT_EQ(parse({{"LOCO_MIGRATION", "always"}}).value().migration, -1);
  for (const char *bad : {"0", "on", "-1", "1001", "N"})
    EXPECT_EQ(error_of({{"LOCO_MIGRATION", bad}}),
              "LOCO_MIGRATION='" + std::string(bad) +
                  "' is not valid; allowed is off, always, or a whole number "
                  "from 1 to 1000");
}

TEST(Settings, AnEmptyVariableIsTheDefault) {
  Result<Settings> parsed = parse({{"LOCO_WINDOW", ""}});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().window_bytes, 64ull << 30);
}

TEST(Settings, ABadValueIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(error_of({{"LOCO_WINDOW", "much"}}),
            "LOCO_WINDOW='much' is not valid; allowed is a size from 64M to "
            "8T, a whole number of bytes with an optional suffix K, M, G or "
            "T");
  EXPECT_EQ(error_of({{"LOCO_CACHE", "255K"}}),
            "LOCO_CACHE='255K' is not valid; allowed is unlimited, or a size "
            "from 256K to 8T, a whole number of bytes with an optional suffix "
            "K, M, G or T");
  EXPECT_NE(error_of({{"LOCO_CACHE", "0"}}), "no error");
  EXPECT_EQ(error_of({{"LOCO_CACHE", "unlimited"}}), "no error");
  EXPECT_EQ(error_of({{"LOCO_FABRIC", "pigeons"}}),
            "LOCO_FABRIC='pigeons' is not valid; allowed is one of auto, shm, "
            "verbs");
  EXPECT_EQ(error_of({{"LOCO_THREADS", "-1"}}),
            "LOCO_THREADS='-1' is not valid; allowed is a whole number from 0 "
            "to 4096");
  EXPECT_EQ(error_of({{"LOCO_BIND", "core"}}),
            "LOCO_BIND='core' is not valid; allowed is one of on, off");
  EXPECT_FALSE(parse({{"LOCO_BIND", "off"}}).value().bind_cores);
  EXPECT_EQ(
      error_of({{"LOCO_HUGE_PAGES", "2"}}),
      "LOCO_HUGE_PAGES='2' is not valid; allowed is one of auto, on, off");
  EXPECT_EQ(parse({{"LOCO_HUGE_PAGES", "on"}}).value().huge_pages,
            HugePages::On);
  EXPECT_EQ(parse({{"LOCO_HUGE_PAGES", "off"}}).value().huge_pages,
            HugePages::Off);
  EXPECT_EQ(error_of({{"LOCO_OBJECTS", "1M"}}),
            "LOCO_OBJECTS='1M' is not valid; allowed is a whole number from "
            "1024 to 1073741824");
  EXPECT_EQ(error_of({{"LOCO_STATS", "yes"}}),
            "LOCO_STATS='yes' is not valid; allowed is 0 or 1");
  EXPECT_NE(error_of({{"LOCO_NODE", "64"}}), "no error");
  EXPECT_NE(error_of({{"LOCO_NUM_NODES", "0"}}), "no error");
  EXPECT_NE(error_of({{"LOCO_WINDOW", "1K"}}), "no error");  // too small
  EXPECT_NE(error_of({{"LOCO_WINDOW", "17T"}}), "no error"); // too large
  EXPECT_NE(error_of({{"LOCO_FABRIC", "shm|verbs"}}), "no error");
}

TEST(Settings, SizesAreStrict) {
  struct {
    const char *text;
    std::uint64_t bytes;
  } good[] = {{"0", 0},           {"123", 123},       {"4K", 4096},
              {"1M", 1u << 20},   {"3G", 3ull << 30}, {"2T", 2ull << 40},
              {"18446744073709551615", UINT64_MAX}};
  for (auto &[text, bytes] : good) {
    Result<std::uint64_t> parsed = parse_bytes(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed.value(), bytes) << text;
  }
  for (const char *bad :
       {"", " 1", "1 ", "-1", "+1", "1.5G", "1GB", "0x10", "K", "1k",
        "18446744073709551616", "16777216T", "1KK"})
    EXPECT_FALSE(parse_bytes(bad).ok()) << bad;
  for (const char *bad : {"", "1 ", "1x", "--1", "9223372036854775808"})
    EXPECT_FALSE(parse_integer(bad).ok()) << bad;
}

TEST(Settings, HelpListsWhatUsersSetAndNothingElse) {
  const std::string help = settings_help();
  for (const SettingInfo &info : setting_table())
    EXPECT_EQ(help.find(info.name) != std::string::npos, !info.internal)
        << info.name;
}

} // namespace
