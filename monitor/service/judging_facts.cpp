#include "monitor/service/judging_facts.h"

#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "sop/journal/canonical_json.h"
#include "sop/journal/merkle.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

Json InForce(RegisterVersions& registers, Table table, const std::string& id,
             Milliseconds acquired) {
  const auto& versions = registers.Of(table, id);
  if (versions.empty()) return nullptr;
  const RegisterVersions::Version* chosen = &versions.front();
  for (const auto& version : versions) {
    if (version.recorded_ms <= ToMs(acquired)) chosen = &version;
  }
  return chosen->body;
}

}  // namespace

void RegisterVersions::Follow(JournalWriter::Batch& batch) {
  tables_ = &batch.tables();
  at_ = batch.size();
  const std::int64_t changed = tables_->RegistersChanged(at_);
  if (changed != changed_ || batch.failed_before() != failed_) known_.clear();
  changed_ = changed;
  failed_ = batch.failed_before();
}

const std::vector<RegisterVersions::Version>& RegisterVersions::Of(Table table,
                                                                   const std::string& id) {
  const auto [entry, unknown] = known_.try_emplace({table, id});
  if (!unknown) return entry->second;
  for (const auto& row : tables_->Versions(table, id, at_)) {
    entry->second.push_back({row.recorded_ms, Json::parse(row.body)});
  }
  if (!entry->second.empty()) return entry->second;
  known_.erase(entry);  // names that nobody registered are not kept
  static const std::vector<Version> kNone;
  return kNone;
}

std::string ConfigurationFingerprint(const Json& configuration) {
  return sop::journal::ToHex(sop::journal::Sha256(sop::journal::Canonicalise(configuration)));
}

JudgingFacts FactsFor(const Submission& submission, RegisterVersions& registers,
                      Milliseconds acquired) {
  const std::string subject = SubjectId(submission.instrument, submission.configuration);
  const auto find = [&](Table table, const std::string& id) {
    return InForce(registers, table, id, acquired);
  };
  const auto require = [&](Table table, const std::string& id, const char* type, const char* word) {
    Json body = find(table, id);
    if (!body.is_null()) return body;
    throw Problem(422, type, std::string(word) + " " + id + " is not in the register");
  };
  require(Table::kInstrument, submission.instrument, "unknown_instrument", "instrument");
  JudgingFacts facts;
  facts.configuration =
      require(Table::kConfiguration, subject, "unknown_configuration", "configuration");
  facts.procedure =
      require(Table::kProcedure, submission.procedure, "unknown_procedure", "procedure");
  if (submission.document.value("analysis", Json()) != facts.procedure.at("analysis")) {
    throw Problem(422, "wrong_analysis",
                  "procedure " + submission.procedure + " asks for the analysis " +
                      facts.procedure.at("analysis").get<std::string>() +
                      " and the document holds another");
  }
  facts.limit_set = find(Table::kLimitSet, submission.procedure);
  facts.repeat_study = find(Table::kRepeatStudy, RepeatStudyId(subject, submission.procedure));
  facts.scale = find(Table::kScaleRecord, subject);
  return facts;
}

}  // namespace monitor::service
