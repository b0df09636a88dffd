#include "monitor/cli/verify_blobs.h"

#include <array>
#include <nlohmann/json.hpp>

#include "monitor/agent/durable_file.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Where the service keeps a blob. Its own class tidies up on opening; here nothing may change.
fs::path PathOf(const fs::path& folder, const std::string& digest) {
  return folder / digest.substr(0, 2) / digest.substr(2, 2) / digest;
}

bool Matches(const fs::path& file, const std::string& digest) {
  try {
    return agent::DigestAndCopy(file, {}).sha256 == digest;
  } catch (const std::exception&) {
    return false;  // what cannot be read cannot be shown to anyone either
  }
}

}  // namespace

BlobCheck::BlobCheck(fs::path folder, bool all)
    : folder_(std::move(folder)), there_(fs::is_directory(folder_)), all_(all) {}

void BlobCheck::Note(std::int64_t index, const sop::journal::Event& event) {
  if (event.type != "measurement_received") return;
  constexpr std::array<std::pair<const char*, const char*>, 2> kLists = {
      {{"raw", "raw"}, {"pictures", "picture"}}};
  try {
    for (const auto& [list, kind] : kLists) {
      for (const json& entry : event.body.value(list, json::array())) {
        if (std::string_view(kind) == "raw" && !entry.value("archived", false)) continue;
        auto digest = entry.at("sha256").get<std::string>();
        if (digest.size() < 4) continue;
        Look({index, kind, entry.value("name", ""), std::move(digest)});
      }
    }
  } catch (const json::exception&) {
    return;  // an event of another form names no file
  }
}

void BlobCheck::Look(Kept kept) {
  ++named_;
  if (!there_) return;
  if (!fs::is_regular_file(PathOf(folder_, kept.digest))) {
    return Report(kept, "missing",
                  "(sha256 " + kept.digest + ") is not in blobs/; restore it from a backup.");
  }
  ++present_;
  if (all_) return Read(kept);
  if (sample_.size() < kSample) {
    sample_.push_back(std::move(kept));
    return;
  }
  // Each file so far is in the sample with the same chance.
  const std::size_t place = std::uniform_int_distribution<std::size_t>(0, present_ - 1)(random_);
  if (place < kSample) sample_[place] = std::move(kept);
}

void BlobCheck::Read(const Kept& kept) {
  ++read_;
  if (Matches(PathOf(folder_, kept.digest), kept.digest)) return;
  Report(
      kept, "altered",
      "is not the file that was recorded (sha256 " + kept.digest + "); restore it from a backup.");
}

void BlobCheck::Report(const Kept& kept, const char* what, const std::string& sentence) {
  if (result_.findings.size() == kShown) {
    ++result_.unnamed;
    return;
  }
  result_.findings.push_back(kept.kind + "_" + what + " at event " + std::to_string(kept.index) +
                             ": " + kept.name + " " + sentence);
}

BlobCheck::Result BlobCheck::Finish() {
  if (named_ == 0) return {};
  const std::string count = std::to_string(named_);
  if (!there_) {
    return {{},
            0,
            "blobs not checked: there is no folder " + folder_.string() + " with the " + count +
                " raw files and pictures that the journal names (a copy of the database alone?)"};
  }
  for (const Kept& kept : sample_) Read(kept);
  result_.summary =
      "blobs: looked for all " + count + " raw files and pictures, read " + std::to_string(read_);
  if (read_ < present_) result_.summary += " (a random sample; --all-blobs reads all)";
  return result_;
}

}  // namespace monitor::cli
