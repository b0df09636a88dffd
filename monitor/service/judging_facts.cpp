#include "monitor/service/judging_facts.h"

#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "sop/journal/canonical_json.h"
#include "sop/journal/merkle.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

Json InForce(const sop::store::Reader& tables, Table table, const std::string& id, std::int64_t at,
             Milliseconds acquired) {
  const auto versions = tables.Versions(table, id, at);
  if (versions.empty()) return nullptr;
  const sop::store::RegisterRow* chosen = &versions.front();
  for (const auto& version : versions) {
    if (version.recorded_ms <= ToMs(acquired)) chosen = &version;
  }
  return Json::parse(chosen->body);
}

}  // namespace

std::string ConfigurationFingerprint(const Json& configuration) {
  return sop::journal::ToHex(sop::journal::Sha256(sop::journal::Canonicalise(configuration)));
}

JudgingFacts FactsFor(const Submission& submission, const sop::store::Reader& tables,
                      std::int64_t at, Milliseconds acquired) {
  const std::string subject = SubjectId(submission.instrument, submission.configuration);
  const auto find = [&](Table table, const std::string& id) {
    return InForce(tables, table, id, at, acquired);
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
