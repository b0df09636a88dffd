#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "monitor/service/command_rules.h"
#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "sop/journal/commitment.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::OpeningRow;
using sop::store::Table;
using Kind = sop::Member::Kind;

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestText = 4000;
constexpr std::array kErasable = {"reporter", "text"};

const sop::Shape& FaultShape() {
  static const sop::Shape kShape{{{"instrument", Kind::kId, true},
                                  {"configuration", Kind::kId},
                                  {"text", Kind::kText, true},
                                  {"reporter", Kind::kText}}};
  return kShape;
}

const sop::Shape& ErasureShape() {
  static const sop::Shape kShape{
      {{"name", Kind::kText}, {"commitment", Kind::kId}, {"reason", Kind::kText, true}}};
  return kShape;
}

void CheckLength(const Json& body, const char* name, std::size_t longest) {
  if (body.value(name, std::string()).size() <= longest) return;
  throw Problem(422, "wrong_value",
                std::string(name) + " has more than " + std::to_string(longest) + " bytes");
}

void CheckKnown(const JournalWriter::Batch& batch, const sop::store::Reader& tables,
                const Json& body) {
  const std::string instrument = body.at("instrument");
  if (!tables.Row(Table::kInstrument, instrument, batch.size())) {
    throw Problem(422, "unknown_instrument",
                  "instrument " + instrument + " is not in the register");
  }
  if (!body.contains("configuration")) return;
  const std::string subject = SubjectId(instrument, body.at("configuration"));
  if (tables.Row(Table::kConfiguration, subject, batch.size())) return;
  throw Problem(422, "unknown_configuration",
                "configuration " + subject + " is not in the register");
}

/// The value behind a commitment, or null and a word that says why.
void Show(const sop::store::Reader& tables, const char* name, const Json& committed, Json& item) {
  const std::string commitment = committed.at("commitment");
  const auto row = tables.Opening(commitment);
  item[name] = nullptr;
  if (!row) {
    item["erased"].push_back(name);
  } else if (!sop::journal::Opens({commitment, row->salt, row->value})) {
    item["altered"].push_back(name);
  } else {
    item[name] = row->value;
  }
}

/// A name takes with it all that stands in the same event: a report is its author's.
std::set<std::string> Affected(const sop::store::Reader& tables, const Json& request,
                               std::vector<OpeningRow>& mentions) {
  std::set<std::string> erased;
  if (request.contains("commitment")) {
    const std::string commitment = request.at("commitment");
    if (!tables.Opening(commitment)) {
      throw Problem(404, "unknown_commitment", "there is no value behind " + commitment);
    }
    erased.insert(commitment);
  }
  if (!request.contains("name")) return erased;
  const std::string name = request.at("name");
  std::vector<OpeningRow> holding = tables.OpeningsWith(name);
  for (const OpeningRow& row : holding) {
    if (row.value != name) continue;
    for (const OpeningRow& beside : tables.OpeningsOf(row.idx)) erased.insert(beside.commitment);
  }
  std::ranges::copy_if(holding, std::back_inserter(mentions),
                       [&](const OpeningRow& row) { return !erased.contains(row.commitment); });
  return erased;
}

}  // namespace

Json QualityRecord::ReportFault(const Json& body, std::string_view reporter) {
  CheckShape(FaultShape(), body, "");
  CheckLength(body, "reporter", kLongestName);
  CheckLength(body, "text", kLongestText);
  PlacedEvent placed;
  std::string checkpoint = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    CheckKnown(batch, batch.tables(), body);
    Json event = body;
    event["reporter"] = batch.Commit(body.value("reporter", std::string(reporter)));
    event["text"] = batch.Commit(body.at("text"));
    // Not the reporter: an event's actor stays for good.
    placed = batch.Append("fault_reported", std::move(event), "service");
  });
  return Appended(placed, std::move(checkpoint));
}

Json QualityRecord::Faults(std::string_view instrument, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  Json items = Json::array();
  auto rows = view.tables->Rows(Table::kFault, view.at, instrument);
  std::ranges::sort(rows, {}, &sop::store::RegisterRow::from_index);
  for (const auto& row : rows) {
    Json item = Json::parse(row.body);
    item["id"] = row.id;
    item["log_index"] = row.from_index;
    item["recorded_at"] = TimeText(FromMs(row.recorded_ms));
    item["erased"] = item["altered"] = Json::array();
    for (const char* name : kErasable) Show(*view.tables, name, Json(item.at(name)), item);
    items.push_back(std::move(item));
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}, {"as_of", view.as_of}};
}

Json QualityRecord::EraseNames(const Json& request, std::string_view actor) {
  CheckShape(ErasureShape(), request, "");
  if (!request.contains("name") && !request.contains("commitment")) {
    throw Problem(422, "missing_field", "say what to erase: name or commitment");
  }
  const std::string reason = request.at("reason");
  if (request.contains("name") && reason.find(request.at("name")) != std::string::npos) {
    throw Problem(422, "wrong_value", "the reason is kept for good and must not hold the name");
  }
  PlacedEvent placed;
  std::set<std::string> erased;
  std::vector<OpeningRow> mentions;
  std::string checkpoint = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    erased = Affected(batch.tables(), request, mentions);
    if (erased.empty()) throw Problem(404, "unknown_name", "nobody of that name is in the record");
    batch.tables().EraseOpenings({erased.begin(), erased.end()});
    placed = batch.Append("names_erased", {{"commitments", erased}, {"reason", reason}}, actor);
  });
  impl_->store->ForgetErased();
  Json answer = Appended(placed, std::move(checkpoint));
  answer["erased"] = erased.size();
  answer["mentions"] = Json::array();
  for (const OpeningRow& row : mentions) {
    answer["mentions"].push_back({{"log_index", row.idx}, {"commitment", row.commitment}});
  }
  return answer;
}

}  // namespace monitor::service
