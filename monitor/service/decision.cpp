#include "monitor/service/decision.h"

#include <cmath>
#include <set>

#include "monitor/measurement/software.h"
#include "monitor/service/record.h"
#include "qc_metrics/catalogue.h"
#include "sop/judging.h"
#include "sop/repeat_study.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

[[noreturn]] void WrongDocument(const std::string& what) {
  throw Problem(422, "wrong_document", "the document is no etalon.measurement/1: " + what);
}

std::optional<double> Number(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) return std::nullopt;
  return member->get<double>();
}

std::string Text(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

/// A list of the document; absent is empty.
Json List(const Json& document, const char* name) {
  const auto member = document.find(name);
  if (member == document.end()) return Json::array();
  if (!member->is_array()) WrongDocument(std::string(name) + " must be a list");
  for (const Json& entry : *member) {
    if (!entry.is_object()) WrongDocument(std::string(name) + " must hold objects");
  }
  return *member;
}

std::string ChannelName(const Json& quantity) {
  const std::string name = Text(quantity, "channel_name");
  if (!name.empty() || !quantity.contains("channel")) return name;
  return quantity["channel"].dump();
}

sop::MeasuredQuantity Measured(const Json& quantity) {
  const auto value = Number(quantity, "value");
  if (!value || !std::isfinite(*value)) WrongDocument("a quantity has no finite value");
  sop::MeasuredQuantity measured;
  measured.id = Text(quantity, "id");
  measured.definition = Text(quantity, "definition");
  measured.unit = Text(quantity, "unit");
  if (measured.id.empty() || measured.definition.empty() || measured.unit.empty()) {
    WrongDocument("a quantity needs id, definition and unit");
  }
  const qc_metrics::CatalogueEntry* known = qc_metrics::FindQuantity(measured.id);
  if (known != nullptr && known->unit != measured.unit) {
    // Limits are in the catalogue's unit: 20 W judged against 7 mW would pass.
    WrongDocument(measured.id + " must be in " + std::string(known->unit));
  }
  measured.channel = ChannelName(quantity);
  if (quantity.contains("of") && quantity["of"].is_object()) {
    measured.comparator = Text(quantity["of"], "comparator");
  }
  measured.value = *value;
  measured.u_estimate = Number(quantity, "u");
  if (measured.u_estimate && !(*measured.u_estimate >= 0.0)) WrongDocument("u must be 0 or more");
  return measured;
}

std::optional<sop::SetupValue> Setting(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::nullopt : std::optional<sop::SetupValue>(value.dump());
}

/// What the file or its operator stated. What the configuration filled in would agree with itself.
sop::Setup StatedSetup(const Json& document) {
  sop::Setup setup;
  const auto stated = document.find("setup");
  if (stated == document.end() || !stated->is_object()) return setup;
  for (const auto& [key, entry] : stated->items()) {
    if (!entry.is_object() || Text(entry, "source") == "configuration") continue;
    if (const auto value = Setting(entry.value("value", Json()))) setup[key] = *value;
  }
  return setup;
}

/// A procedure about single beads (scope `bead`) does not ask them to represent the field.
bool Concerns(const Json& procedure, std::string_view code) {
  return code != "not_representative" || Text(procedure, "scope") != "bead";
}

sop::MeasuredDocument ToMeasured(const Json& document, const Json& procedure) {
  sop::MeasuredDocument measured;
  for (const Json& quantity : List(document, "quantities")) {
    measured.quantities.push_back(Measured(quantity));
  }
  for (const Json& finding : List(document, "findings")) {
    if (!Concerns(procedure, Text(finding, "code"))) continue;
    const std::string severity = Text(finding, "severity");
    measured.findings.push_back(
        {Text(finding, "code"), severity == "fault"     ? sop::FindingSeverity::kFault
                                : severity == "warning" ? sop::FindingSeverity::kWarning
                                                        : sop::FindingSeverity::kInfo});
  }
  measured.setup = StatedSetup(document);
  return measured;
}

sop::JudgingRules RulesOf(const Json& procedure) {
  const Json& rule = procedure.at("decision_rule");
  sop::JudgingRules rules{{rule.at("guard_band_ratio"), rule.at("coverage_factor")},
                          procedure.at("requires_uncertainty"),
                          {},
                          {}};
  const Json definitions = procedure.value("definitions", Json::object());
  for (const auto& [quantity, definition] : definitions.items()) {
    if (definition.is_string()) rules.definitions[quantity] = definition;
  }
  for (const Json& key : procedure.value("comparability", Json::array())) {
    rules.comparability.push_back(
        {key.at("key"), Number(key, "tolerance"), key.value("blocks", false)});
  }
  return rules;
}

std::vector<sop::LimitRow> LimitsOf(const Json& limit_set) {
  std::vector<sop::LimitRow> rows;
  if (limit_set.is_null()) return rows;
  for (const Json& limit : limit_set.at("limits")) {
    sop::LimitRow row;
    row.quantity = limit.at("quantity");
    row.definition = limit.at("definition");
    row.comparator = Text(limit, "comparator");
    if (limit.contains("channel")) {
      row.channel = limit["channel"].is_string() ? limit["channel"].get<std::string>()
                                                 : limit["channel"].dump();
    }
    row.action = {Number(limit, "lower"), Number(limit, "upper")};
    row.warning = {Number(limit, "warning_lower"), Number(limit, "warning_upper")};
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<sop::KnownReproducibility> ReproducibilityOf(const Json& study) {
  std::vector<sop::KnownReproducibility> all;
  if (study.is_null()) return all;
  for (const Json& value : study.at("values")) {
    std::vector<sop::Repeat> repeats;
    for (const Json& repeat : value.at("repeats")) {
      repeats.push_back({repeat.at("value"), repeat.value("u_estimate", 0.0),
                         repeat.at("performer"), repeat.at("day")});
    }
    if (const auto found = sop::AnalyseRepeatStudy(repeats).reproducibility) {
      all.push_back(
          {value.at("quantity"), value.at("definition"), found->relative_u, found->absolute_u});
    }
  }
  return all;
}

/// A scale record counts while its certificate does.
std::optional<double> ScaleOf(const Json& scale, Milliseconds acquired) {
  if (scale.is_null()) return std::nullopt;
  if (scale.contains("valid_until")) {
    const auto until = ParseTime(scale["valid_until"].get_ref<const std::string&>());
    if (!until || acquired >= *until) return std::nullopt;
  }
  return scale.at("relative_u").get<double>();
}

sop::JudgingContext ContextOf(const JudgingFacts& facts, Milliseconds acquired) {
  sop::JudgingContext context;
  const Json expected = facts.configuration.value("setup", Json::object());
  for (const auto& [key, value] : expected.items()) {
    if (const auto setting = Setting(value)) context.expected[key] = *setting;
  }
  context.reproducibility = ReproducibilityOf(facts.repeat_study);
  context.scale_relative_u = ScaleOf(facts.scale, acquired);
  return context;
}

void AddJudgement(Json& decided, const sop::Judgement& judgement) {
  decided["outcome"] = sop::Name(judgement.outcome);
  if (judgement.p_conformance) decided["p_conformance"] = *judgement.p_conformance;
  Json acceptance = Json::object();
  if (judgement.acceptance_lower) acceptance["lower"] = *judgement.acceptance_lower;
  if (judgement.acceptance_upper) acceptance["upper"] = *judgement.acceptance_upper;
  decided["acceptance"] = std::move(acceptance);
}

Json DecidedQuantity(const Json& quantity, const sop::JudgedQuantity& judged,
                     const JudgingFacts& facts) {
  Json decided = {{"id", quantity.at("id")},
                  {"definition", quantity.at("definition")},
                  {"value", quantity.at("value")},
                  {"unit", quantity.at("unit")}};
  for (const char* name : {"channel", "channel_name", "of"}) {
    if (quantity.contains(name)) decided[name] = quantity[name];
  }
  Json parts = Json::object();
  if (judged.parts.estimate) parts["estimate"] = *judged.parts.estimate;
  if (judged.parts.reproducibility) parts["reproducibility"] = *judged.parts.reproducibility;
  if (judged.parts.reference) parts["reference"] = *judged.parts.reference;
  decided["u_parts"] = std::move(parts);
  if (judged.u) {
    const double k = facts.procedure.at("decision_rule").at("coverage_factor");
    decided["u"] = *judged.u;
    decided["k"] = k;
    decided["U"] = k * *judged.u;
  }
  if (judged.limit) decided["limit"] = facts.limit_set.at("limits").at(*judged.limit);
  if (judged.judgement) AddJudgement(decided, *judged.judgement);
  return decided;
}

Json JudgedBy(const Submission& submission, const JudgingFacts& facts) {
  const Json software = {
      {"measured", submission.document.value("software", Json())},
      {"decided", std::string(measurement::kSoftwareName) + "/" + measurement::kVersion},
      {"build", measurement::kBuild}};
  Json judged_by = {{"procedure",
                     {{"id", submission.procedure},
                      {"version", facts.procedure.at("version")},
                      {"title", facts.procedure.at("title")},
                      {"analysis", facts.procedure.at("analysis")}}},
                    {"decision_rule", facts.procedure.at("decision_rule")},
                    {"software", software},
                    {"configuration_fingerprint", ConfigurationFingerprint(facts.configuration)},
                    {"agent", submission.envelope.value("agent", Json())}};
  if (!facts.limit_set.is_null()) {
    judged_by["limit_set"] = {{"version", facts.limit_set.at("version")}};
  }
  if (!facts.repeat_study.is_null()) judged_by["repeat_study"] = facts.repeat_study;
  if (!facts.scale.is_null()) judged_by["scale_record"] = facts.scale;
  return judged_by;
}

/// Codes of the findings that are warnings, each once.
std::set<std::string> WarningsOf(const sop::MeasuredDocument& measured) {
  std::set<std::string> codes;
  for (const sop::MeasuredFinding& finding : measured.findings) {
    if (finding.severity == sop::FindingSeverity::kWarning) codes.insert(finding.code);
  }
  return codes;
}

Json ReviewReasons(const sop::JudgedMeasurement& judged, const std::set<std::string>& warnings) {
  Json reasons = Json::array();
  if (judged.warning) reasons.push_back("it reached a warning limit");
  for (const std::string& code : warnings) reasons.push_back("it warns of \"" + code + "\"");
  return reasons;
}

Json RawOf(const Json& document) {
  std::set<std::string> digests;
  for (const Json& input : List(document, "inputs")) {
    if (const std::string digest = Text(input, "sha256"); !digest.empty()) digests.insert(digest);
  }
  return digests;
}

/// Results in limits, complete, attributed and without a warning are released by the procedure's
/// rule; a person looks at the others.
sop::Review ReviewOf(const Submission& submission, const JudgingFacts& facts,
                     const sop::JudgedMeasurement& judged, const Json& review_reasons) {
  const bool clean = judged.outcome == sop::MeasurementOutcome::kPass && submission.attributed &&
                     !judged.uncertainty_incomplete && review_reasons.empty();
  return facts.procedure.at("review") == "by_rule" && clean ? sop::Review::kReleasedByRule
                                                            : sop::Review::kPending;
}

}  // namespace

Json Decide(const Submission& submission, const JudgingFacts& facts, Milliseconds acquired) {
  const sop::MeasuredDocument measured = ToMeasured(submission.document, facts.procedure);
  const sop::JudgedMeasurement judged = sop::JudgeMeasurement(
      measured, RulesOf(facts.procedure), LimitsOf(facts.limit_set), ContextOf(facts, acquired));
  const std::set<std::string> warnings = WarningsOf(measured);
  const Json review_reasons = ReviewReasons(judged, warnings);
  Json reasons = judged.reasons;
  for (const std::string& code : warnings) reasons.push_back("finding:" + code);
  const Json quantities = List(submission.document, "quantities");
  Json decided = Json::array();
  for (const sop::JudgedQuantity& quantity : judged.quantities) {
    decided.push_back(DecidedQuantity(quantities.at(quantity.index), quantity, facts));
  }
  return {{"measurement", submission.key},
          {"instrument", submission.instrument},
          {"configuration", submission.configuration},
          {"purpose", submission.purpose},
          {"outcome", sop::Name(judged.outcome)},
          {"reasons", std::move(reasons)},
          {"review", sop::Name(ReviewOf(submission, facts, judged, review_reasons))},
          {"review_reasons", review_reasons},
          {"raw", RawOf(submission.document)},
          {"clear_fail", judged.clear_fail},
          {"warning", judged.warning},
          {"uncertainty_incomplete", judged.uncertainty_incomplete},
          {"attributed", submission.attributed},
          {"acquired_at", TimeText(acquired)},
          {"judged_by", JudgedBy(submission, facts)},
          {"quantities", std::move(decided)}};
}

}  // namespace monitor::service
