#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sop/store/identity_rows.h"

namespace sop::store {

/// The database cannot be opened, read or written; one sentence with what to do.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `to_index` of a row that nothing has closed yet; exact as a JSON number.
inline constexpr std::int64_t kForever = 9007199254740991;

/// The registers: one row a version of an entry, valid for [from_index, to_index) of the journal.
enum class Table {
  kFacility,
  kInstrument,
  kConfiguration,
  kProfile,
  kProcedure,
  kLimitSet,
  kAssignment,
  kArtefact,
  kRepeatStudy,
  kScaleRecord,
  kHold,
  kReview,
  kFault,
  kLogEpoch,
  kAnchor,
  kAccount,
  kRole,
  kRoleGrant,
  kAgent,
  kSignature,
  kSigningPolicy,
  kSignInLink,
};
[[nodiscard]] std::string_view Name(Table table);  ///< the table's name, "limit_set"
/// Whether questions about instruments keep the register in memory until it changes; the others
/// are looked up.
[[nodiscard]] bool IsKept(Table table);

/// One version of one entry of a register.
struct RegisterRow {
  std::string id;                    ///< "lsm-1", "lsm-1/63x-561", "PSF-03@lsm-1/63x-561"
  std::string scope;                 ///< what it belongs to, for lists: an instrument; or empty
  std::int64_t from_index = 0;       ///< the event that made it
  std::int64_t to_index = kForever;  ///< the event that replaced or ended it
  std::int64_t recorded_ms = 0;      ///< when that event was recorded, ms since 1970 UTC
  std::string body;                  ///< canonical JSON
};

struct EventRow {
  std::int64_t idx = 0;
  std::string line;       ///< canonical bytes, verbatim
  std::string leaf_hash;  ///< hex, RFC 6962 leaf
  std::int64_t recorded_ms = 0;
};

struct CheckpointRow {
  std::int64_t tree_size = 0;
  std::string note;  ///< the signed note
};

/// Part of the journal's hash tree, in the layout of C2SP tlog-tiles.
struct TileRow {
  std::int64_t level = 0;
  std::int64_t idx = 0;
  std::string hashes;  ///< hex of up to 256 concatenated hashes
};

/// One measurement with what was decided about it; the document stays in its event.
struct MeasurementRow {
  std::string key;
  std::string instrument;
  std::string configuration;
  std::string procedure;
  std::string purpose;
  std::string acquired_at;  ///< RFC 3339 UTC
  std::int64_t acquired_ms = 0;
  std::string received_at;
  std::int64_t idx = 0;          ///< of measurement_received
  std::int64_t decided_idx = 0;  ///< of measurement_decided; the row is visible from here on
  std::string outcome;
  std::string review;
  std::string body;  ///< canonical JSON: flags, performer, agent, raw and picture lists
};

/// One decided quantity of a measurement: a point of a series.
struct QuantityRow {
  std::string measurement;
  std::int64_t position = 0;  ///< place among the measurement's quantities
  std::string subject;        ///< "lsm-1/63x-561"
  std::string quantity;
  std::string definition;
  std::string channel;    ///< "" where a result has none
  std::string qualifier;  ///< canonical JSON of `of`; "" without
  std::int64_t acquired_ms = 0;
  std::int64_t decided_idx = 0;
  std::string body;  ///< canonical JSON of the decided quantity
};

/// A point with what its measurement says of it.
struct SeriesRow {
  QuantityRow quantity;
  std::string acquired_at;
  std::string received_at;
  std::string purpose;
};

/// A token's digest; tokens are no part of the quality record.
struct TokenRow {
  std::string digest;
  std::string subject;
  std::string role;
};

/// What opens a commitment in event `idx`; no part of the journal, so that it can be erased.
struct OpeningRow {
  std::string commitment;
  std::int64_t idx = 0;
  std::string salt;
  std::string value;
};

/// A one-time code that nobody has used yet; codes are no part of the quality record.
struct EnrolmentRow {
  std::string digest;  ///< hex SHA-256 of the code
  std::string agent;
  std::string instruments;  ///< canonical JSON list of ids
  std::int64_t expires_ms = 0;
};

struct InboxRow {
  std::string agent;
  std::string reported_at;
  std::string body;
};

/// Which series; empty strings are wildcards except `channel`, where "*" is one.
struct SeriesKey {
  std::string subject, quantity, definition, channel = "*";
  std::int64_t from_ms = INT64_MIN, to_ms = INT64_MAX;
};

/// Which measurements, newest received first; empty strings are wildcards.
struct MeasurementFilter {
  std::string instrument, configuration, procedure;
  std::int64_t before_idx = kForever;  ///< for paging: received before this event
  int limit = 50;
};

/// A procedure on a configuration, as a question sees it: measurements acquired by `until_ms`,
/// among the first `at` events.
struct AssignmentKey {
  std::string instrument, configuration, procedure;
  std::int64_t until_ms = INT64_MAX;
  std::int64_t at = 0;
};

/// Which measurements of an assignment; practice never counts.
enum class Counting { kAny, kGood, kBad, kAsFound };

/// A measurement's place in the order of acquisition.
struct Place {
  std::int64_t acquired_ms = INT64_MIN;
  std::int64_t idx = -1;
};

class Connection;

/// Reads of one consistent, committed state. `at` is a number of events: rows are seen as they were
/// when the journal held its first `at` events.
/// Errors   StoreError.  Threads  one at a time; several snapshots may be used side by side.
class Reader {
 public:
  explicit Reader(Connection& connection) : connection_(&connection) {}

