#include "monitor/service/record.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "monitor/service/data_folder.h"
#include "monitor/service/journal_tiles.h"
#include "monitor/service/projection.h"
#include "monitor/service/record_impl.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using sop::journal::ToHex;
using sop::store::StoreError;

constexpr std::size_t kEarlierStates = 4;

void OpenLog(JournalWriter& writer) {
  writer.Run([&](JournalWriter::Batch& batch) {
    if (batch.size() > 0) return;
    batch.Append("log_opened",
                 {{"origin", writer.key().origin}, {"verifier_key", writer.key().VerifierKey()}},
                 "service");
  });
}

std::string Digest(const sop::store::Reader& tables) {
  // Chained, so that a record of any size is digested in one row's memory.
  std::string digest;
  tables.Dump([&](std::string_view line) {
    digest = ToHex(sop::journal::Sha256(digest + std::string(line) + "\n"));
  });
  return digest;
}

}  // namespace

void RequireFound(bool found, const std::string& type, const std::string& what) {
  if (!found) throw Problem(404, type, what + " is not in the record");
}

QualityRecord::Impl::Impl(RecordOptions record_options) : options(std::move(record_options)) {
  lock_file = LockDataFolder(options.data_dir);
  try {
    const std::string database = DatabaseOf(options.data_dir, options.database);
    // Before a new file is made, so that a backup can be put in its place.
    if (options.database.empty() && !std::filesystem::exists(database)) {
      RefuseLostJournal(options.data_dir, database);
    }
    store = std::make_unique<sop::store::Store>(database);
    const bool new_log = store->Read()->EventCount() == 0;
    if (new_log) RefuseLostJournal(options.data_dir, database);
    writer = std::make_unique<JournalWriter>(
        *store, LoadLogKey(options.data_dir, new_log, options.log_origin), options.clock, Project);
    OpenLog(*writer);
    people = std::make_unique<People>(*store, *writer, options.clock, options.password_cost);
    sign_ins = std::make_unique<SignIns>(*store, *writer, *people, options.clock);
    signatures = std::make_unique<Signatures>(*store, *writer, options.clock, *people, *sign_ins);
    sign_in_links = std::make_unique<SignInLinks>(*store, *writer, options.clock, *people);
    access_log = std::make_unique<AccessLog>(*store, *writer, options.clock);
    housekeeper = std::make_unique<Housekeeper>(*access_log, *sign_ins);
  } catch (...) {
    UnlockDataFolder(lock_file);
    throw;
  }
}

QualityRecord::Impl::~Impl() {
  housekeeper.reset();
  writer.reset();
  store.reset();
  UnlockDataFolder(lock_file);
}

View QualityRecord::Impl::Look(const AsOf& as_of) const {
  View view{store->Read(), 0, options.clock(), {}};
  if (as_of) {
    const auto time = ParseTime(*as_of);
    if (!time) throw Problem(400, "wrong_time", "as_of must be a time as 2026-11-22T10:00:00Z");
    view.now = std::min(*time, view.now);
    view.at = view.tables->EventsRecordedBy(ToMs(view.now));
  } else {
    view.at = view.tables->EventCount();
  }
  view.as_of = TimeText(view.now);
  return view;
}

std::shared_ptr<const RegisterState> QualityRecord::Impl::State(const View& view) const {
  const std::int64_t changed = view.tables->RegistersChanged(view.at);
  {
    const std::lock_guard lock(cache_mutex);
    if (cached && cached->changed == changed) return cached;
    const auto found = std::ranges::find(earlier, changed, &RegisterState::changed);
    if (found != earlier.end()) {
      std::rotate(earlier.begin(), found, found + 1);
      return earlier.front();
    }
  }
  auto state = LoadState(*view.tables, changed);
  const std::lock_guard lock(cache_mutex);
  if (!cached || cached->changed <= state->changed) {
    cached = state;
  } else {
    // Questions about the past never push out the present.
    earlier.insert(earlier.begin(), state);
    if (earlier.size() > kEarlierStates) earlier.pop_back();
  }
  return state;
}

