#include "monitor/measurement/document.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace monitor::measurement {
namespace {

using nlohmann::json;
using ChannelNames = std::map<int, std::string>;

std::string_view Name(qc_metrics::Severity severity) {
  switch (severity) {
    case qc_metrics::Severity::kInfo:
      return "info";
    case qc_metrics::Severity::kWarning:
      return "warning";
    case qc_metrics::Severity::kFault:
      return "fault";
  }
  return "fault";
}

json QualifiersToJson(const qc_metrics::Quantity& quantity) {
  json of = json::object();
  for (const auto& [key, qualifier] : quantity.of) {
    std::visit([&of, &key](const auto& value) { of[key] = value; }, qualifier);
  }
  return of;
}

// Unknown is absent: what is no finite number is not written at all.
json QuantityToJson(const qc_metrics::Quantity& quantity, const ChannelNames& names) {
  // Member by member: a list of pairs is first made into arrays, and a field of beads has a
  // thousand quantities (1 ms of processor time for 40 beads).
  json row = json::object();
  row["id"] = quantity.id;
  row["definition"] = quantity.definition;
  row["value"] = quantity.value;
  row["unit"] = quantity.unit;
  if (quantity.u && std::isfinite(*quantity.u)) {
    row["u"] = *quantity.u;
    row["u_parts"]["estimate"] = *quantity.u;
    if (!quantity.u_method.empty()) row["u_method"] = quantity.u_method;
  }
  if (quantity.n) row["n"] = *quantity.n;
  if (quantity.channel) {
    row["channel"] = *quantity.channel;
    const auto name = names.find(*quantity.channel);
    if (name != names.end()) row["channel_name"] = name->second;
  }
  if (!quantity.of.empty()) row["of"] = QualifiersToJson(quantity);
  return row;
}

json QuantitiesToJson(const std::vector<qc_metrics::Quantity>& quantities,
                      const ChannelNames& names) {
  json rows = json::array();
  for (const qc_metrics::Quantity& quantity : quantities) {
    if (std::isfinite(quantity.value)) rows.push_back(QuantityToJson(quantity, names));
  }
  return rows;
}

// Parts of a series in time have a moment, among their quantities, and no place.
bool IsOfTime(const std::string& kind) {
  return kind == "segment" || kind == "step" || kind == "outlier";
}

json ObjectToJson(const qc_metrics::Object& object, const ChannelNames& names) {
  const bool kept = object.state == qc_metrics::ObjectState::kKept;
  json row = {{"kind", object.kind},
              {"state", kept ? "kept" : "rejected"},
              {"position_um", object.position_um}};
  if (IsOfTime(object.kind)) row.erase("position_um");
  if (object.channel) row["channel"] = *object.channel;
  if (!object.reason.empty()) row["reason"] = object.reason;
  if (!object.quantities.empty()) row["quantities"] = QuantitiesToJson(object.quantities, names);
  return row;
}

json PictureToJson(const report::Picture& picture) {
  return {{"name", picture.name},
          {"media_type", picture.media_type},
          {"caption", picture.caption},
          {"bytes", json::binary({picture.bytes.begin(), picture.bytes.end()})}};
}

}  // namespace

json FindingToJson(const qc_metrics::Finding& finding) {
  json row = {{"code", finding.code},
              {"severity", std::string(Name(finding.severity))},
              {"text", finding.text}};
  if (finding.channel) row["channel"] = *finding.channel;
  return row;
}

json OutcomeToJson(const AnalysisOutcome& outcome) {
  json result = {{"measured", outcome.measured},
                 {"formats", outcome.formats},
                 {"setup", outcome.setup.ToJson()},
                 {"quantities", QuantitiesToJson(outcome.report.quantities, outcome.channel_names)},
                 {"objects", json::array()},
                 {"findings", json::array()},
                 {"pictures", json::array()}};
  for (const InputPart& part : outcome.parts) {
    result["parts"].push_back({{"input", part.input},
                               {"name", part.name},
                               {"sha256", part.sha256},
                               {"bytes", part.bytes}});
  }
  if (outcome.acquired_at) result["acquired_at"] = *outcome.acquired_at;
  for (const auto& object : outcome.report.objects) {
    result["objects"].push_back(ObjectToJson(object, outcome.channel_names));
  }
  for (const auto& finding : outcome.report.findings) {
    result["findings"].push_back(FindingToJson(finding));
  }
  for (const auto& picture : outcome.pictures) result["pictures"].push_back(PictureToJson(picture));
  return result;
}

std::vector<report::Picture> TakePictures(json& outcome) {
  std::vector<report::Picture> pictures;
  for (json& row : outcome.at("pictures")) {
    const auto& bytes = row.at("bytes").get_binary();
    pictures.push_back({row.at("name").get<std::string>(), row.at("media_type").get<std::string>(),
                        std::string(bytes.begin(), bytes.end()),
                        row.at("caption").get<std::string>()});
  }
  outcome.erase("pictures");
  return pictures;
}

}  // namespace monitor::measurement
