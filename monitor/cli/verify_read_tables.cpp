#include "monitor/cli/verify_read_tables.h"

#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "monitor/service/projection.h"
#include "sop/journal/merkle.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using sop::journal::Digest;
using sop::store::Reader;

constexpr std::size_t kMaxNamed = 20;

std::string Finding(const std::string& sentence) { return "read_tables_altered: " + sentence; }

fs::path MakeFolder() {
  std::string pattern = (fs::temp_directory_path() / "etalon-verify-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no folder can be made in " + fs::temp_directory_path().string());
  }
  return pattern;
}

/// One digest of all rows, in one row's memory.
std::string DigestOf(const Reader& tables) {
  std::string digest;
  tables.Dump([&](std::string_view line) {
    digest = sop::journal::ToHex(sop::journal::Sha256(digest + std::string(line) + "\n"));
  });
  return digest;
}

std::vector<Digest> SortedRows(const Reader& tables) {
  std::vector<Digest> rows;
  tables.Dump([&](std::string_view line) { rows.push_back(sop::journal::Sha256(line)); });
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::set<Digest> Without(const std::vector<Digest>& rows, const std::vector<Digest>& others) {
  std::set<Digest> left;
  std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(),
                      std::inserter(left, left.end()));
  return left;
}

/// "row lsm-1, 3 of instrument": the columns that the primary keys are made of.
std::string NameOf(std::string_view line) {
  const auto row = nlohmann::json::parse(line);
  std::string key;
  for (const char* column : {"id", "measurement_key", "from_index", "position"}) {
    if (row.contains(column)) key += (key.empty() ? "" : ", ") + row[column].get<std::string>();
  }
  if (key.empty()) key = row.value("idx", "");
  return "row " + key + " of " + row.at("table").get<std::string>();
}

void CollectNames(const Reader& tables, const std::set<Digest>& wanted, int mark,
                  std::map<std::string, int>& names) {
  tables.Dump([&](std::string_view line) {
    if (wanted.contains(sop::journal::Sha256(line))) names[NameOf(line)] |= mark;
  });
}

}  // namespace

ReadTableCheck::ReadTableCheck()
    : folder_(MakeFolder()),
      store_(std::make_unique<sop::store::Store>((folder_ / "read_tables.db").string())),
      tables_(store_->Begin()) {}

ReadTableCheck::~ReadTableCheck() {
  tables_.reset();
  store_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void ReadTableCheck::Add(const sop::journal::StoredEvent& row, const sop::journal::Event& event) {
  if (!failure_.empty()) return;
  const auto index = static_cast<std::int64_t>(row.index);
  try {
    // The tables refer to their events; what these say is not asked for again.
    tables_->AppendEvent({index, "", "", row.recorded_ms});
    service::Project(*tables_, {index, row.recorded_ms, event});
  } catch (const std::exception& error) {
    failure_ = "event " + std::to_string(index) + " gives no rows: " + error.what() + ".";
  }
}

std::vector<std::string> ReadTableCheck::Compare(const Reader& record) const {
  if (!failure_.empty()) return {Finding(failure_)};
  if (DigestOf(*tables_) == DigestOf(record)) return {};
  const auto expected = SortedRows(*tables_);
  const auto there = SortedRows(record);
  constexpr int kExpected = 1;
  constexpr int kThere = 2;
  std::map<std::string, int> names;
  CollectNames(*tables_, Without(expected, there), kExpected, names);
  CollectNames(record, Without(there, expected), kThere, names);
  std::vector<std::string> findings;
  for (const auto& [name, seen] : names) {
    if (findings.size() == kMaxNamed) break;
    findings.push_back(Finding(name + (seen == kExpected ? " is missing."
                                       : seen == kThere  ? " is not of the journal."
                                                         : " is not what the journal gives.")));
  }
  return findings;
}

}  // namespace monitor::cli
