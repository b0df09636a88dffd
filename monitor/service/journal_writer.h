#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/service/record.h"
#include "monitor/service/time_text.h"
#include "sop/journal/checkpoint.h"
#include "sop/journal/event.h"
#include "sop/journal/merkle.h"
#include "sop/store/store.h"

namespace monitor::service {

/// An event with its place in the journal.
struct PlacedEvent {
  std::int64_t idx = 0;
  std::int64_t recorded_ms = 0;
  sop::journal::Event event;
};

/// The journal's one writer: waiting commands share a transaction and a checkpoint (group commit).
///
/// A command runs on the writer's thread, sees what the commands before it wrote, and either all it
/// wrote stays or, when it throws, nothing. Its caller hears of success only after the commit.
/// Recorded time never goes backwards: when the clock does, the event is recorded 1 ms after the
/// one before and its body says what the clock read in `clock_read`. Threads  Run from any thread.
/// Errors   StoreError; what the command throws.
class JournalWriter {
 public:
  /// Hands an appended event on to the read tables, within the same transaction.
  using Projection = std::function<void(sop::store::Transaction&, const PlacedEvent&)>;

  /// Reads the right edge of the hash tree, whatever the journal's length: the last checkpoint must
  /// be signed by `key`, cover every event and have the root that the tiles give. StoreError with
  /// one clear sentence otherwise. What lies deeper is the work of `etalon verify`.
  JournalWriter(sop::store::Store& store, sop::journal::LogKey key, Clock clock,
                Projection projection);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// What a command may do.
  class Batch {
   public:
    [[nodiscard]] sop::store::Transaction& tables() { return *transaction_; }
    /// The time that the next event would be recorded at.
    [[nodiscard]] Milliseconds Now() const;
    PlacedEvent Append(std::string_view type, nlohmann::json body, std::string_view actor);
    /// What the body of the next event holds in place of an erasable value.
    [[nodiscard]] nlohmann::json Commit(std::string value);
    /// Appends log_epoch_opened; its `epoch` stands in every checkpoint from here on.
    PlacedEvent OpenEpoch(nlohmann::json body);
    /// Number of events, with those of this batch.
    [[nodiscard]] std::int64_t size() const { return size_; }
    /// How many batches before this one were undone whole, so that what is kept of them is old.
    [[nodiscard]] std::uint64_t failed_before() const;

   private:
    friend class JournalWriter;
    JournalWriter* writer_ = nullptr;
    sop::store::Transaction* transaction_ = nullptr;
    std::int64_t size_ = 0;
    std::vector<sop::journal::Digest> leaves_;  ///< of the batch, not yet in the tree
    std::string sealed_;                        ///< the checkpoint's note; empty without events
  };
  using Work = std::function<void(Batch&)>;

  /// Waits until what `work` wrote is durable. Returns the checkpoint that covers it, a signed
  /// note; empty when nobody of its batch wrote an event.
  std::string Run(Work work);

  [[nodiscard]] const sop::journal::LogKey& key() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace monitor::service
