#include "monitor/cli/verify_anchors.h"

#include "monitor/service/time_text.h"
#include "monitor/service/timestamp.h"
#include "sop/journal/signed_note.h"

namespace monitor::cli {
namespace {

constexpr std::size_t kMaxNamed = 20;

}  // namespace

void AnchorCheck::Add(std::uint64_t index, const sop::journal::Event& event) {
  if (event.type != "checkpoint_anchored") return;
  const auto finding = [&](const std::string& what) {
    if (result_.findings.size() >= kMaxNamed) return;
    result_.findings.push_back("anchor_invalid: the time stamp of event " + std::to_string(index) +
                               " " + what + ".");
  };
  try {
    const std::string note = event.body.at("checkpoint");
    const auto size = event.body.at("tree_size").get<std::int64_t>();
    const auto own = reader_.CheckpointCovering(size - 1);
    if (!own || own->tree_size != size || own->note != note) {
      return finding("is of a checkpoint that the record does not have");
    }
    if (ca_file_.empty()) {
      ++result_.unchecked;
      return;
    }
    const auto reply = sop::journal::FromBase64(event.body.at("reply").get<std::string>());
    const auto stamp = service::CheckKeptReply(note, reply.value_or(""), ca_file_);
    result_.verified = {static_cast<std::uint64_t>(size), service::TimeText(stamp.time),
                        stamp.authority};
  } catch (const service::TimestampError& error) {
    finding(std::string("does not hold (") + error.what() + ")");
  } catch (const nlohmann::json::exception&) {
    finding("cannot be read");
  }
}

}  // namespace monitor::cli
