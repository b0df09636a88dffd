#include "sop/store/store.h"

#include <mutex>

#include "sop/store/connection.h"
#include "sop/store/schema.h"

namespace sop::store {
namespace {

constexpr std::size_t kIdleReaders = 16;  ///< sessions kept open between questions

}  // namespace

std::string_view Name(Table table) {
  switch (table) {
    case Table::kFacility:
      return "facility";
    case Table::kInstrument:
      return "instrument";
    case Table::kConfiguration:
      return "configuration";
    case Table::kProfile:
      return "profile";
    case Table::kProcedure:
      return "procedure_version";
    case Table::kLimitSet:
      return "limit_set";
    case Table::kAssignment:
      return "assignment";
    case Table::kArtefact:
      return "artefact";
    case Table::kRepeatStudy:
      return "repeat_study";
    case Table::kScaleRecord:
      return "scale_record";
    case Table::kHold:
      return "hold";
    case Table::kReview:
      return "review";
    case Table::kFault:
      return "fault";
    case Table::kLogEpoch:
      return "log_epoch";
    case Table::kAnchor:
      return "anchor";
    case Table::kAccount:
      return "account";
    case Table::kRole:
      return "role";
    case Table::kRoleGrant:
      return "role_grant";
    case Table::kAgent:
      return "agent";
    case Table::kSignature:
      return "signature";
    case Table::kSigningPolicy:
      return "signing_policy";
    case Table::kSignInLink:
      return "sign_in_link";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

bool IsKept(Table table) {
  switch (table) {
    case Table::kFacility:
    case Table::kInstrument:
    case Table::kConfiguration:
    case Table::kProfile:
    case Table::kProcedure:
    case Table::kLimitSet:
    case Table::kAssignment:
    case Table::kArtefact:
    case Table::kRepeatStudy:
    case Table::kScaleRecord:
    case Table::kHold:
      return true;
    case Table::kReview:
    case Table::kFault:
    case Table::kLogEpoch:
    case Table::kAnchor:
    case Table::kAccount:
    case Table::kRole:
    case Table::kRoleGrant:
    case Table::kAgent:
    case Table::kSignature:
    case Table::kSigningPolicy:
    case Table::kSignInLink:
      return false;
  }
  return false;  // unreachable for a valid enumerator; -Wswitch guards the list above
}

struct Store::Impl {
  std::string database;
  Access access;
  std::unique_ptr<Connection> writer;  ///< nullptr while the engine cannot be reached
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  ///< readers that nobody uses now

  std::unique_ptr<Connection> Take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return nullptr;
    auto connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }
  void Keep(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kIdleReaders) idle.push_back(std::move(connection));
  }
  void OpenWriter() {
    writer.reset();  // first: its end frees the right to write
    writer = std::make_unique<Connection>(database, access);
    if (access == Access::kReadWrite) writer->BecomeWriter();
  }
};

Store::Store(const std::string& database, Access access) : impl_(std::make_unique<Impl>()) {
  impl_->database = database;
  impl_->access = access;
  impl_->OpenWriter();
  if (access == Access::kReadWrite) {
    Migrate(*impl_->writer);
  } else {
    RequireCurrentSchema(*impl_->writer);
  }
}

Store::~Store() = default;

std::unique_ptr<Snapshot> Store::Read() const {
  Impl* impl = impl_.get();
  const auto give_back = [impl](std::unique_ptr<Connection> connection) {
    impl->Keep(std::move(connection));
  };
  // Idle sessions that the server's restart has cut are found by their first statement.
  while (auto connection = impl->Take()) {
    Connection& session = *connection;
    try {
      session.BeginReading();
      return std::make_unique<Snapshot>(std::move(connection), give_back);
    } catch (const StoreError&) {
      if (!session.lost()) throw;
    }
  }
  auto connection = std::make_unique<Connection>(impl->database, Access::kReadOnly);
  connection->BeginReading();
  return std::make_unique<Snapshot>(std::move(connection), give_back);
}

std::unique_ptr<Transaction> Store::Begin() {
  if (impl_->writer && !impl_->writer->lost()) {
    try {
      return std::make_unique<Transaction>(*impl_->writer);
    } catch (const StoreError&) {
      if (!impl_->writer->lost()) throw;
    }
  }
  // The right to write went with the session. Another service may have had it since, so the caller
  // compares what it knows with what it finds.
  impl_->OpenWriter();
  RequireCurrentSchema(*impl_->writer);
  return std::make_unique<Transaction>(*impl_->writer);
}

void Store::CopyTo(const std::string& file) const {
  if (EngineOf(impl_->database) == Engine::kPostgresql) {
    throw StoreError("a record in PostgreSQL is copied by the server's own means, as pg_dump");
  }
  std::string quoted;
  for (const char c : file) quoted += c == '\'' ? "''" : std::string(1, c);
  Connection(impl_->database, Access::kReadWrite).Execute("VACUUM INTO '" + quoted + "'");
}

void Store::ForgetErased() {
  Connection connection(impl_->database, Access::kReadWrite);
  if (connection.engine() == Engine::kPostgresql) {
    // The table is written anew; the server removes its old file at its next checkpoint and the
    // write-ahead log in its own time.
    connection.Execute("VACUUM FULL opening");
    return;
  }
  // The write-ahead log holds older pages until it has been moved into the file and cut.
  const auto state = connection.Query("PRAGMA wal_checkpoint(TRUNCATE)", {}, 3);
  if (state.at(0).at(0) == "0") return;
  throw StoreError(
      "the names are erased, but the database's write-ahead log is in use and may still hold them; "
      "repeat the command");
}

Snapshot::Snapshot(std::unique_ptr<Connection> connection,
                   std::function<void(std::unique_ptr<Connection>)> give_back)
    : Reader(*connection), owned_(std::move(connection)), give_back_(std::move(give_back)) {}

Snapshot::~Snapshot() {
  try {
    owned_->Commit();
    give_back_(std::move(owned_));
  } catch (const StoreError&) {
    // A connection that cannot end its read is not used again; the next reader opens another.
  }
}

}  // namespace sop::store
