#include "sop/store/schema.h"

#include <array>

#include "sop/journal/tiles.h"

namespace sop::store {
namespace {

// Written for any SQL engine: TEXT and BIGINT. {BIGINT} and {STRICT} are replaced by what the
// engine at hand wants.
constexpr std::array<const char*, 10> kVersion1 = {
    "CREATE TABLE event (idx {BIGINT} PRIMARY KEY, line TEXT NOT NULL, leaf_hash TEXT NOT NULL, "
    "recorded_ms {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX event_recorded ON event (recorded_ms)",
    "CREATE TABLE checkpoint (tree_size {BIGINT} PRIMARY KEY, note TEXT NOT NULL){STRICT}",
    "CREATE TABLE measurement (measurement_key TEXT NOT NULL PRIMARY KEY, instrument TEXT NOT "
    "NULL, "
    "configuration TEXT NOT NULL, procedure_id TEXT NOT NULL, purpose TEXT NOT NULL, "
    "acquired_at TEXT NOT NULL, acquired_ms {BIGINT} NOT NULL, received_at TEXT NOT NULL, "
    "idx {BIGINT} NOT NULL UNIQUE REFERENCES event (idx), "
    "decided_idx {BIGINT} NOT NULL UNIQUE REFERENCES event (idx), "
    "outcome TEXT NOT NULL, review TEXT NOT NULL, body TEXT NOT NULL){STRICT}",
    "CREATE INDEX measurement_history ON measurement "
    "(instrument, configuration, procedure_id, acquired_ms)",
    "CREATE TABLE quantity (measurement_key TEXT NOT NULL REFERENCES measurement "
    "(measurement_key), "
    "position {BIGINT} NOT NULL, subject TEXT NOT NULL, quantity TEXT NOT NULL, "
    "definition TEXT NOT NULL, channel TEXT NOT NULL, qualifier TEXT NOT NULL, "
    "acquired_ms {BIGINT} NOT NULL, decided_idx {BIGINT} NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (measurement_key, position)){STRICT}",
    "CREATE INDEX quantity_series ON quantity (subject, quantity, definition, channel, "
    "acquired_ms)",
    "CREATE TABLE token (digest TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, "
    "role TEXT NOT NULL){STRICT}",
    "CREATE TABLE inbox (agent TEXT NOT NULL PRIMARY KEY, reported_at TEXT NOT NULL, "
    "body TEXT NOT NULL){STRICT}",
    "CREATE INDEX measurement_instrument ON measurement (instrument, idx)",
};

constexpr std::array<Table, 12> kRegisters = {
    Table::kFacility,    Table::kInstrument,  Table::kConfiguration, Table::kProfile,
    Table::kProcedure,   Table::kLimitSet,    Table::kAssignment,    Table::kArtefact,
    Table::kRepeatStudy, Table::kScaleRecord, Table::kHold,          Table::kReview,
};

// The journal refuses everything but the next row. The insert trigger is the one that stops
// INSERT OR REPLACE, which deletes without firing a delete trigger unless the session asks for it.
constexpr std::array<const char*, 6> kGuards = {
    "CREATE TRIGGER event_next BEFORE INSERT ON event "
    "WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM event) "
    "BEGIN SELECT RAISE(ABORT, 'the journal takes the next event only'); END",
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
    "BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
    "BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END",
    "CREATE TRIGGER checkpoint_next BEFORE INSERT ON checkpoint "
    "WHEN NEW.tree_size <= (SELECT coalesce(max(tree_size), 0) FROM checkpoint) "
    "BEGIN SELECT RAISE(ABORT, 'a checkpoint covers more than the one before'); END",
    "CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint "
    "BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END",
    "CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint "
    "BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END",
};

// A tile only ever grows; it is written again with more hashes until it is full.
constexpr std::array<const char*, 4> kVersion2 = {
    "CREATE TABLE tile (level {BIGINT} NOT NULL, idx {BIGINT} NOT NULL, hashes TEXT NOT NULL, "
    "PRIMARY KEY (level, idx)){STRICT}",
    "CREATE TRIGGER tile_grows BEFORE INSERT ON tile WHEN EXISTS (SELECT 1 FROM tile "
    "WHERE level = NEW.level AND idx = NEW.idx "
    "AND hashes <> substr(NEW.hashes, 1, length(hashes))) "
    "BEGIN SELECT RAISE(ABORT, 'a hash of the tree is never changed'); END",
    "CREATE TRIGGER tile_no_update BEFORE UPDATE ON tile WHEN NEW.level <> OLD.level "
    "OR NEW.idx <> OLD.idx OR OLD.hashes <> substr(NEW.hashes, 1, length(OLD.hashes)) "
    "BEGIN SELECT RAISE(ABORT, 'a hash of the tree is never changed'); END",
    "CREATE TRIGGER tile_no_delete BEFORE DELETE ON tile "
    "BEGIN SELECT RAISE(ABORT, 'a tile is never deleted'); END",
};

std::string ForSqlite(std::string sql) {
  for (const auto& [mark, word] : {std::pair<std::string, std::string>{"{BIGINT}", "INTEGER"},
                                   std::pair<std::string, std::string>{"{STRICT}", " STRICT"}}) {
    for (auto at = sql.find(mark); at != std::string::npos; at = sql.find(mark)) {
      sql.replace(at, mark.size(), word);
    }
  }
  return sql;
}

void CreateRegister(Connection& connection, Table table) {
  const std::string name{Name(table)};
  connection.Execute(ForSqlite("CREATE TABLE " + name +
                               " (id TEXT NOT NULL, from_index {BIGINT} NOT NULL REFERENCES event "
                               "(idx), to_index {BIGINT} NOT NULL, scope TEXT NOT NULL, "
                               "recorded_ms {BIGINT} NOT NULL, body TEXT NOT NULL, "
                               "PRIMARY KEY (id, from_index)){STRICT}"));
  connection.Execute("CREATE INDEX " + name + "_scope ON " + name + " (scope)");
}

void ToVersion1(Connection& connection) {
  for (const char* statement : kVersion1) connection.Execute(ForSqlite(statement));
  for (const Table table : kRegisters) CreateRegister(connection, table);
  for (const char* statement : kGuards) connection.Execute(statement);
  connection.Run("INSERT INTO schema_version (version) VALUES (:p1)", {std::int64_t{1}});
}

void WriteTiles(Connection& connection, journal::TreeEdge& edge) {
  for (const journal::Tile& tile : edge.TakeChanged()) {
    connection.Run(kPutTile, {std::int64_t{tile.id.level}, static_cast<std::int64_t>(tile.id.index),
                              journal::ToHex(tile.hashes)});
  }
}

/// The tree of what was recorded before it was kept in tiles.
void ToVersion2(Connection& connection) {
  constexpr std::int64_t kPage = 1000;
  for (const char* statement : kVersion2) connection.Execute(ForSqlite(statement));
  journal::TreeEdge edge;
  for (std::size_t read = kPage; read == kPage;) {
    const auto rows =
        connection.Query("SELECT line FROM event WHERE idx >= :p1 ORDER BY idx LIMIT :p2",
                         {static_cast<std::int64_t>(edge.size()), kPage}, 1);
    for (const Record& row : rows) edge.Append(journal::LeafHash(row[0]));
    WriteTiles(connection, edge);
    read = rows.size();
  }
  connection.Run("INSERT INTO schema_version (version) VALUES (:p1)", {std::int64_t{2}});
}

/// Erasable values, reported faults, log epochs, anchors.
void ToVersion3(Connection& connection) {
  connection.Execute(
      ForSqlite("CREATE TABLE opening (commitment TEXT NOT NULL PRIMARY KEY, "
                "idx {BIGINT} NOT NULL, salt TEXT NOT NULL, value TEXT NOT NULL){STRICT}"));
  for (const Table table : {Table::kFault, Table::kLogEpoch, Table::kAnchor}) {
    CreateRegister(connection, table);
  }
  connection.Run("INSERT INTO schema_version (version) VALUES (:p1)", {std::int64_t{3}});
}

/// Accounts, roles and grants are registers; what proves an identity stands beside the journal.
constexpr std::array<const char*, 7> kVersion4 = {
    "CREATE TABLE password (account TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL, "
    "changed_ms {BIGINT} NOT NULL, initial {BIGINT} NOT NULL){STRICT}",
    "CREATE TABLE session (digest TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
    "account TEXT NOT NULL, created_ms {BIGINT} NOT NULL, seen_ms {BIGINT} NOT NULL, "
    "address TEXT NOT NULL, client TEXT NOT NULL){STRICT}",
    "CREATE INDEX session_account ON session (account)",
    "CREATE TABLE api_token (digest TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
    "account TEXT NOT NULL, name TEXT NOT NULL, rights TEXT NOT NULL, "
    "created_ms {BIGINT} NOT NULL, expires_ms {BIGINT} NOT NULL, used_ms {BIGINT} NOT NULL, "
    "revoked_ms {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX api_token_account ON api_token (account)",
    "CREATE TABLE access_log (id {BIGINT} PRIMARY KEY, at_ms {BIGINT} NOT NULL, "
    "subject TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, target TEXT NOT NULL, "
    "status {BIGINT} NOT NULL, address TEXT NOT NULL, times {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX access_log_at ON access_log (at_ms)",
};

void ToVersion4(Connection& connection) {
  for (const char* statement : kVersion4) connection.Execute(ForSqlite(statement));
  for (const Table table : {Table::kAccount, Table::kRole, Table::kRoleGrant}) {
    CreateRegister(connection, table);
  }
  connection.Run("INSERT INTO schema_version (version) VALUES (:p1)", {std::int64_t{4}});
}

std::int64_t Version(Connection& connection) {
  return ToInteger(
      connection.Query("SELECT coalesce(max(version), 0) FROM schema_version", {}, 1).at(0).at(0));
}

}  // namespace

void Migrate(Connection& connection) {
  connection.Execute("BEGIN IMMEDIATE");
  try {
    connection.Execute(ForSqlite(
        "CREATE TABLE IF NOT EXISTS schema_version (version {BIGINT} PRIMARY KEY){STRICT}"));
    if (Version(connection) < 1) ToVersion1(connection);
    if (Version(connection) < 2) ToVersion2(connection);
    if (Version(connection) < 3) ToVersion3(connection);
    if (Version(connection) < 4) ToVersion4(connection);
    connection.Execute("COMMIT");
  } catch (...) {
    connection.Execute("ROLLBACK");
    throw;
  }
  RequireCurrentSchema(connection);
}

void RequireCurrentSchema(Connection& connection) {
  const std::int64_t version = Version(connection);
  if (version == kSchemaVersion) return;
  throw StoreError("the record has schema version " + std::to_string(version) +
                   " and this program knows " + std::to_string(kSchemaVersion) +
                   "; start it with the program that wrote it, or a newer one");
}

}  // namespace sop::store
