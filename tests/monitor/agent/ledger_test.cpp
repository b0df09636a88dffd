#include "monitor/agent/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

std::size_t Lines(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(stream), {}, '\n'));
}

TEST(Ledger, RemembersExactlyOneStateOfAFile) {
  const TemporaryFolder folder;
  const FileState state{"/qc/a.tif", 10, 1234567890123456789};
  {
    Ledger ledger(folder.path() / "ledger.jsonl");
    EXPECT_FALSE(ledger.KeyOf(state));
    ledger.Record(state, "k1");
  }
  const Ledger ledger(folder.path() / "ledger.jsonl");
  EXPECT_EQ(ledger.KeyOf(state), "k1");
  EXPECT_FALSE(ledger.KeyOf({"/qc/a.tif", 11, state.mtime_ns}));
  EXPECT_FALSE(ledger.KeyOf({"/qc/a.tif", 10, state.mtime_ns + 1}));
  EXPECT_FALSE(ledger.KeyOf({"/qc/b.tif", 10, state.mtime_ns}));
}

TEST(Ledger, DropsATornLastLineAndGoesOn) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "ledger.jsonl";
  {
    Ledger ledger(file);
    ledger.Record({"/qc/a.tif", 1, 1}, "k1");
    ledger.Record({"/qc/b.tif", 1, 1}, "k2");
  }
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 5);
  {
    Ledger ledger(file);
    EXPECT_EQ(ledger.KeyOf({"/qc/a.tif", 1, 1}), "k1");
    EXPECT_FALSE(ledger.KeyOf({"/qc/b.tif", 1, 1}));
    ledger.Record({"/qc/c.tif", 1, 1}, "k3");
  }
  const Ledger ledger(file);
  EXPECT_EQ(ledger.size(), 2U);
  EXPECT_EQ(ledger.KeyOf({"/qc/c.tif", 1, 1}), "k3");
}

TEST(Ledger, SkipsAForeignLineInTheMiddle) {
  const TemporaryFolder folder;
  const auto file =
      folder.Write("ledger.jsonl",
                   "not json\n{\"path\":\"/qc/a.tif\",\"size\":1,\"mtime_ns\":1,\"key\":\"k1\"}\n");
  EXPECT_EQ(Ledger(file).KeyOf({"/qc/a.tif", 1, 1}), "k1");
}

TEST(Ledger, KeepsNamesThatAreNotUtf8) {
  const TemporaryFolder folder;
  const FileState state{"/qc/100%\xff.tif", 1, 1};
  Ledger(folder.path() / "ledger.jsonl").Record(state, "k1");
  EXPECT_EQ(Ledger(folder.path() / "ledger.jsonl").KeyOf(state), "k1");
}

TEST(Ledger, IsRewrittenWhenMostLinesAreSuperseded) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "ledger.jsonl";
  std::string text;
  for (int i = 0; i < 1500; ++i) {
    text +=
        R"({"path":"/qc/a.tif","size":1,"mtime_ns":)" + std::to_string(i) + R"(,"key":"k"})" + "\n";
  }
  folder.Write("ledger.jsonl", text);
  EXPECT_EQ(Ledger(file).KeyOf({"/qc/a.tif", 1, 1499}), "k");
  EXPECT_EQ(Lines(file), 1U);
}

}  // namespace
}  // namespace monitor::agent
