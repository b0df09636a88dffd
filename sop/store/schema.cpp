#include "sop/store/schema.h"

#include <array>

#include "sop/journal/tiles.h"

namespace sop::store {
namespace {

// Written for any SQL engine; {TEXT}, {BIGINT} and {STRICT} become what the engine at hand wants.
constexpr std::array<const char*, 10> kVersion1 = {
    "CREATE TABLE event (idx {BIGINT} PRIMARY KEY, line {TEXT} NOT NULL, leaf_hash {TEXT} NOT "
    "NULL, "
    "recorded_ms {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX event_recorded ON event (recorded_ms)",
    "CREATE TABLE checkpoint (tree_size {BIGINT} PRIMARY KEY, note {TEXT} NOT NULL){STRICT}",
    "CREATE TABLE measurement (measurement_key {TEXT} NOT NULL PRIMARY KEY, instrument {TEXT} NOT "
    "NULL, "
    "configuration {TEXT} NOT NULL, procedure_id {TEXT} NOT NULL, purpose {TEXT} NOT NULL, "
    "acquired_at {TEXT} NOT NULL, acquired_ms {BIGINT} NOT NULL, received_at {TEXT} NOT NULL, "
    "idx {BIGINT} NOT NULL UNIQUE REFERENCES event (idx), "
    "decided_idx {BIGINT} NOT NULL UNIQUE REFERENCES event (idx), "
    "outcome {TEXT} NOT NULL, review {TEXT} NOT NULL, body {TEXT} NOT NULL){STRICT}",
    "CREATE INDEX measurement_history ON measurement "
    "(instrument, configuration, procedure_id, acquired_ms)",
    "CREATE TABLE quantity (measurement_key {TEXT} NOT NULL REFERENCES measurement "
    "(measurement_key), "
    "position {BIGINT} NOT NULL, subject {TEXT} NOT NULL, quantity {TEXT} NOT NULL, "
    "definition {TEXT} NOT NULL, channel {TEXT} NOT NULL, qualifier {TEXT} NOT NULL, "
    "acquired_ms {BIGINT} NOT NULL, decided_idx {BIGINT} NOT NULL, body {TEXT} NOT NULL, "
    "PRIMARY KEY (measurement_key, position)){STRICT}",
    "CREATE INDEX quantity_series ON quantity (subject, quantity, definition, channel, "
    "acquired_ms)",
    "CREATE TABLE token (digest {TEXT} NOT NULL PRIMARY KEY, subject {TEXT} NOT NULL, "
    "role {TEXT} NOT NULL){STRICT}",
    "CREATE TABLE inbox (agent {TEXT} NOT NULL PRIMARY KEY, reported_at {TEXT} NOT NULL, "
    "body {TEXT} NOT NULL){STRICT}",
    "CREATE INDEX measurement_instrument ON measurement (instrument, idx)",
};

constexpr std::array<Table, 12> kRegisters = {
    Table::kFacility,    Table::kInstrument,  Table::kConfiguration, Table::kProfile,
    Table::kProcedure,   Table::kLimitSet,    Table::kAssignment,    Table::kArtefact,
    Table::kRepeatStudy, Table::kScaleRecord, Table::kHold,          Table::kReview,
};

constexpr std::array<Table, 4> kRegisters6 = {Table::kAgent, Table::kSignature,
                                              Table::kSigningPolicy, Table::kSignInLink};
constexpr std::array<Table, 3> kRegisters4 = {Table::kAccount, Table::kRole, Table::kRoleGrant};
constexpr std::array<Table, 3> kRegisters3 = {Table::kFault, Table::kLogEpoch, Table::kAnchor};

// The journal refuses everything but the next row, whoever asks: a session of another program too.
// In SQLite the insert trigger is also the one that stops INSERT OR REPLACE, which deletes without
// firing a delete trigger unless the session asks for it.
struct Guard {
  const char* table;
  const char* refused;  ///< when a new row is
  const char* says;     ///< then
  const char* noun;
};
constexpr std::array<Guard, 2> kGuards1 = {{
    {"event", "NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM event)",
     "the journal takes the next event only", "an event"},
    {"checkpoint", "NEW.tree_size <= (SELECT coalesce(max(tree_size), 0) FROM checkpoint)",
     "a checkpoint covers more than the one before", "a checkpoint"},
}};

// A tile only ever grows; it is written again with more hashes until it is full.
constexpr const char* kTile =
    "CREATE TABLE tile (level {BIGINT} NOT NULL, idx {BIGINT} NOT NULL, hashes {TEXT} NOT NULL, "
    "PRIMARY KEY (level, idx)){STRICT}";
constexpr std::array<const char*, 3> kTileGuardsSqlite = {
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
constexpr std::array<const char*, 4> kTileGuardsPostgresql = {
    "CREATE FUNCTION tile_grows() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    "IF OLD.hashes <> substr(NEW.hashes, 1, length(OLD.hashes)) OR NEW.level <> OLD.level OR "
    "NEW.idx <> OLD.idx THEN RAISE EXCEPTION 'a hash of the tree is never changed'; END IF; "
    "RETURN NEW; END $body$",
    "CREATE TRIGGER tile_grows BEFORE UPDATE ON tile FOR EACH ROW EXECUTE FUNCTION tile_grows()",
    "CREATE FUNCTION tile_kept() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN "
    "RAISE EXCEPTION 'a tile is never deleted'; END $body$",
    "CREATE TRIGGER tile_kept BEFORE DELETE OR TRUNCATE ON tile EXECUTE FUNCTION tile_kept()",
};

void GuardSqlite(Connection& connection, const Guard& guard) {
  const std::string table = guard.table;
  const auto raise = [](const std::string& says) {
    return "BEGIN SELECT RAISE(ABORT, '" + says + "'); END";
  };
  connection.Execute("CREATE TRIGGER " + table + "_next BEFORE INSERT ON " + table + " WHEN " +
                     guard.refused + " " + raise(guard.says));
  connection.Execute("CREATE TRIGGER " + table + "_no_update BEFORE UPDATE ON " + table + " " +
                     raise(std::string(guard.noun) + " is never changed"));
  connection.Execute("CREATE TRIGGER " + table + "_no_delete BEFORE DELETE ON " + table + " " +
                     raise(std::string(guard.noun) + " is never deleted"));
}

void GuardPostgresql(Connection& connection, const Guard& guard) {
  const std::string table = guard.table;
  const auto function = [&](const std::string& name, const std::string& body) {
    connection.Execute("CREATE FUNCTION " + name +
                       "() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN " + body +
                       " END $body$");
  };
  function(table + "_next", std::string("IF ") + guard.refused + " THEN RAISE EXCEPTION '" +
                                guard.says + "'; END IF; RETURN NEW;");
  connection.Execute("CREATE TRIGGER " + table + "_next BEFORE INSERT ON " + table +
                     " FOR EACH ROW EXECUTE FUNCTION " + table + "_next()");
  function(table + "_kept",
           std::string("RAISE EXCEPTION '") + guard.noun + " is never changed or deleted';");
  connection.Execute("CREATE TRIGGER " + table + "_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON " +
                     table + " EXECUTE FUNCTION " + table + "_kept()");
}

void Protect(Connection& connection, const Guard& guard) {
  connection.engine() == Engine::kPostgresql ? GuardPostgresql(connection, guard)
                                             : GuardSqlite(connection, guard);
}

/// Text is compared by its bytes on every engine, so that order and dump are the same on all.
std::string For(Engine engine, std::string sql) {
  const bool postgresql = engine == Engine::kPostgresql;
  for (const auto& [mark, word] :
       {std::pair<std::string, std::string>{"{BIGINT}", postgresql ? "BIGINT" : "INTEGER"},
        std::pair<std::string, std::string>{"{TEXT}", postgresql ? "TEXT COLLATE \"C\"" : "TEXT"},
        std::pair<std::string, std::string>{"{STRICT}", postgresql ? "" : " STRICT"}}) {
    for (auto at = sql.find(mark); at != std::string::npos; at = sql.find(mark)) {
      sql.replace(at, mark.size(), word);
    }
  }
  return sql;
}

void CreateRegister(Connection& connection, Table table) {
  const std::string name{Name(table)};
  connection.Execute(For(connection.engine(),
                         "CREATE TABLE " + name +
                             " (id {TEXT} NOT NULL, from_index {BIGINT} NOT NULL REFERENCES event "
                             "(idx), to_index {BIGINT} NOT NULL, scope {TEXT} NOT NULL, "
                             "recorded_ms {BIGINT} NOT NULL, body {TEXT} NOT NULL, "
                             "PRIMARY KEY (id, from_index)){STRICT}"));
  connection.Execute("CREATE INDEX " + name + "_scope ON " + name + " (scope)");
}

void ToVersion1(Connection& connection) {
  for (const char* statement : kVersion1) connection.Execute(For(connection.engine(), statement));
  for (const Table table : kRegisters) CreateRegister(connection, table);
  for (const Guard& guard : kGuards1) Protect(connection, guard);
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
  const Engine engine = connection.engine();
  connection.Execute(For(engine, kTile));
  const auto run = [&](const auto& statements) {
    for (const char* statement : statements) connection.Execute(statement);
  };
  engine == Engine::kPostgresql ? run(kTileGuardsPostgresql) : run(kTileGuardsSqlite);
  journal::TreeEdge edge;
  for (std::size_t read = kPage; read == kPage;) {
    const auto rows =
        connection.Query("SELECT line FROM event WHERE idx >= :p1 ORDER BY idx LIMIT :p2",
                         {static_cast<std::int64_t>(edge.size()), kPage}, 1);
    for (const Record& row : rows) edge.Append(journal::LeafHash(row[0]));
    WriteTiles(connection, edge);
    read = rows.size();
  }
}

/// Erasable values, reported faults, log epochs, anchors.
void ToVersion3(Connection& connection) {
  connection.Execute(
      For(connection.engine(),
          "CREATE TABLE opening (commitment {TEXT} NOT NULL PRIMARY KEY, "
          "idx {BIGINT} NOT NULL, salt {TEXT} NOT NULL, value {TEXT} NOT NULL){STRICT}"));
  for (const Table table : kRegisters3) CreateRegister(connection, table);
}

/// Accounts, roles and grants are registers; what proves an identity stands beside the journal.
constexpr std::array<const char*, 7> kVersion4 = {
    "CREATE TABLE password (account {TEXT} NOT NULL PRIMARY KEY, hash {TEXT} NOT NULL, "
    "changed_ms {BIGINT} NOT NULL, initial {BIGINT} NOT NULL){STRICT}",
    "CREATE TABLE session (digest {TEXT} NOT NULL PRIMARY KEY, id {TEXT} NOT NULL UNIQUE, "
    "account {TEXT} NOT NULL, created_ms {BIGINT} NOT NULL, seen_ms {BIGINT} NOT NULL, "
    "address {TEXT} NOT NULL, client {TEXT} NOT NULL){STRICT}",
    "CREATE INDEX session_account ON session (account)",
    "CREATE TABLE api_token (digest {TEXT} NOT NULL PRIMARY KEY, id {TEXT} NOT NULL UNIQUE, "
    "account {TEXT} NOT NULL, name {TEXT} NOT NULL, rights {TEXT} NOT NULL, "
    "created_ms {BIGINT} NOT NULL, expires_ms {BIGINT} NOT NULL, used_ms {BIGINT} NOT NULL, "
    "revoked_ms {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX api_token_account ON api_token (account)",
    "CREATE TABLE access_log (id {BIGINT} PRIMARY KEY, at_ms {BIGINT} NOT NULL, "
    "subject {TEXT} NOT NULL, method {TEXT} NOT NULL, route {TEXT} NOT NULL, target {TEXT} NOT "
    "NULL, "
    "status {BIGINT} NOT NULL, address {TEXT} NOT NULL, times {BIGINT} NOT NULL){STRICT}",
    "CREATE INDEX access_log_at ON access_log (at_ms)",
};

void ToVersion4(Connection& connection) {
  for (const char* statement : kVersion4) connection.Execute(For(connection.engine(), statement));
  for (const Table table : kRegisters4) CreateRegister(connection, table);
}

void IndexInForce(Connection& connection, Table table) {
  const std::string name{Name(table)};
  connection.Execute("CREATE INDEX " + name + "_in_force ON " + name + " (to_index, from_index)");
}

/// What questions are asked by: of an assignment its newest measurements of each kind, of a page
/// the newest received, of a register what was in force, of all registers when they last changed.
void ToVersion5(Connection& connection) {
  const auto of_assignment = [&](const std::string& name, const std::string& condition) {
    connection.Execute("CREATE INDEX measurement_" + name +
                       " ON measurement (instrument, configuration, procedure_id, acquired_ms, "
                       "idx) WHERE " +
                       condition);
  };
  connection.Execute("DROP INDEX measurement_history");
  of_assignment("counts", kCounts);
  of_assignment("good", std::string(kIsGood) + " AND " + kCounts);
  of_assignment("bad", std::string(kIsBad) + " AND " + kCounts);
  of_assignment("as_found", kIsAsFound);
  connection.Execute("CREATE INDEX measurement_configuration ON measurement (configuration, idx)");
  connection.Execute("CREATE INDEX measurement_procedure ON measurement (procedure_id, idx)");
  connection.Execute("DROP INDEX quantity_series");
  connection.Execute(
      "CREATE INDEX quantity_series ON quantity (subject, quantity, definition, acquired_ms)");
  connection.Execute(
      For(connection.engine(), "CREATE TABLE register_change (idx {BIGINT} PRIMARY KEY){STRICT}"));
  std::string changes;
  for (const Table table : kRegisters) {
    IndexInForce(connection, table);
    if (!IsKept(table)) continue;
    const std::string name{Name(table)};
    changes += (changes.empty() ? "" : " UNION ") + std::string("SELECT from_index FROM ") + name +
               " UNION SELECT to_index FROM " + name + " WHERE to_index < " +
               std::to_string(kForever);
  }
  connection.Execute("INSERT INTO register_change (idx) " + changes);
  for (const Table table : kRegisters3) IndexInForce(connection, table);
  for (const Table table : kRegisters4) IndexInForce(connection, table);
}

/// Agents with keys of their own; signatures of people, and who they are at their institution.
void ToVersion6(Connection& connection) {
  connection.Execute(For(connection.engine(),
                         "CREATE TABLE enrolment (digest {TEXT} NOT NULL PRIMARY KEY, agent {TEXT} "
                         "NOT NULL UNIQUE, instruments {TEXT} NOT NULL, expires_ms {BIGINT} NOT "
                         "NULL){STRICT}"));
  for (const Table table : kRegisters6) {
    CreateRegister(connection, table);
    IndexInForce(connection, table);
  }
}

using Step = void (*)(Connection&);
constexpr std::array<Step, kSchemaVersion> kSteps = {ToVersion1, ToVersion2, ToVersion3,
                                                     ToVersion4, ToVersion5, ToVersion6};

std::int64_t Version(Connection& connection) {
  return ToInteger(
      connection.Query("SELECT coalesce(max(version), 0) FROM schema_version", {}, 1).at(0).at(0));
}

template <typename Work>
void InTransaction(Connection& connection, Work work) {
  connection.BeginWriting();
  try {
    work();
    connection.Commit();
  } catch (...) {
    connection.Rollback();
    throw;
  }
}

}  // namespace

void Migrate(Connection& connection, std::int64_t to) {
  InTransaction(connection, [&] {
    connection.Execute(
        For(connection.engine(),
            "CREATE TABLE IF NOT EXISTS schema_version (version {BIGINT} PRIMARY KEY){STRICT}"));
  });
  for (std::int64_t version = Version(connection); version < to; ++version) {
    InTransaction(connection, [&] {
      kSteps[static_cast<std::size_t>(version)](connection);
      connection.Run("INSERT INTO schema_version (version) VALUES (:p1)", {version + 1});
    });
  }
  if (to == kSchemaVersion) RequireCurrentSchema(connection);
}

void RequireCurrentSchema(Connection& connection) {
  const std::int64_t version = Version(connection);
  if (version == kSchemaVersion) return;
  throw StoreError("the record has schema version " + std::to_string(version) +
                   " and this program knows " + std::to_string(kSchemaVersion) +
                   "; start it with the program that wrote it, or a newer one");
}

}  // namespace sop::store
