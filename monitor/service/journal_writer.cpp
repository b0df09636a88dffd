#include "monitor/service/journal_writer.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "monitor/service/journal_tiles.h"
#include "sop/journal/canonical_json.h"
#include "sop/journal/commitment.h"

namespace monitor::service {
namespace {

using sop::journal::Digest;
using sop::store::EventRow;
using sop::store::StoreError;

constexpr std::size_t kLargestBatch = 256;     ///< commands; bounds the wait of the first of them
constexpr std::chrono::seconds kPatience{10};  ///< with a server that restarts during a commit

struct Waiting {
  JournalWriter::Work work;
  std::exception_ptr error;
  std::string checkpoint;
  bool done = false;
};

[[noreturn]] void Broken(const std::string& what) {
  throw StoreError("the journal does not hold together: " + what +
                   "; nothing is recorded into it. Keep this data folder as it is, run 'etalon "
                   "verify' on it to see what is wrong, restore a backup into another folder, and "
                   "compare both with the checkpoints that agents keep");
}

/// What the journal cannot hold is the sender's to change; sending it again would not help.
std::string LineOf(const sop::journal::Event& event) {
  try {
    return sop::journal::EventLine(event);
  } catch (const sop::journal::JsonTooLarge& error) {
    throw Problem(422, "too_large", error.what());
  } catch (const sop::journal::CanonicalJsonError& error) {
    throw Problem(422, "wrong_value", std::string("the record cannot hold this: ") + error.what());
  }
}

/// The newest event stands for the rest: when it was recorded, and that it is the tree's last leaf.
std::int64_t CheckNewest(const EventRow& row, const sop::store::Reader& tables) {
  const std::string name = "event " + std::to_string(row.idx);
  const auto last = static_cast<std::uint64_t>(row.idx);
  if (sop::journal::TiledSubtrees(TilesOf(tables))(0, last) != sop::journal::LeafHash(row.line)) {
    Broken(name + " is not the one that was recorded");
  }
  const auto recorded =
      sop::journal::ParseEventTime(sop::journal::ParseEvent(row.line).recorded_at);
  if (ToMs(recorded.value()) != row.recorded_ms) {
    Broken(name + " is filed under another time than it states");
  }
  return row.recorded_ms;
}

}  // namespace

struct JournalWriter::Impl {
  Impl(JournalWriter* the_owner, sop::store::Store& the_store, sop::journal::LogKey the_key,
       Clock the_clock, Projection the_projection)
      : owner(the_owner),
        store(the_store),
        key(std::move(the_key)),
        clock(std::move(the_clock)),
        projection(std::move(the_projection)) {}

  JournalWriter* owner;
  sop::store::Store& store;
  sop::journal::LogKey key;
  Clock clock;
  Projection projection;

  sop::journal::TreeEdge edge;  ///< of what is committed
  std::int64_t last_ms = 0;
  std::uint64_t failed = 0;  ///< batches that were undone whole
  std::uint64_t epoch = 1;

  std::mutex mutex;
  std::condition_variable arrived;
  std::condition_variable finished;
  std::deque<std::shared_ptr<Waiting>> queue;
  bool stopping = false;
  std::jthread thread;

  void Load();
  void Loop();
  std::string Serve(std::vector<std::shared_ptr<Waiting>>& batch);
  static void RunOne(Batch& batch, Waiting& waiting);
  void Seal(Batch& batch);
  [[nodiscard]] bool Recover();
  [[nodiscard]] bool WasCommitted(const Batch& batch, bool known);
};

void JournalWriter::Impl::Load() {
  const auto snapshot = store.Read();
  const std::int64_t size = snapshot->EventCount();
  const auto last = snapshot->LastCheckpoint();
  if (!last && size > 0) Broken("it has events and no checkpoint");
  epoch = 1;
  if (!last) {
    edge = {};
    return;
  }
  const auto checkpoint = sop::journal::OpenCheckpoint(last->note, key.VerifierKey());
  if (!checkpoint) Broken("its last checkpoint is not signed by this folder's log.key");
  if (checkpoint->tree_size != static_cast<std::uint64_t>(size)) {
    Broken("its last checkpoint covers " + std::to_string(checkpoint->tree_size) +
           " events and it holds " + std::to_string(size));
  }
  epoch = checkpoint->epoch;
  try {
    edge = sop::journal::TreeEdge(checkpoint->tree_size, TilesOf(*snapshot));
    if (checkpoint->root != edge.Root()) Broken("its hash tree differs from its last checkpoint");
    if (size > 0) last_ms = CheckNewest(snapshot->Event(size - 1).value(), *snapshot);
  } catch (const sop::journal::TileError& error) {
    Broken(error.what());
  } catch (const sop::journal::CanonicalJsonError& error) {
    Broken(std::string("its newest event is none: ") + error.what());
  }
}

JournalWriter::JournalWriter(sop::store::Store& store, sop::journal::LogKey key, Clock clock,
                             Projection projection)
    : impl_(std::make_unique<Impl>(this, store, std::move(key), std::move(clock),
                                   std::move(projection))) {
  impl_->Load();
  impl_->thread = std::jthread([this] { impl_->Loop(); });
}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->arrived.notify_all();
  impl_->thread.join();
}

const sop::journal::LogKey& JournalWriter::key() const { return impl_->key; }

Milliseconds JournalWriter::Batch::Now() const {
  const Milliseconds now = writer_->impl_->clock();
  const std::int64_t last = writer_->impl_->last_ms;
  return ToMs(now) < last ? FromMs(last + 1) : now;
}

