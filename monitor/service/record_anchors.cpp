#include <algorithm>

#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "sop/journal/checkpoint.h"
#include "sop/journal/signed_note.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::RegisterRow;
using sop::store::Table;

/// Oldest first.
std::vector<RegisterRow> AnchorRows(const sop::store::Reader& tables) {
  auto rows = tables.Rows(Table::kAnchor, tables.EventCount());
  std::ranges::sort(rows, {}, &RegisterRow::from_index);
  return rows;
}

}  // namespace

Json QualityRecord::RecordAnchor(const std::string& note, const std::string& reply,
                                 const std::string& time, const std::string& authority) {
  const auto checkpoint = sop::journal::OpenCheckpoint(note, VerifierKey());
  if (!checkpoint) throw Problem(422, "wrong_value", "the anchored note is not of this log");
  const Json body = {{"checkpoint", note},
                     {"tree_size", checkpoint->tree_size},
                     {"reply", sop::journal::Base64(reply)},
                     {"time", time},
                     {"authority", authority}};
  PlacedEvent placed;
  std::string sealed = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    placed = batch.Append("checkpoint_anchored", body, "service");
  });
  return Appended(placed, std::move(sealed));
}

Json QualityRecord::Anchors() const {
  const auto tables = impl_->store->Read();
  Json items = Json::array();
  for (const RegisterRow& row : AnchorRows(*tables)) {
    Json item = Json::parse(row.body);
    item["log_index"] = row.from_index;
    item["recorded_at"] = TimeText(FromMs(row.recorded_ms));
    items.push_back(std::move(item));
  }
  return {{"items", std::move(items)}, {"next_cursor", nullptr}};
}

std::optional<std::string> QualityRecord::LastAnchoredAt() const {
  const auto rows = AnchorRows(*impl_->store->Read());
  if (rows.empty()) return std::nullopt;
  return TimeText(FromMs(rows.back().recorded_ms));
}

}  // namespace monitor::service