  [[nodiscard]] std::int64_t EventCount() const;
  /// Rows as counted: another number than EventCount only in a file that was tampered with.
  [[nodiscard]] std::int64_t EventRows() const;
  [[nodiscard]] std::optional<EventRow> Event(std::int64_t idx) const;
  /// Events from `from`, at most `limit`, in order.
  [[nodiscard]] std::vector<EventRow> Events(std::int64_t from, std::int64_t limit) const;
  /// How many events were recorded at or before `recorded_ms`.
  [[nodiscard]] std::int64_t EventsRecordedBy(std::int64_t recorded_ms) const;
  [[nodiscard]] std::optional<CheckpointRow> LastCheckpoint() const;
  /// The first checkpoint that covers event `idx`: the one its receipt carries.
  [[nodiscard]] std::optional<CheckpointRow> CheckpointCovering(std::int64_t idx) const;
  [[nodiscard]] std::vector<CheckpointRow> Checkpoints(std::int64_t after_size,
                                                       std::int64_t limit) const;
  [[nodiscard]] std::optional<TileRow> Tile(std::int64_t level, std::int64_t idx) const;
  [[nodiscard]] std::int64_t TileCount() const;

  /// Entries in force, by id; only those of `scope` unless it is empty.
  [[nodiscard]] std::vector<RegisterRow> Rows(Table table, std::int64_t at,
                                              std::string_view scope = {}) const;
  [[nodiscard]] std::optional<RegisterRow> Row(Table table, std::string_view id,
                                               std::int64_t at) const;
  /// Every version recorded among the first `at` events, oldest first.
  [[nodiscard]] std::vector<RegisterRow> Versions(Table table, std::string_view id,
                                                  std::int64_t at) const;

  [[nodiscard]] std::optional<MeasurementRow> Measurement(std::string_view key) const;
  [[nodiscard]] std::vector<MeasurementRow> Measurements(const MeasurementFilter& filter,
                                                         std::int64_t at) const;
  /// The newest `limit` measurements of an assignment acquired after `after`, and before `before`
  /// where it is given; newest acquisition first.
  [[nodiscard]] std::vector<MeasurementRow> Newest(const AssignmentKey& key, Counting counting,
                                                   int limit, const Place& after = {},
                                                   const std::optional<Place>& before = {}) const;
  /// The first measurement acquired after `after`.
  [[nodiscard]] std::optional<MeasurementRow> Oldest(const AssignmentKey& key, Counting counting,
                                                     const Place& after) const;
  /// The last of the first `at` events that changed a register that is kept; -1 without.
  [[nodiscard]] std::int64_t RegistersChanged(std::int64_t at) const;
  /// The newest `limit` points, oldest first.
  [[nodiscard]] std::vector<SeriesRow> Series(const SeriesKey& key, std::int64_t at,
                                              int limit) const;
  [[nodiscard]] std::vector<QuantityRow> Quantities(std::string_view measurement) const;

  [[nodiscard]] std::optional<TokenRow> Token(std::string_view digest) const;
  [[nodiscard]] std::optional<EnrolmentRow> Enrolment(std::string_view digest) const;
  [[nodiscard]] std::vector<InboxRow> Inbox() const;

  /// Nothing once it is erased.
  [[nodiscard]] std::optional<OpeningRow> Opening(std::string_view commitment) const;
  [[nodiscard]] std::vector<OpeningRow> OpeningsOf(std::int64_t idx) const;
  /// Those whose value holds `part`, in the order of their events; reads all of them.
  [[nodiscard]] std::vector<OpeningRow> OpeningsWith(std::string_view part) const;
  [[nodiscard]] std::optional<PasswordRow> Password(std::string_view account) const;
  [[nodiscard]] std::optional<SessionRow> Session(std::string_view digest) const;
  [[nodiscard]] std::vector<SessionRow> Sessions(std::string_view account) const;
  [[nodiscard]] std::optional<ApiTokenRow> ApiToken(std::string_view digest) const;
  [[nodiscard]] std::vector<ApiTokenRow> ApiTokens(std::string_view account) const;
  [[nodiscard]] std::vector<AccessRow> AccessLog(const AccessFilter& filter) const;

