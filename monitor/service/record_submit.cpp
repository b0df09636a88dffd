#include "monitor/service/decision.h"
#include "monitor/service/judging_facts.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "monitor/service/submission.h"
#include "sop/journal/event.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

/// When the pixels were taken, and how that is known: a file that does not say is dated by the
/// measurement, then by its receipt.
struct Acquired {
  Milliseconds time;
  const char* source;
};

Acquired AcquiredAt(const Json& document, Milliseconds received) {
  for (const auto& [name, source] :
       {std::pair{"acquired_at", "document"}, std::pair{"measured_at", "measured_at"}}) {
    const auto member = document.find(name);
    if (member == document.end() || !member->is_string()) continue;
    if (const auto time = ParseTime(member->get_ref<const std::string&>())) {
      return {*time, source};
    }
  }
  return {received, "received_at"};
}

/// Made from the record alone, so that every repeat of a submission gets the same bytes.
Json Receipt(const sop::store::Reader& tables, const std::string& key) {
  const auto row = tables.Measurement(key).value();
  return {{"schema", "etalon.receipt/1"},
          {"key", row.key},
          {"received_at", row.received_at},
          {"log_index", row.idx},
          {"decided_log_index", row.decided_idx},
          {"outcome", row.outcome},
          {"verdict_reasons", Json::parse(row.body).at("reasons")},
          {"checkpoint", tables.CheckpointCovering(row.decided_idx).value().note}};
}

void Store(JournalWriter::Batch& batch, const Submission& submission, std::string_view agent) {
  const Acquired acquired = AcquiredAt(submission.document, batch.Now());
  const JudgingFacts facts = FactsFor(submission, batch.tables(), batch.size(), acquired.time);
  Json decided = Decide(submission, facts, acquired.time);
  decided["acquired_at_source"] = acquired.source;
  const PlacedEvent received = batch.Append("measurement_received", submission.envelope, agent);
  decided["received_index"] = received.idx;
  decided["received_at"] = received.event.recorded_at;
  batch.Append("measurement_decided", std::move(decided), "service");
}

}  // namespace

Json QualityRecord::Submit(const Json& json, std::string_view agent, bool* created) {
  const Submission submission = ReadSubmission(json);
  bool stored = false;
  if (!impl_->store->Read()->Measurement(submission.key)) {
    impl_->writer->Run([&](JournalWriter::Batch& batch) {
      // Another thread may have brought the same key since, even within this batch.
      if (batch.tables().Measurement(submission.key)) return;
      Store(batch, submission, agent);
      stored = true;
    });
  }
  if (created != nullptr) *created = stored;
  return Receipt(*impl_->store->Read(), submission.key);
}

}  // namespace monitor::service
