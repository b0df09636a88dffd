#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "monitor/agent/folder_scan.h"
#include "monitor/agent/settling.h"
#include "monitor/agent/watched_folder.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
const std::chrono::steady_clock::time_point kStart{std::chrono::hours(1)};

TEST(FolderScan, FindsFilesInFoldersAndLeavesForeignOnesAlone) {
  const TemporaryFolder folder;
  folder.Write("a.tif", "1");
  folder.Write("2026/11/b.tif", "22");
  for (const char* foreign : {".hidden", "Thumbs.db", "c.tif.part", "~$x.xlsx", ".git/config"}) {
    folder.Write(foreign, "x");
  }
  const FolderScan scan = ScanFolder(folder.path());
  ASSERT_EQ(scan.files.size(), 2U);
  EXPECT_TRUE(scan.reachable);
}

TEST(FolderScan, NeverFollowsLinksSoThatLoopsEnd) {
  const TemporaryFolder folder;
  folder.Write("a/b/c.tif", "1");
  fs::create_directory_symlink("..", folder.path() / "a/b/up");
  fs::create_symlink("/etc/passwd", folder.path() / "a/psf_1.tif");
  const FolderScan scan = ScanFolder(folder.path());
  EXPECT_EQ(scan.files.size(), 1U);
  EXPECT_EQ(scan.symlinks.size(), 2U);
}

TEST(FolderScan, SaysWhichFolderItCannotRead) {
  const TemporaryFolder folder;
  std::string deep = "d";
  for (int i = 0; i < kMaxFolderDepth + 2; ++i) deep += "/d";
  folder.Write(deep + "/x.tif", "1");
  folder.Write("good.tif", "1");
  const FolderScan scan = ScanFolder(folder.path());
  EXPECT_EQ(scan.files.size(), 1U);
  EXPECT_EQ(scan.unreadable_folders.size(), 1U);
}

TEST(FolderScan, TakesAVanishedShareAsAnAnswer) {
  EXPECT_FALSE(ScanFolder("/nonexistent/share").reachable);
}

TEST(FolderScan, ListsTwentyThousandFilesWithinASecond) {
  const TemporaryFolder folder;
  for (int i = 0; i < 20'000; ++i) {
    const auto name = std::to_string(i % 50) + "/" + std::to_string(i) + ".tif";
    if (i < 50) fs::create_directory(folder.path() / std::to_string(i));
    std::ofstream(folder.path() / name);
  }
  Settling settling(seconds(5));
  const auto begin = std::chrono::steady_clock::now();
  const FolderScan scan = ScanFolder(folder.path());
  (void)settling.Observe(scan.files, kStart);
  const auto settled = settling.Observe(scan.files, kStart + seconds(5));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(settled.size(), 20'000U);
  EXPECT_LT(took.count(), 1.0);
  RecordProperty("seconds", std::to_string(took.count()));
}

TEST(Settling, WaitsForAFileThatGrows) {
  Settling settling(seconds(5));
  EXPECT_TRUE(settling.Observe({{"a", 1, 1}}, kStart).empty());
  EXPECT_TRUE(settling.Observe({{"a", 2, 2}}, kStart + seconds(4)).empty());
  EXPECT_TRUE(settling.Observe({{"a", 2, 2}}, kStart + seconds(8)).empty());
  EXPECT_EQ(settling.waiting(), 1U);
  EXPECT_EQ(settling.Observe({{"a", 2, 2}}, kStart + seconds(9)).size(), 1U);
  EXPECT_EQ(settling.waiting(), 0U);
}

TEST(Settling, BeginsAnewWhenSameSizeIsRewrittenOrTheNameComesBack) {
  Settling settling(seconds(5));
  (void)settling.Observe({{"a", 1, 1}}, kStart);
  EXPECT_TRUE(settling.Observe({{"a", 1, 2}}, kStart + seconds(6)).empty());
  EXPECT_EQ(settling.Observe({{"a", 1, 2}}, kStart + seconds(11)).size(), 1U);
  (void)settling.Observe({}, kStart + seconds(12));
  EXPECT_TRUE(settling.Observe({{"a", 1, 2}}, kStart + seconds(13)).empty());
}

TEST(WatchedFolder, LeavesFilesBeforeSinceAloneAndSortsByAge) {
  const TemporaryFolder folder;
  const auto touch = [&](const char* name, std::time_t time) {
    const timespec times[2] = {{time, 0}, {time, 0}};
    utimensat(AT_FDCWD, folder.Write(name, "x").c_str(), times, 0);
  };
  touch("ancient.tif", 1'700'000'000);
  touch("b.tif", 1'800'000'200);
  touch("c.tif", 1'800'000'100);
  Watch watch;
  watch.dir = folder.path();
  watch.settle = std::chrono::milliseconds(0);
  watch.since = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  WatchedFolder watched(watch);
  const auto look = watched.LookAt(kStart);
  ASSERT_EQ(look.settled.size(), 2U);
  EXPECT_EQ(fs::path(look.settled[0].path).filename(), "c.tif");
  EXPECT_EQ(look.state.files, 2U);
  EXPECT_EQ(watched.next_look(), kStart + watch.poll);
}

TEST(WatchedFolder, SurvivesAShareThatVanishesAndComesBack) {
  const TemporaryFolder folder;
  folder.Write("share/a.tif", "1");
  Watch watch;
  watch.dir = folder.path() / "share";
  watch.settle = seconds(5);
  WatchedFolder watched(watch);
  EXPECT_EQ(watched.LookAt(kStart).state.settling, 1U);
  fs::rename(folder.path() / "share", folder.path() / "gone");
  EXPECT_FALSE(watched.LookAt(kStart + seconds(2)).state.reachable);
  fs::rename(folder.path() / "gone", folder.path() / "share");
  EXPECT_EQ(watched.LookAt(kStart + seconds(5)).settled.size(), 1U);  // it had not forgotten
}

}  // namespace
}  // namespace monitor::agent
