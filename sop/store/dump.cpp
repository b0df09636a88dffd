
#include "sop/journal/canonical_json.h"
#include "sop/store/connection.h"
#include "sop/store/store.h"

namespace sop::store {
namespace {

/// The read tables: everything that a replay of the journal makes again.
struct ReadTable {
  std::string name;
  std::vector<std::string> columns;
  std::string order;
};

const std::vector<ReadTable>& ReadTables() {
  static const std::vector<ReadTable> kTables = [] {
    std::vector<ReadTable> tables;
    for (const Table table :
         {Table::kAccount, Table::kAnchor, Table::kArtefact, Table::kAssignment,
          Table::kConfiguration, Table::kFacility, Table::kFault, Table::kHold, Table::kInstrument,
          Table::kLimitSet, Table::kLogEpoch, Table::kProcedure, Table::kProfile,
          Table::kRepeatStudy, Table::kReview, Table::kRole, Table::kRoleGrant,
          Table::kScaleRecord}) {
      tables.push_back({std::string(Name(table)),
                        {"id", "from_index", "to_index", "scope", "recorded_ms", "body"},
                        "id, from_index"});
    }
    tables.push_back({"measurement",
                      {"measurement_key", "instrument", "configuration", "procedure_id", "purpose",
                       "acquired_at", "acquired_ms", "received_at", "idx", "decided_idx", "outcome",
                       "review", "body"},
                      "measurement_key"});
    tables.push_back({"quantity",
                      {"measurement_key", "position", "subject", "quantity", "definition",
                       "channel", "qualifier", "acquired_ms", "decided_idx", "body"},
                      "measurement_key, position"});
    return tables;
  }();
  return kTables;
}

std::string Join(const std::vector<std::string>& columns) {
  std::string joined;
  for (const std::string& column : columns) joined += (joined.empty() ? "" : ", ") + column;
  return joined;
}

constexpr std::int64_t kPage = 1000;  ///< rows held in memory at once

}  // namespace

void Reader::Dump(const std::function<void(std::string_view line)>& line) const {
  for (const ReadTable& table : ReadTables()) {
    const std::string sql = "SELECT " + Join(table.columns) + " FROM " + table.name + " ORDER BY " +
                            table.order + " LIMIT :p1 OFFSET :p2";
    for (std::int64_t offset = 0;; offset += kPage) {
      const auto rows =
          connection_->Query(sql, {kPage, offset}, static_cast<int>(table.columns.size()));
      for (const Record& row : rows) {
        nlohmann::json object = {{"table", table.name}};
        for (std::size_t c = 0; c < row.size(); ++c) object[table.columns[c]] = row[c];
        line(journal::Canonicalise(object));
      }
      if (static_cast<std::int64_t>(rows.size()) < kPage) break;
    }
  }
}

void Transaction::ClearReadTables() {
  // Children first: a quantity refers to its measurement.
  const auto& tables = ReadTables();
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    connection_->Execute("DELETE FROM " + table->name);
  }
}

}  // namespace sop::store
