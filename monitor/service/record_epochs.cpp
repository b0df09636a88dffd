#include <algorithm>

#include "monitor/service/journal_tiles.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"
#include "sop/journal/checkpoint.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestReason = 1000;

}  // namespace

Json QualityRecord::OpenEpoch(const std::string& reason, const std::string& lost_checkpoint) {
  if (reason.empty() || reason.size() > kLongestReason) {
    throw Problem(422, "wrong_value", "a restore needs a reason of at most 1000 bytes");
  }
  const std::string key = VerifierKey();
  PlacedEvent placed;
  std::string sealed = impl_->writer->Run([&](JournalWriter::Batch& batch) {
    const auto restored =
        sop::journal::OpenCheckpoint(batch.tables().LastCheckpoint().value().note, key).value();
    std::uint64_t epoch = restored.epoch;
    Json body = {{"restored_size", batch.size()},
                 {"restored_root", sop::journal::ToHex(restored.root)},
                 {"reason", reason}};
    if (!lost_checkpoint.empty()) {
      const auto lost = sop::journal::OpenCheckpoint(lost_checkpoint, key);
      if (!lost) throw Problem(422, "wrong_value", "the lost checkpoint is not of this log");
      body["lost_checkpoint"] = lost_checkpoint;
      epoch = std::max(epoch, lost->epoch);
    }
    body["epoch"] = epoch + 1;
    placed = batch.OpenEpoch(std::move(body));
  });
  Json answer = Appended(placed, std::move(sealed));
  answer["epoch"] = placed.event.body.at("epoch");
  return answer;
}

Json QualityRecord::Epochs() const {
  const auto tables = impl_->store->Read();
  const auto checkpoint = tables->LastCheckpoint().value();
  const sop::journal::TiledSubtrees subtrees(TilesOf(*tables));
  auto rows = tables->Rows(sop::store::Table::kLogEpoch, tables->EventCount());
  std::ranges::sort(rows, {}, &sop::store::RegisterRow::from_index);
  Json items = Json::array();
  for (const auto& row : rows) {
    Json inclusion = Json::array();
    for (const auto& digest :
         sop::journal::InclusionProof(subtrees, static_cast<std::uint64_t>(row.from_index),
                                      static_cast<std::uint64_t>(checkpoint.tree_size))) {
      inclusion.push_back(sop::journal::ToHex(digest));
    }
    Json item = Json::parse(row.body);
    item["log_index"] = row.from_index;
    item["recorded_at"] = TimeText(FromMs(row.recorded_ms));
    item["line"] = tables->Event(row.from_index).value().line;
    item["inclusion"] = std::move(inclusion);
    items.push_back(std::move(item));
  }
  return {{"checkpoint", checkpoint.note}, {"items", std::move(items)}};
}

}  // namespace monitor::service