QualityRecord::QualityRecord(RecordOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
QualityRecord::~QualityRecord() = default;

People& QualityRecord::people() { return *impl_->people; }
Signatures& QualityRecord::signatures() { return *impl_->signatures; }
SignInLinks& QualityRecord::sign_in_links() { return *impl_->sign_in_links; }
SignIns& QualityRecord::sign_ins() { return *impl_->sign_ins; }
AccessLog& QualityRecord::access_log() { return *impl_->access_log; }

nlohmann::json QualityRecord::Events(std::uint64_t from_index, int limit) const {
  const View view = impl_->Look(std::nullopt);
  nlohmann::json items = nlohmann::json::array();
  for (const auto& row : view.tables->Events(static_cast<std::int64_t>(from_index), limit)) {
    items.push_back({{"log_index", row.idx}, {"line", row.line}, {"leaf_hash", row.leaf_hash}});
  }
  return {{"items", std::move(items)}, {"tree_size", view.at}};
}

std::string QualityRecord::Checkpoint() const {
  return impl_->store->Read()->LastCheckpoint().value().note;
}

std::string QualityRecord::VerifierKey() const { return impl_->writer->key().VerifierKey(); }

nlohmann::json QualityRecord::Proof(std::uint64_t index) const {
  const auto tables = impl_->store->Read();
  const auto event = tables->Event(static_cast<std::int64_t>(index));
  RequireFound(event.has_value(), "unknown_event", "event " + std::to_string(index));
  const auto checkpoint = tables->LastCheckpoint().value();
  Json inclusion = Json::array();
  for (const auto& digest :
       sop::journal::InclusionProof(sop::journal::TiledSubtrees(TilesOf(*tables)), index,
                                    static_cast<std::uint64_t>(checkpoint.tree_size))) {
    inclusion.push_back(ToHex(digest));
  }
  return {{"log_index", index},
          {"tree_size", checkpoint.tree_size},
          {"leaf_hash", event->leaf_hash},
          {"inclusion", std::move(inclusion)},
          {"checkpoint", checkpoint.note}};
}

nlohmann::json QualityRecord::Consistency(std::uint64_t from, std::uint64_t to) const {
  const auto tables = impl_->store->Read();
  const auto size = static_cast<std::uint64_t>(tables->LastCheckpoint().value().tree_size);
  if (from > to || to > size) {
    throw Problem(400, "bad_parameter",
                  "\"from\" must be at most \"to\", and \"to\" at most the " +
                      std::to_string(size) + " events of the journal.");
  }
  Json proof = Json::array();
  for (const auto& digest :
       sop::journal::ConsistencyProof(sop::journal::TiledSubtrees(TilesOf(*tables)), from, to)) {
    proof.push_back(ToHex(digest));
  }
  return {{"from", from}, {"to", to}, {"proof", std::move(proof)}};
}

std::optional<std::string> QualityRecord::Tile(const sop::journal::TileId& id,
                                               std::size_t width) const {
  const auto tables = impl_->store->Read();
  const auto hashes = TilesOf(*tables)(id);
  if (hashes.size() < width) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) bytes.append(hashes[i].begin(), hashes[i].end());
  return bytes;
}

std::string QualityRecord::Rebuild() {
  impl_->writer->Run([](JournalWriter::Batch& batch) {
    auto& tables = batch.tables();
    tables.ClearReadTables();
    for (std::int64_t from = 0; from < batch.size();) {
      for (const auto& row : tables.Events(from, 500)) {
        Project(tables, {row.idx, row.recorded_ms, sop::journal::ParseEvent(row.line)});
        from = row.idx + 1;
      }
    }
  });
  const std::lock_guard lock(impl_->cache_mutex);
  impl_->cached = nullptr;
  impl_->earlier.clear();
  return DumpDigest();
}

std::string QualityRecord::DumpDigest() const { return Digest(*impl_->store->Read()); }

}  // namespace monitor::service
