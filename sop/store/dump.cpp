
#include "sop/journal/canonical_json.h"
#include "sop/store/connection.h"
#include "sop/store/store.h"

namespace sop::store {
namespace {

/// The read tables: everything that a replay of the journal makes again. The first `keys` columns
/// are the primary key, in its order; of them `integers` names those that are numbers.
struct ReadTable {
  std::string name;
  std::vector<std::string> columns;
  std::size_t keys;
  std::string integers = {};
};

const std::vector<ReadTable>& ReadTables() {
  static const std::vector<ReadTable> kTables = [] {
    std::vector<ReadTable> tables;
    for (const Table table :
         {Table::kAccount,       Table::kAgent,         Table::kAnchor,      Table::kArtefact,
          Table::kAssignment,    Table::kConfiguration, Table::kFacility,    Table::kFault,
          Table::kHold,          Table::kInstrument,    Table::kLimitSet,    Table::kLogEpoch,
          Table::kProcedure,     Table::kProfile,       Table::kRepeatStudy, Table::kReview,
          Table::kRole,          Table::kRoleGrant,     Table::kScaleRecord, Table::kSignature,
          Table::kSigningPolicy, Table::kSignInLink}) {
      tables.push_back({std::string(Name(table)),
                        {"id", "from_index", "to_index", "scope", "recorded_ms", "body"},
                        2,
                        "from_index"});
    }
    tables.push_back({"register_change", {"idx"}, 1, "idx"});
    tables.push_back({"measurement",
                      {"measurement_key", "instrument", "configuration", "procedure_id", "purpose",
                       "acquired_at", "acquired_ms", "received_at", "idx", "decided_idx", "outcome",
                       "review", "body"},
                      1});
    tables.push_back({"quantity",
                      {"measurement_key", "position", "subject", "quantity", "definition",
                       "channel", "qualifier", "acquired_ms", "decided_idx", "body"},
                      2,
                      "position"});
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

/// The rows after the one with the key `last`, or the first ones.
std::vector<Record> NextPage(Connection& connection, const ReadTable& table,
                             const std::vector<Parameter>& last) {
  const std::vector<std::string> keys(
      table.columns.begin(), table.columns.begin() + static_cast<std::ptrdiff_t>(table.keys));
  std::string sql = "SELECT " + Join(table.columns) + " FROM " + table.name;
  if (!last.empty()) {
    sql += " WHERE (" + Join(keys) + ") > (:p1" + (table.keys == 2 ? ", :p2)" : ")");
  }
  std::vector<Parameter> parameters = last;
  parameters.emplace_back(kPage);
  sql += " ORDER BY " + Join(keys) + " LIMIT :p" + std::to_string(parameters.size());
  return connection.Query(sql, parameters, static_cast<int>(table.columns.size()));
}

std::vector<Parameter> KeyOf(const ReadTable& table, const Record& row) {
  std::vector<Parameter> key;
  for (std::size_t c = 0; c < table.keys; ++c) {
    const bool integer = table.columns[c] == table.integers;
    key.push_back(integer ? Parameter(ToInteger(row[c])) : Parameter(row[c]));
  }
  return key;
}

}  // namespace

void Reader::Dump(const std::function<void(std::string_view line)>& line) const {
  for (const ReadTable& table : ReadTables()) {
    std::vector<Parameter> last;
    for (;;) {
      const auto rows = NextPage(*connection_, table, last);
      for (const Record& row : rows) {
        nlohmann::json object = {{"table", table.name}};
        for (std::size_t c = 0; c < row.size(); ++c) object[table.columns[c]] = row[c];
        line(journal::Canonicalise(object));
      }
      if (static_cast<std::int64_t>(rows.size()) < kPage) break;
      last = KeyOf(table, rows.back());
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
