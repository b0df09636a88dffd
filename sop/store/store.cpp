#include "sop/store/store.h"

#include <mutex>

#include "sop/store/connection.h"
#include "sop/store/schema.h"

namespace sop::store {

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
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

struct Store::Impl {
  std::string path;
  Access access;
  std::unique_ptr<Connection> writer;
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  ///< readers that nobody uses now

  std::unique_ptr<Connection> Take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    return std::make_unique<Connection>(path, Access::kReadOnly);
  }
};

Store::Store(const std::string& path, Access access) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  impl_->access = access;
  impl_->writer = std::make_unique<Connection>(path, access);
  if (access == Access::kReadWrite) {
    Migrate(*impl_->writer);
  } else {
    RequireCurrentSchema(*impl_->writer);
  }
}

Store::~Store() = default;

std::unique_ptr<Snapshot> Store::Read() const {
  Impl* impl = impl_.get();
  return std::make_unique<Snapshot>(impl->Take(), [impl](std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(impl->mutex);
    impl->idle.push_back(std::move(connection));
  });
}

std::unique_ptr<Transaction> Store::Begin() {
  return std::make_unique<Transaction>(*impl_->writer);
}

void Store::ForgetErased() {
  Connection connection(impl_->path, Access::kReadWrite);
  // The write-ahead log holds older pages until it has been moved into the file and cut.
  const auto state = connection.Query("PRAGMA wal_checkpoint(TRUNCATE)", {}, 3);
  if (state.at(0).at(0) == "0") return;
  throw StoreError(
      "the names are erased, but the database's write-ahead log is in use and may still hold them; "
      "repeat the command");
}

Snapshot::Snapshot(std::unique_ptr<Connection> connection,
                   std::function<void(std::unique_ptr<Connection>)> give_back)
    : Reader(*connection), owned_(std::move(connection)), give_back_(std::move(give_back)) {
  owned_->Execute("BEGIN");
}

Snapshot::~Snapshot() {
  try {
    owned_->Execute("COMMIT");
    give_back_(std::move(owned_));
  } catch (const StoreError&) {
    // A connection that cannot end its read is not used again; the next reader opens another.
  }
}

}  // namespace sop::store
