#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "monitor/service/housekeeper.h"
#include "monitor/service/journal_writer.h"
#include "monitor/service/judging_facts.h"
#include "monitor/service/people.h"
#include "monitor/service/record.h"
#include "monitor/service/register_state.h"
#include "monitor/service/sign_in_links.h"
#include "monitor/service/signatures.h"
#include "sop/store/store.h"

namespace monitor::service {

/// One question's view: committed tables, how many events count, and the time it is asked for.
struct View {
  std::unique_ptr<sop::store::Snapshot> tables;
  std::int64_t at = 0;
  Milliseconds now{};
  std::string as_of;  ///< what the answer states

  [[nodiscard]] sop::Instant instant() const { return ToSeconds(now); }
};

struct QualityRecord::Impl {
  explicit Impl(RecordOptions record_options);
  ~Impl();

  [[nodiscard]] View Look(const AsOf& as_of) const;
  /// The registers of a view; the newest is kept, because most questions are about now,
  /// and a few older ones.
  [[nodiscard]] std::shared_ptr<const RegisterState> State(const View& view) const;

  RecordOptions options;
  RegisterVersions registers;  ///< the writer's
  int lock_file = -1;          ///< keeps a second service off the same folder
  std::unique_ptr<sop::store::Store> store;
  std::unique_ptr<JournalWriter> writer;
  std::unique_ptr<People> people;
  std::unique_ptr<SignIns> sign_ins;
  std::unique_ptr<Signatures> signatures;
  std::unique_ptr<SignInLinks> sign_in_links;
  std::unique_ptr<AccessLog> access_log;
  std::unique_ptr<Housekeeper> housekeeper;
  mutable std::mutex cache_mutex;
  mutable std::shared_ptr<const RegisterState> cached;  ///< the newest
  /// Older ones, last used first: anyone may ask "as of", and a state is costly to load.
  mutable std::vector<std::shared_ptr<const RegisterState>> earlier;
};

/// What a command answers: {"log_index", "recorded_at", "checkpoint"}.
[[nodiscard]] nlohmann::json Appended(const PlacedEvent& placed, std::string checkpoint);

/// A Problem 404 when `found` is false.
void RequireFound(bool found, const std::string& type, const std::string& what);

/// The list form of a measurement, M of the read side.
[[nodiscard]] nlohmann::json MeasurementItem(const sop::store::Reader& tables,
                                             const sop::store::MeasurementRow& row,
                                             std::int64_t at);

}  // namespace monitor::service
