#include <algorithm>
#include <vector>

#include "monitor/service/command_rules.h"
#include "monitor/service/facility_file.h"
#include "monitor/service/people.h"
#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

std::string Text(const Json& body, const char* name) { return body.value(name, std::string()); }

/// What a command's body refers to must be in the register already.
class References {
 public:
  References(const JournalWriter::Batch& batch, const sop::store::Reader& tables)
      : tables_(tables), at_(batch.size()) {}

  void Instrument(const Json& body) const {
    Require(Table::kInstrument, Text(body, "instrument"), "unknown_instrument", "instrument");
  }
  void Configuration(const Json& body) const {
    Instrument(body);
    Require(Table::kConfiguration, SubjectId(Text(body, "instrument"), Text(body, "configuration")),
            "unknown_configuration", "configuration");
  }
  void Procedure(const Json& body) const {
    Require(Table::kProcedure, Text(body, "procedure"), "unknown_procedure", "procedure");
  }
  void Require(Table table, const std::string& id, const char* type, const char* word) const {
    if (tables_.Row(table, id, at_)) return;
    throw Problem(422, type,
                  std::string(word) + " " + id + " is not in the register; register it first");
  }

 private:
  const sop::store::Reader& tables_;
  std::int64_t at_;
};

void CheckFacility(const Json& body, const std::string& origin) {
  if (body.contains("log_origin") && body["log_origin"] != origin) {
    throw Problem(
        422, "wrong_origin",
        "this record's log_origin is " + origin + " and cannot become " + Text(body, "log_origin"));
  }
  try {
    static_cast<void>(sop::BeginOfDay(sop::Day{}, Text(body, "time_zone")));
  } catch (const std::exception&) {
    throw Problem(
        422, "wrong_value",
        "time_zone " + Text(body, "time_zone") + " is not known; use a name as Europe/Lisbon");
  }
}

void CheckReferences(std::string_view type, const Json& body, const References& references) {
  if (type == "configuration_registered") references.Instrument(body);
  if (type == "limit_set_approved") references.Procedure(body);
  if (type == "assignment_made" || type == "repeat_study_recorded") {
    references.Configuration(body);
    references.Procedure(body);
  }
  if (type == "scale_recorded") references.Configuration(body);
  if (type == "hold_placed") {
    body.contains("configuration") ? references.Configuration(body) : references.Instrument(body);
  }
  if (type == "hold_released") {
    references.Require(Table::kHold, Text(body, "hold"), "unknown_hold", "hold");
  }
  if (type == "profile_described") {
    for (const Json& need : body.at("needs")) references.Procedure(need);
  }
}

/// A body that says the same as the entry in force, versions that the record counts itself apart.
bool Unchanged(const Json& body, Json in_force) {
  in_force.erase("clock_read");
  if (!body.contains("version")) in_force.erase("version");
  return body == in_force;
}

/// One more than the largest number given so far, whichever version is in force.
Json NextVersion(const std::vector<Json>& approved) {
  if (approved.empty()) return 1;
  if (!approved.back().at("version").is_number_integer()) {
    throw Problem(
        422, "missing_field",
        "version is missing; the one in force is " + approved.back().at("version").dump());
  }
  std::int64_t largest = 0;
  for (const Json& entry : approved) {
    const Json& version = entry.at("version");
    if (version.is_number_integer()) largest = std::max(largest, version.get<std::int64_t>());
  }
  return largest + 1;
}

/// Approved content keeps its version for ever: other content is another version. An older version
/// may come back into force as it was.
void NumberVersion(std::string_view type, Json& body,
                   const std::vector<sop::store::RegisterRow>& rows) {
  if (type != "limit_set_approved" && type != "procedure_approved") return;
  std::vector<Json> approved;  // oldest first; the last is in force
  for (const auto& row : rows) approved.push_back(Json::parse(row.body));
  if (!body.contains("version")) body["version"] = NextVersion(approved);
  for (std::size_t i = 0; i < approved.size(); ++i) {
    if (approved[i].at("version") != body["version"]) continue;
    if (i + 1 < approved.size() && Unchanged(body, approved[i])) continue;
    const std::string what = Text(body, type == "procedure_approved" ? "id" : "procedure");
    throw Problem(409, "version_in_use",
                  what + " differs from what was approved as version " + body["version"].dump() +
                      "; give it a new version");
  }
}

/// Appends unless the entry in force says the same; tells whether it did.
std::optional<PlacedEvent> Apply(JournalWriter::Batch& batch, const std::string& type, Json body,
                                 std::string_view actor, const std::string& origin,
                                 bool skip_unchanged, const CommandSignature* signature = nullptr) {
  if (type == "facility_described") CheckFacility(body, origin);
  CheckReferences(type, body, References(batch, batch.tables()));
  CheckPeopleCommand(type, body, batch);
  if (const auto address = AddressOf(type, body, batch.size())) {
    const auto in_force = batch.tables().Row(address->table, address->id, batch.size());
    if (skip_unchanged && in_force && Unchanged(body, Json::parse(in_force->body))) {
      return std::nullopt;
    }
    NumberVersion(type, body, batch.tables().Versions(address->table, address->id, batch.size()));
  }
  if (type == "measurement_reviewed" && !batch.tables().Measurement(Text(body, "measurement"))) {
    throw Problem(404, "unknown_measurement", "there is no such measurement");
  }
  RequireSignatureOf(type, signature, batch.tables(), batch.size());
  PlacedEvent placed = batch.Append(type, body, actor);
  if (signature != nullptr) AppendCommandSignature(batch, type, body, placed.idx, *signature);
  return placed;
}

}  // namespace

Json QualityRecord::Command(std::string_view type, const Json& body, std::string_view actor,
                            const CommandSignature* signature) {
  const Json normal = NormaliseCommand(type, body);
  PlacedEvent placed;
  std::string checkpoint = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    placed = *Apply(batch, std::string(type), normal, actor, impl_->writer->key().origin, false,
                    signature);
  });
  return Appended(placed, std::move(checkpoint));
}

Json Appended(const PlacedEvent& placed, std::string checkpoint) {
  return {{"log_index", placed.idx},
          {"recorded_at", placed.event.recorded_at},
          {"checkpoint", std::move(checkpoint)}};
}

Json QualityRecord::ApplyFacility(std::string_view toml_text, std::string_view base_dir,
                                  std::string_view actor) {
  std::vector<FacilityRow> rows = ReadFacilityFile(toml_text, base_dir);
  for (FacilityRow& row : rows) {
    try {
      row.body = NormaliseCommand(row.type, std::move(row.body));
    } catch (const Problem& problem) {
      throw Problem(problem.status, problem.type, row.Where() + problem.what());
    }
  }
  int appended = 0;
  impl_->writer->Run([&](JournalWriter::Batch& batch) {
    for (const FacilityRow& row : rows) {
      try {
        appended +=
            Apply(batch, row.type, row.body, actor, impl_->writer->key().origin, true) ? 1 : 0;
      } catch (const Problem& problem) {
        throw Problem(problem.status, problem.type, row.Where() + problem.what());
      }
    }
  });
  return {{"appended", appended}};
}

}  // namespace monitor::service
