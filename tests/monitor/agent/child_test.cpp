#include "monitor/agent/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "monitor/agent/durable_file.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

using std::chrono::milliseconds;

ChildResult Shell(const TemporaryFolder& folder, const std::string& script,
                  const ChildLimits& limits = {}, bool stop = false) {
  return RunChild({"/bin/sh", "-c", script}, folder.path() / "output.txt", limits,
                  [stop] { return stop; });
}

TEST(Child, GivesItsExitCodeAndWhatItPrinted) {
  const TemporaryFolder folder;
  const ChildResult result = Shell(folder, "echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.end, ChildEnd::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(ReadFile(folder.path() / "output.txt", 100), "out\nerr\n");
}

TEST(Child, IsKilledAtItsTimeLimitWithItsGrandchildren) {
  const TemporaryFolder folder;
  const auto script = "(sleep 1; touch '" + folder.path().string() + "/late') & sleep 30";
  const ChildResult result = Shell(folder, script, {.time = milliseconds(200)});
  EXPECT_EQ(result.end, ChildEnd::kTimedOut);
  EXPECT_LT(result.duration, milliseconds(2000));
  usleep(1'200'000);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "late"));
}

TEST(Child, CannotTakeMoreMemoryThanAllowed) {
  const TemporaryFolder folder;
  const std::string hog = "exec python3 -c 'x = bytearray(600 * 1024 * 1024); print(\"got it\")'";
  const ChildResult result = Shell(folder, hog, {.memory_bytes = std::uint64_t{256} << 20});
  EXPECT_TRUE(result.end == ChildEnd::kKilled || result.code != 0);
}

TEST(Child, TellsASignalFromAnExit) {
  const TemporaryFolder folder;
  const ChildResult result = Shell(folder, "kill -SEGV $$");
  EXPECT_EQ(result.end, ChildEnd::kKilled);
  EXPECT_EQ(result.code, SIGSEGV);
}

TEST(Child, WhatItPrintsIsKeptUpToTheLimitAndItNeverWaits) {
  const TemporaryFolder folder;
  const ChildResult result = Shell(folder, "head -c 20000000 /dev/zero; echo end >&2; exit 7",
                                   {.time = milliseconds(8000)});
  EXPECT_EQ(result.end, ChildEnd::kExited);
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(std::filesystem::file_size(folder.path() / "output.txt"), kMaxOutputBytes);
}

TEST(Child, LimitsAreReallySet) {
  const TemporaryFolder folder;
  (void)Shell(folder, "ulimit -c; ulimit -H -d", {.memory_bytes = std::uint64_t{512} << 20});
  EXPECT_EQ(ReadFile(folder.path() / "output.txt", 100), "0\n524288\n");
}

TEST(Child, AnOutputThatCannotBeOpenedIsSaid) {
  const ChildResult result =
      RunChild({"/bin/true"}, "/nonexistent/output.txt", {}, [] { return false; });
  EXPECT_EQ(result.end, ChildEnd::kNotStarted);
  EXPECT_EQ(result.code, ENOENT);
}

TEST(Child, EndsWhenTheAgentStops) {
  const TemporaryFolder folder;
  EXPECT_EQ(Shell(folder, "sleep 30", {}, true).end, ChildEnd::kInterrupted);
}

TEST(Child, SaysWhenThereIsNoSuchProgram) {
  const TemporaryFolder folder;
  const ChildResult result =
      RunChild({"/nonexistent"}, folder.path() / "output.txt", {}, [] { return false; });
  EXPECT_EQ(result.code, 127);
}

}  // namespace
}  // namespace monitor::agent
