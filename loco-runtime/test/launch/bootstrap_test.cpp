// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/bootstrap.h"
#include "launch/protocol.h"
#include "support/nodes.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>

using namespace loco;
using namespace loco::launch;

namespace {

TEST(Protocol, FramesSurviveAnyCut) {
  const std::string stream = encode(FrameKind::Gather, "one") +
                             encode(FrameKind::Stats, "") +
                             encode(FrameKind::Exit, std::string(1000, 'x'));
  for (std::size_t step : {1, 3, 7, 2000}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.append(stream.data() + at, std::min(step, stream.size() - at));
      for (;;) {
        auto frame = reader.next();
        ASSERT_TRUE(frame.ok());
        if (!frame.value())
          break;
        frames.push_back(*frame.value());
      }
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].payload, "one");
    EXPECT_EQ(frames[1].kind, FrameKind::Stats);
    EXPECT_EQ(frames[2].payload, std::string(1000, 'x'));
  }
}

TEST(Protocol, RubbishIsAnError) {
  FrameReader reader;
  reader.append("GET / HTTP/1.1\r\n", 16);
  EXPECT_FALSE(reader.next().ok());
}

TEST(Protocol, PackingKeepsEmptyAndBinaryParts) {
  const std::vector<std::string> parts{"", std::string("\0a\0", 3), "x"};
  auto unpacked = unpack(pack(parts));
  ASSERT_TRUE(unpacked.ok());
  EXPECT_EQ(unpacked.value(), parts);
  EXPECT_FALSE(unpack(pack(parts).substr(0, 9)).ok());
}

TEST(Bootstrap, GathersByNodeManyTimesAndLargeParts) {
  EXPECT_TRUE(test::run_nodes(4, [](Bootstrap &job) {
                EXPECT_EQ(job.num_nodes(), 4);
                for (int round = 0; round < 100; ++round) {
                  const std::size_t bytes = round == 50 ? 20000 : round;
                  auto all = job.all_gather(
                      std::string(bytes, static_cast<char>('a' + job.node())));
                  ASSERT_TRUE(all.ok()) << all.error().message;
                  for (int node = 0; node < 4; ++node)
                    ASSERT_EQ(all.value()[node],
                              std::string(bytes,
                                          static_cast<char>('a' + node)));
                }
              }).all_passed());
}

TEST(Bootstrap, ProgramsThatANodeStartsAreNoNodes) {
  EXPECT_TRUE(test::run_nodes(2, [](Bootstrap &) {
                for (const char *name : {"LOCO_NODE", "LOCO_NUM_NODES",
                                         "LOCO_MEMORY_NODES", "LOCO_LAUNCH_FD"})
                  EXPECT_EQ(std::getenv(name), nullptr) << name;
              }).all_passed());
}

/// make_bootstrap() in a process with these variables, whose last word is its
/// error or "node K of N".
void expect_bootstrap(std::vector<std::pair<const char *, const char *>> env,
                      const char *said) {
  EXPECT_EXIT(
      {
        for (auto [name, value] : env)
          setenv(name, value, 1);
        auto job = make_bootstrap();
        if (!job.ok())
          fatal(job.error().message);
        fatal("node " + std::to_string(job.value()->node()) + " of " +
              std::to_string(job.value()->num_nodes()));
      },
      testing::ExitedWithCode(1), said);
}

TEST(BootstrapDeathTest, WithoutALauncherThereIsOneNode) {
  expect_bootstrap({}, "loco: error: node 0 of 1\n");
}

TEST(BootstrapDeathTest, HalfAnEnvironmentIsAnError) {
  expect_bootstrap({{"LOCO_NODE", "0"}}, "all three or none");
  expect_bootstrap({{"LOCO_NODE", "2"},
                    {"LOCO_NUM_NODES", "2"},
                    {"LOCO_LAUNCH_FD", "0"}},
                   "LOCO_NODE=2 is not below LOCO_NUM_NODES=2");
  expect_bootstrap({{"LOCO_NODE", "0"},
                    {"LOCO_NUM_NODES", "2"},
                    {"LOCO_MEMORY_NODES", "2"},
                    {"LOCO_LAUNCH_FD", "0"}},
                   "LOCO_MEMORY_NODES=2 leaves none of LOCO_NUM_NODES=2");
  expect_bootstrap({{"LOCO_NODE", "0"},
                    {"LOCO_NUM_NODES", "2"},
                    {"LOCO_LAUNCH_FD", "2"}},
                   "LOCO_LAUNCH_FD=2 is not a stream socket");
}

} // namespace