  /// Calls `line` with each row of each read table as one line of canonical JSON, in the order of
  /// tables and primary keys: equal records give equal lines on any machine.
  void Dump(const std::function<void(std::string_view line)>& line) const;

 protected:
  Connection* connection_;
};

/// A snapshot that holds a pooled connection while it lives.
class Snapshot : public Reader {
 public:
  Snapshot(std::unique_ptr<Connection> connection,
           std::function<void(std::unique_ptr<Connection>)> give_back);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  std::unique_ptr<Connection> owned_;
  std::function<void(std::unique_ptr<Connection>)> give_back_;
};

/// The one writer's transaction; sees what it has written. Rolled back unless committed.
class Transaction : public Reader {
 public:
  explicit Transaction(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// A part that can be undone alone: a refused command must not take its batch with it.
  void Mark();
  void KeepMarked();
  void UndoMarked();

  void AppendEvent(const EventRow& event);
  void AppendCheckpoint(const CheckpointRow& checkpoint);
  /// Adds a tile, or replaces it by one that begins with the same hashes.
  void PutTile(const TileRow& tile);
  /// Ends the entry's open version at row.from_index, when there is one, and adds `row`.
  void Put(Table table, const RegisterRow& row);
  void Close(Table table, std::string_view id, std::int64_t at_index);
  void AddMeasurement(const MeasurementRow& row);
  void AddQuantity(const QuantityRow& row);
  void AddToken(const TokenRow& row);
  void DropTokens(std::string_view subject);
  /// Replaces a code that was made for the same agent.
  void SetEnrolment(const EnrolmentRow& row);
  void DropEnrolment(std::string_view agent);
  void SetInbox(const InboxRow& row);
  void AddOpening(const OpeningRow& row);
  /// Leaves no copy in the table's pages; `Store::ForgetErased` sees to the rest.
  void EraseOpenings(const std::vector<std::string>& commitments);
  /// Empties every read table (not the journal, tokens or inbox), before a replay.
  void SetPassword(const PasswordRow& row);
  void RemovePassword(std::string_view account);
  void AddSession(const SessionRow& row);
  void SeeSession(std::string_view digest, std::int64_t seen_ms);
  void EndSession(std::string_view account, std::string_view id);
  void EndSessions(std::string_view account);
  void EndSessionsSeenBefore(std::int64_t seen_ms, std::int64_t created_ms);
  void AddApiToken(const ApiTokenRow& row);
  void UseApiToken(std::string_view digest, std::int64_t used_ms);
  void RevokeApiToken(std::string_view account, std::string_view id, std::int64_t revoked_ms);
  void RevokeApiTokens(std::string_view account, std::int64_t revoked_ms);
  void AddAccess(const AccessRow& row);
  void PruneAccessLog(std::int64_t before_ms);
  /// Empties every read table (not the journal or what stands beside it), before a replay.
  void ClearReadTables();

  void Commit();

 private:
  void NoteChange(Table table, std::int64_t idx);

  bool open_ = true;
};

enum class Access { kReadWrite, kReadOnly };

/// The journal and its read tables: in one SQLite file (WAL, synchronous FULL, STRICT tables), or
/// in a PostgreSQL database.
///
/// Columns are TEXT, compared by bytes, and BIGINT, and the SQL is plain: a record has the same
/// rows in the same order on either engine. Events and checkpoints can be added, in order, tiles
/// can grow, and nothing else: triggers refuse every other change, whoever opens the database. A
/// server that went away and came back is connected to anew; what was being written then is not
/// there, unless its commit had already arrived (Commit throws in both cases). Threads  Read from
/// any thread; at most one Transaction at a time.
class Store {
 public:
  /// `database` is a path or a URL (engine.h). Opens or makes the file, or opens the server's
  /// database, and brings its schema up to date. kReadOnly neither makes nor migrates.
  /// Errors  StoreError, also for a schema that is newer than this program, and when another
  ///         session holds the right to write to a server's database.
  explicit Store(const std::string& database, Access access = Access::kReadWrite);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] std::unique_ptr<Snapshot> Read() const;
  [[nodiscard]] std::unique_ptr<Transaction> Begin();
  /// After openings were erased and committed: empties the write-ahead log, which held them.
  /// Errors  StoreError when readers keep the log in use for more than 10 s; call it again.
  void ForgetErased();
  /// Writes the tables as they are now, and nothing that was erased from them, to a new SQLite
  /// file, while others read and write.
  void CopyTo(const std::string& file) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sop::store
