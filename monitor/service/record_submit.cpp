#include <algorithm>
#include <set>

#include "monitor/service/agent_register.h"
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
  std::string stated = {};     ///< the document's own text, where another time counts
  const char* code = nullptr;  ///< set when the stated time cannot be trusted
  const char* doubt = nullptr;
};

/// Clocks in step by NTP over a network differ by less; nobody needs to look at such a difference.
constexpr std::chrono::minutes kClockTolerance{1};

bool NamesZone(const std::string& time) {
  return time.ends_with('Z') || time.ends_with('z') ||
         (time.size() > 10 && time.find_first_of("+-", 10) != std::string::npos);
}

bool HasFinding(const Json& document, const char* code) {
  const Json findings = document.value("findings", Json::array());
  return std::any_of(findings.begin(), findings.end(), [&](const Json& finding) {
    return finding.is_object() && finding.value("code", Json()) == code;
  });
}

/// A result of the future would stay unseen until then: its receipt is the latest that it can be.
Acquired AcquiredAt(const Json& document, Milliseconds received) {
  for (const auto& [name, source] :
       {std::pair{"acquired_at", "document"}, std::pair{"measured_at", "measured_at"}}) {
    const auto member = document.find(name);
    if (member == document.end() || !member->is_string()) continue;
    const auto& stated = member->get_ref<const std::string&>();
    const auto time = ParseTime(stated);
    if (!time) continue;
    if (*time > received + kClockTolerance) {
      return {received, "received_at", stated, "acquired_after_receipt",
              "it states a time of acquisition after its receipt, so a clock is wrong"};
    }
    if (*time > received) return {received, "received_at", stated};
    if (!NamesZone(stated) && !HasFinding(document, "clock")) {
      return {*time, source, stated, "acquired_without_zone",
              "its time of acquisition names no time zone and was taken as UTC"};
    }
    return {*time, source};
  }
  return {received, "received_at"};
}

void AddAcquired(const Acquired& acquired, Json& decided) {
  decided["acquired_at_source"] = acquired.source;
  if (!acquired.stated.empty()) decided["acquired_at_stated"] = acquired.stated;
  if (acquired.code == nullptr) return;
  decided["review"] = sop::Name(sop::Review::kPending);
  decided["reasons"].push_back(acquired.code);
  decided["review_reasons"].push_back(acquired.doubt);
}

/// The raw files of the envelope are those that were measured. An input that could not be read has
/// no digest, and a submission may leave its raw files unlisted.
void CheckRaw(const Submission& submission) {
  if (submission.envelope.value("raw", Json::array()).empty()) return;
  std::set<std::string> sent;
  std::set<std::string> measured;
  for (const Json& row : submission.envelope["raw"]) sent.insert(row.at("sha256"));
  bool all_read = true;
  for (const Json& input : submission.document.at("inputs")) {
    const Json digest = input.value("sha256", Json());
    if (digest.is_string()) measured.insert(digest.get<std::string>());
    all_read = all_read && digest.is_string();
  }
  const bool same = all_read
                        ? sent == measured
                        : std::includes(sent.begin(), sent.end(), measured.begin(), measured.end());
  if (same) return;
  throw Problem(422, "wrong_document",
                "raw must list the files that the document measured: the sha256 of its inputs");
}

/// Of what the record says alone, so that every repeat of a submission gets the same bytes.
Json Receipt(const std::string& key, const PlacedEvent& received, const PlacedEvent& decided,
             std::string checkpoint) {
  return {{"schema", "etalon.receipt/1"},
          {"key", key},
          {"received_at", received.event.recorded_at},
          {"log_index", received.idx},
          {"decided_log_index", decided.idx},
          {"outcome", decided.event.body.at("outcome")},
          {"verdict_reasons", decided.event.body.at("reasons")},
          {"checkpoint", std::move(checkpoint)}};
}

