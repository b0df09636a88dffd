#include <charconv>

#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "monitor/service/signature_register.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::MeasurementRow;
using sop::store::Table;

constexpr int kMaxPage = 500;

sop::journal::Event EventAt(const sop::store::Reader& tables, std::int64_t idx) {
  return sop::journal::ParseEvent(tables.Event(idx).value().line);
}

Json Linked(Json files) {
  for (Json& file : files) file["url"] = "/api/v1/blobs/" + file.at("sha256").get<std::string>();
  return files;
}

std::int64_t CursorIndex(const std::string& cursor) {
  if (cursor.empty()) return sop::store::kForever;
  std::int64_t idx = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), idx);
  if (error != std::errc{} || end != cursor.data() + cursor.size() || idx < 0) {
    throw Problem(400, "wrong_cursor", "cursor must be the next_cursor of an earlier answer");
  }
  return idx;
}

}  // namespace

Json MeasurementItem(const sop::store::Reader& tables, const MeasurementRow& row, std::int64_t at) {
  const Json body = Json::parse(row.body);
  const bool reviewed = tables.Row(Table::kReview, row.key, at).has_value();
  return {{"key", row.key},
          {"instrument", row.instrument},
          {"configuration", row.configuration},
          {"procedure", row.procedure},
          {"procedure_title", body.at("procedure_title")},
          {"analysis", body.at("analysis")},
          {"purpose", row.purpose},
          {"acquired_at", row.acquired_at},
          {"received_at", row.received_at},
          {"outcome", row.outcome},
          {"review", reviewed ? "reviewed" : row.review},
          {"log_index", row.idx}};
}

Json QualityRecord::Measurements(const MeasurementsQuery& query, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const int limit = std::clamp(query.limit, 1, kMaxPage);
  auto rows = view.tables->Measurements({query.instrument, query.configuration, query.procedure,
                                         CursorIndex(query.cursor), limit + 1},
                                        view.at);
  Json next = nullptr;
  if (static_cast<int>(rows.size()) > limit) {
    rows.pop_back();
    next = std::to_string(rows.back().idx);
  }
  Json items = Json::array();
  for (const MeasurementRow& row : rows)
    items.push_back(MeasurementItem(*view.tables, row, view.at));
  return {{"as_of", view.as_of}, {"items", std::move(items)}, {"next_cursor", std::move(next)}};
}

Json QualityRecord::Measurement(std::string_view key, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto row = view.tables->Measurement(key);
  RequireFound(row && row->decided_idx < view.at, "unknown_measurement",
               "measurement " + std::string(key));
  const sop::journal::Event received = EventAt(*view.tables, row->idx);
  Json answer = MeasurementItem(*view.tables, *row, view.at);
  const Json& body = received.body;
  answer["performer"] = body.value("performer", Json());
  answer["agent"] = body.value("agent", Json());
  answer["submitted_by"] = received.actor;
  answer["document"] = Json::parse(body.at("document").get_ref<const std::string&>());
  answer["measured_at"] = answer["document"].value("measured_at", Json());
  answer["pictures"] = Linked(body.value("pictures", Json::array()));
  answer["raw"] = Linked(body.value("raw", Json::array()));
  answer["decision"] = EventAt(*view.tables, row->decided_idx).body;
  answer["decision"]["log_index"] = row->decided_idx;
  Json proof = Proof(static_cast<std::uint64_t>(row->idx));
  answer["checkpoint"] = std::move(proof["checkpoint"]);
  proof.erase("checkpoint");
  answer["proof"] = std::move(proof);
  answer["signatures"] = SignaturesOf(*view.tables, view.at,
                                      FindSignable(*view.tables, view.at, "measurement", row->key));
  answer["as_of"] = view.as_of;
  return answer;
}

}  // namespace monitor::service
