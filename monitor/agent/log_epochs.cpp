#include "monitor/agent/log_epochs.h"

#include <algorithm>

#include "monitor/agent/proof_hex.h"
#include "sop/journal/canonical_json.h"
#include "sop/journal/event.h"

namespace monitor::agent {
namespace {

using nlohmann::json;

std::optional<LogEpoch> ReadOne(const json& item, const sop::journal::Checkpoint& checkpoint) {
  const std::string line = item.at("line");
  const auto index = item.at("log_index").get<std::uint64_t>();
  const auto proof = ReadProof(item.at("inclusion"));
  if (!proof || !sop::journal::VerifyInclusion(sop::journal::LeafHash(line), index,
                                               checkpoint.tree_size, *proof, checkpoint.root)) {
    return std::nullopt;
  }
  const sop::journal::Event event = sop::journal::ParseEvent(line);
  LogEpoch epoch{event.body.at("epoch").get<std::uint64_t>(),
                 event.body.at("restored_size").get<std::uint64_t>(),
                 event.body.value("reason", "")};
  if (event.type != "log_epoch_opened" || epoch.restored_size != index) return std::nullopt;
  return epoch;
}

}  // namespace

std::uint64_t LogEpochs::KeptOf(std::uint64_t epoch) const {
  std::uint64_t kept = UINT64_MAX;
  for (const LogEpoch& later : epochs) {
    if (later.epoch > epoch) kept = std::min(kept, later.restored_size);
  }
  return kept;
}

std::optional<LogEpochs> ReadLogEpochs(std::string_view answer, const std::string& verifier_key) {
  try {
    const json body = json::parse(answer);
    LogEpochs read;
    read.note = body.at("checkpoint");
    const auto checkpoint = sop::journal::OpenCheckpoint(read.note, verifier_key);
    if (!checkpoint) return std::nullopt;
    read.checkpoint = *checkpoint;
    std::uint64_t newest = 1;
    for (const json& item : body.at("items")) {
      const auto epoch = ReadOne(item, *checkpoint);
      if (!epoch || epoch->epoch <= newest) return std::nullopt;
      newest = epoch->epoch;
      read.epochs.push_back(*epoch);
    }
    if (newest != checkpoint->epoch) return std::nullopt;
    return read;
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const sop::journal::CanonicalJsonError&) {
    return std::nullopt;
  }
}

}  // namespace monitor::agent