std::uint64_t JournalWriter::Batch::failed_before() const { return writer_->impl_->failed; }

PlacedEvent JournalWriter::Batch::Append(std::string_view type, nlohmann::json body,
                                         std::string_view actor) {
  Impl& impl = *writer_->impl_;
  const Milliseconds read = impl.clock();
  Milliseconds recorded = read;
  if (ToMs(read) < impl.last_ms) {
    recorded = FromMs(impl.last_ms + 1);
    body["clock_read"] = TimeText(read);
  }
  impl.last_ms = ToMs(recorded);
  PlacedEvent placed{
      size_,
      ToMs(recorded),
      {std::string(type), 1, TimeText(recorded), std::string(actor), std::move(body)}};
  const std::string line = LineOf(placed.event);
  const Digest leaf = sop::journal::LeafHash(line);
  transaction_->AppendEvent({size_, line, sop::journal::ToHex(leaf), placed.recorded_ms});
  ++size_;
  leaves_.push_back(leaf);
  impl.projection(*transaction_, placed);
  return placed;
}

PlacedEvent JournalWriter::Batch::OpenEpoch(nlohmann::json body) {
  const auto epoch = body.at("epoch").get<std::uint64_t>();
  PlacedEvent placed = Append("log_epoch_opened", std::move(body), "admin");
  writer_->impl_->epoch = epoch;
  return placed;
}

nlohmann::json JournalWriter::Batch::Commit(std::string value) {
  const sop::journal::Opening opening = sop::journal::CommitTo(std::move(value));
  transaction_->AddOpening({opening.commitment, size_, opening.salt, opening.value});
  return {{"commitment", opening.commitment}};
}

std::string JournalWriter::Run(Work work) {
  const auto waiting = std::make_shared<Waiting>(Waiting{std::move(work), nullptr, {}, false});
  std::unique_lock lock(impl_->mutex);
  impl_->queue.push_back(waiting);
  impl_->arrived.notify_one();
  impl_->finished.wait(lock, [&] { return waiting->done; });
  if (waiting->error) std::rethrow_exception(waiting->error);
  return waiting->checkpoint;
}

void JournalWriter::Impl::Loop() {
  for (;;) {
    std::vector<std::shared_ptr<Waiting>> batch;
    {
      std::unique_lock lock(mutex);
      arrived.wait(lock, [&] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      while (!queue.empty() && batch.size() < kLargestBatch) {
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
      }
    }
    const std::string checkpoint = Serve(batch);
    {
      const std::lock_guard lock(mutex);
      for (const auto& waiting : batch) {
        waiting->checkpoint = checkpoint;
        waiting->done = true;
      }
    }
    finished.notify_all();
  }
}

/// What one command wrote goes again when it is refused; the others of the batch stay.
void JournalWriter::Impl::RunOne(Batch& batch, Waiting& waiting) {
  const std::int64_t size = batch.size_;
  batch.transaction_->Mark();
  try {
    waiting.work(batch);
  } catch (...) {
    waiting.error = std::current_exception();
    batch.transaction_->UndoMarked();
    batch.leaves_.resize(batch.leaves_.size() - static_cast<std::size_t>(batch.size_ - size));
    batch.size_ = size;
    return;
  }
  batch.transaction_->KeepMarked();
}

void JournalWriter::Impl::Seal(Batch& batch) {
  if (batch.leaves_.empty()) return;
  for (const Digest& leaf : batch.leaves_) edge.Append(leaf);
  for (const sop::journal::Tile& tile : edge.TakeChanged()) {
    batch.transaction_->PutTile({tile.id.level, static_cast<std::int64_t>(tile.id.index),
                                 sop::journal::ToHex(tile.hashes)});
  }
  const sop::journal::Checkpoint checkpoint{key.origin, edge.size(), edge.Root(), epoch};
  batch.sealed_ = sop::journal::SignCheckpoint(checkpoint, key);
  batch.transaction_->AppendCheckpoint({batch.size_, batch.sealed_});
}

std::string JournalWriter::Impl::Serve(std::vector<std::shared_ptr<Waiting>>& batch) {
  Batch work;
  bool committing = false;
  try {
    const auto transaction = store.Begin();
    work.writer_ = owner;
    work.transaction_ = transaction.get();
    work.size_ = transaction->EventCount();
    if (static_cast<std::uint64_t>(work.size_) != edge.size()) {
      Broken("its database and its hash tree differ; restart the service");
    }
    for (const auto& waiting : batch) RunOne(work, *waiting);
    Seal(work);
    committing = true;
    transaction->Commit();
  } catch (...) {
    const auto error = std::current_exception();
    ++failed;
    const bool known = Recover();
    if (committing && WasCommitted(work, known)) return work.sealed_;
    for (const auto& waiting : batch) {
      if (!waiting->error) waiting->error = error;
    }
  }
  return work.sealed_;
}

/// After a failed commit the edge may hold leaves that the database does not.
bool JournalWriter::Impl::Recover() {
  try {
    Load();
    return true;
  } catch (...) {
    // The next batch fails as well while the database cannot be read; nothing is written blindly,
    // because the edge's size is compared before each batch.
    return false;
  }
}

/// A server that went away during a commit may have made it: what it then holds tells. Commands are
/// answered by that, so that nobody sends again what was recorded.
bool JournalWriter::Impl::WasCommitted(const Batch& batch, bool known) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (; !known; known = Recover()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (batch.sealed_.empty()) return false;
  const auto covering = store.Read()->CheckpointCovering(batch.size_ - 1);
  return covering && covering->note == batch.sealed_;
}

}  // namespace monitor::service
