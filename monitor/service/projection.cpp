#include "monitor/service/projection.h"

#include "monitor/service/agent_register.h"
#include "monitor/service/sign_in_links.h"
#include "monitor/service/signature_register.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::journal::Canonicalise;
using sop::store::Table;

std::string Text(const Json& body, const char* name) { return body.at(name).get<std::string>(); }

void AddQuantities(sop::store::Transaction& tables, const PlacedEvent& event,
                   const sop::store::MeasurementRow& measurement) {
  std::int64_t position = 0;
  for (const Json& quantity : event.event.body.at("quantities")) {
    sop::store::QuantityRow row;
    row.measurement = measurement.key;
    row.position = position++;
    row.subject = SubjectId(measurement.instrument, measurement.configuration);
    row.quantity = Text(quantity, "id");
    row.definition = Text(quantity, "definition");
    if (quantity.contains("channel")) row.channel = quantity["channel"].dump();
    if (quantity.contains("of")) row.qualifier = Canonicalise(quantity["of"]);
    row.acquired_ms = measurement.acquired_ms;
    row.decided_idx = event.idx;
    row.body = Canonicalise(quantity);
    tables.AddQuantity(row);
  }
}

/// The row of a measurement is made by its decision alone: the document is not read again.
void ProjectDecision(sop::store::Transaction& tables, const PlacedEvent& event) {
  const Json& body = event.event.body;
  const Json& procedure = body.at("judged_by").at("procedure");
  sop::store::MeasurementRow row;
  row.key = Text(body, "measurement");
  row.instrument = Text(body, "instrument");
  row.configuration = Text(body, "configuration");
  row.procedure = Text(procedure, "id");
  row.purpose = Text(body, "purpose");
  row.acquired_at = Text(body, "acquired_at");
  row.acquired_ms = ToMs(ParseTime(row.acquired_at).value());
  row.received_at = Text(body, "received_at");
  row.idx = body.at("received_index").get<std::int64_t>();
  row.decided_idx = event.idx;
  row.outcome = Text(body, "outcome");
  row.review = Text(body, "review");
  Json kept = {{"attributed", body.at("attributed")},
               {"clear_fail", body.at("clear_fail")},
               {"reasons", body.at("reasons")},
               {"uncertainty_incomplete", body.at("uncertainty_incomplete")},
               {"warning", body.at("warning")},
               {"procedure_title", procedure.at("title")},
               {"analysis", procedure.at("analysis")}};
  kept["configuration_fingerprint"] = body.at("judged_by").value("configuration_fingerprint", "");
  for (const char* name : {"raw", "review_reasons"}) {  // unknown to the first version
    kept[name] = body.value(name, Json::array());
  }
  row.body = Canonicalise(kept);
  tables.AddMeasurement(row);
  AddQuantities(tables, event, row);
}

/// An account's row is what all of its events said, the newest first.
Json AccountBody(const sop::store::Reader& tables, const PlacedEvent& event) {
  Json body = Json::object();
  const auto before = tables.Row(Table::kAccount, Text(event.event.body, "id"), event.idx);
  if (before) body = Json::parse(before->body);
  body.update(event.event.body);
  body.erase("reason");
  if (event.event.type == "account_closed") body["closed"] = true;
  return body;
}

}  // namespace

std::string SubjectId(const std::string& instrument, const std::string& configuration) {
  return instrument + "/" + configuration;
}

std::string GrantId(const std::string& account, const std::string& role,
                    const std::string& instrument) {
  return account + "/" + role + (instrument.empty() ? "" : "@" + instrument);
}

std::string AssignmentId(const std::string& procedure, const std::string& subject) {
  return procedure + "@" + subject;
}

std::string RepeatStudyId(const std::string& subject, const std::string& procedure) {
  return subject + "/" + procedure;
}

std::optional<Address> AddressOf(std::string_view type, const Json& body, std::int64_t idx) {
  const auto text = [&](const char* name) { return body.value(name, std::string()); };
  const std::string instrument = text("instrument");
  const std::string subject = SubjectId(instrument, text("configuration"));
  if (type == "facility_described") return Address{Table::kFacility, "facility", ""};
  if (type == "instrument_registered") return Address{Table::kInstrument, text("id"), ""};
  if (type == "configuration_registered") {
    return Address{Table::kConfiguration, SubjectId(instrument, text("id")), instrument};
  }
  if (type == "profile_described") return Address{Table::kProfile, text("id"), ""};
  if (type == "procedure_approved") return Address{Table::kProcedure, text("id"), ""};
  if (type == "limit_set_approved") return Address{Table::kLimitSet, text("procedure"), ""};
  if (type == "assignment_made") {
    return Address{Table::kAssignment, AssignmentId(text("procedure"), subject), instrument};
  }
  if (type == "artefact_registered") return Address{Table::kArtefact, text("id"), ""};
  if (type == "repeat_study_recorded") {
    return Address{Table::kRepeatStudy, RepeatStudyId(subject, text("procedure")), instrument};
  }
  if (type == "scale_recorded") return Address{Table::kScaleRecord, subject, instrument};
  if (type == "hold_placed") {
    return Address{Table::kHold, body.value("id", "hold-" + std::to_string(idx)), instrument};
  }
  if (type == "fault_reported") {
    return Address{Table::kFault, "fault-" + std::to_string(idx), instrument};
  }
  if (type == "checkpoint_anchored") {
    return Address{Table::kAnchor, "anchor-" + std::to_string(idx), ""};
  }
  if (type == "log_epoch_opened") return Address{Table::kLogEpoch, body.at("epoch").dump(), ""};
  if (type == "account_created" || type == "account_changed" || type == "account_closed") {
    return Address{Table::kAccount, text("id"), ""};
  }
  if (type == "role_defined") return Address{Table::kRole, text("id"), ""};
  if (type == "role_granted" || type == "role_revoked") {
    return Address{Table::kRoleGrant, GrantId(text("account"), text("role"), instrument),
                   text("account")};
  }
  if (type == "measurement_reviewed") return Address{Table::kReview, text("measurement"), ""};
  return std::nullopt;
}

void Project(sop::store::Transaction& tables, const PlacedEvent& event) {
  const std::string& type = event.event.type;
  const Json& body = event.event.body;
  if (type == "measurement_decided") return ProjectDecision(tables, event);
  if (type == "hold_released") return tables.Close(Table::kHold, Text(body, "hold"), event.idx);
  ProjectAgent(tables, event);
  ProjectSignature(tables, event);
  ProjectSignInLink(tables, event);
  const auto address = AddressOf(type, body, event.idx);
  if (!address) return;  // log_opened and measurement_received have no table of their own
  if ((type == "assignment_made" && body.value("ended", false)) || type == "role_revoked") {
    return tables.Close(address->table, address->id, event.idx);
  }
  const Json row = address->table == Table::kAccount ? AccountBody(tables, event) : body;
  tables.Put(address->table, {address->id, address->scope, event.idx, sop::store::kForever,
                              event.recorded_ms, Canonicalise(row)});
}

}  // namespace monitor::service
