#include "monitor/agent/file_metadata.h"

#include <gtest/gtest.h>

#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

/// Prints what `answer` holds and counts its runs in `runs`.
constexpr char kProgram[] = R"sh(#!/bin/sh
home=$(dirname "$0"); echo >> "$home/runs"; cat "$home/answer"
)sh";

TEST(FileMetadata, AFailedReadIsTriedAgainAndAGoodOneIsKept) {
  const TemporaryFolder folder;
  const auto program = folder.Write("etalon", kProgram);
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string file = folder.Write("a.tif", "x");
  AgentConfig config;
  config.spool_dir = folder.path();
  config.memory_bytes = 0;
  const MetadataReader read = ChildMetadataReader(config, program);
  const auto runs = [&] { return std::filesystem::file_size(folder.path() / "runs"); };
  EXPECT_TRUE(read(file).empty());  // there is no answer: `cat` fails
  EXPECT_TRUE(read(file).empty());
  EXPECT_EQ(runs(), 2U);
  EXPECT_TRUE(read(file).empty());  // one ask is skipped after the second failure
  EXPECT_EQ(runs(), 2U);
  folder.Write("answer", R"({"objective":"63x"})");
  EXPECT_EQ(read(file), (TextPairs{{"objective", "63x"}}));
  EXPECT_EQ(read(file), (TextPairs{{"objective", "63x"}}));
  EXPECT_EQ(runs(), 3U);
}

}  // namespace
}  // namespace monitor::agent