Json ReceiptAgain(const sop::store::Reader& tables, const std::string& key) {
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

struct Stored {
  PlacedEvent received, decided;
};

/// What a repeat must share with what is stored: all but who sent it when, and how long it took.
/// The same bytes measured again by another agent are the same measurement.
Json Content(Json envelope) {
  Json document = Json::parse(envelope.at("document").get_ref<const std::string&>());
  for (const char* passing : {"measured_at", "timing"}) document.erase(passing);
  envelope["document"] = std::move(document);
  for (const char* passing : {"agent", "signature", "schema", "clock_read"}) {
    envelope.erase(passing);
  }
  if (envelope.value("performer", Json()).is_null()) envelope.erase("performer");
  return envelope;
}

void RequireSameContent(const sop::store::Reader& tables, const sop::store::MeasurementRow& row,
                        const Submission& submission) {
  const Json stored = sop::journal::ParseEvent(tables.Event(row.idx).value().line).body;
  if (Content(stored) == Content(submission.envelope)) return;
  throw Problem(409, "key_in_use",
                "measurement " + row.key +
                    " is in the record with other content; nothing recorded is replaced");
}

/// Checks who submits and returns the event that the answer rests on; -1 for a person.
std::int64_t CheckSubmitter(const Submission& submission, std::string_view submitter,
                            const sop::store::Reader& tables, std::int64_t at) {
  const std::string agent = AgentNameOf(submitter);
  if (!agent.empty()) return CheckSubmissionOf(agent, submission.envelope, tables, at);
  CheckCarriedSignature(submission.envelope, tables, at);
  return -1;
}

Stored Store(JournalWriter::Batch& batch, RegisterVersions& registers, const Submission& submission,
             std::string_view submitter) {
  const Acquired acquired = AcquiredAt(submission.document, batch.Now());
  registers.Follow(batch);
  const JudgingFacts facts = FactsFor(submission, registers, acquired.time);
  Json decided = Decide(submission, facts, acquired.time);
  AddAcquired(acquired, decided);
  Stored stored{batch.Append("measurement_received", submission.envelope, submitter), {}};
  decided["received_index"] = stored.received.idx;
  decided["received_at"] = stored.received.event.recorded_at;
  stored.decided = batch.Append("measurement_decided", std::move(decided), "service");
  return stored;
}

/// The signature was checked outside the writer's thread; here only that its key still counts.
void RequireStillStanding(const Submission& submission, std::string_view submitter,
                          std::int64_t rests_on, JournalWriter::Batch& batch) {
  if (rests_on < 0) return;
  const auto row =
      batch.tables().Row(sop::store::Table::kAgent, AgentNameOf(submitter), batch.size());
  if (row && row->from_index == rests_on) return;
  CheckSubmitter(submission, submitter, batch.tables(), batch.size());
}

}  // namespace

Json QualityRecord::Submit(const Json& json, std::string_view submitter, bool* created) {
  const Submission submission = ReadSubmission(json);
  CheckRaw(submission);
  std::int64_t rests_on = -1;
  {
    const auto tables = impl_->store->Read();
    rests_on = CheckSubmitter(submission, submitter, *tables, tables->EventCount());
    if (const auto row = tables->Measurement(submission.key)) {
      RequireSameContent(*tables, *row, submission);
      if (created != nullptr) *created = false;
      return ReceiptAgain(*tables, submission.key);
    }
  }
  std::optional<Stored> stored;
  std::string checkpoint = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    RequireStillStanding(submission, submitter, rests_on, batch);
    // Another thread may have brought the same key since, even within this batch.
    if (const auto row = batch.tables().Measurement(submission.key)) {
      return RequireSameContent(batch.tables(), *row, submission);
    }
    stored = Store(batch, impl_->registers, submission, submitter);
  });
  if (created != nullptr) *created = stored.has_value();
  if (!stored) return ReceiptAgain(*impl_->store->Read(), submission.key);
  return Receipt(submission.key, stored->received, stored->decided, std::move(checkpoint));
}

}  // namespace monitor::service
