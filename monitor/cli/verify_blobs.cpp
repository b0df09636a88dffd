#include "monitor/cli/verify_blobs.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "monitor/agent/durable_file.h"
#include "sop/journal/event.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kReceived = "\"type\":\"measurement_received\"";

/// Where the service keeps a blob. Its own class tidies up on opening; here nothing may change.
fs::path PathOf(const fs::path& folder, const std::string& digest) {
  return folder / digest.substr(0, 2) / digest.substr(2, 2) / digest;
}

std::string Finding(const char* kind, const char* what, std::int64_t index, const std::string& name,
                    const std::string& sentence) {
  return std::string(kind) + "_" + what + " at event " + std::to_string(index) + ": " + name + " " +
         sentence;
}

/// Which of the digests are read: all, or a random choice that nobody can foresee.
std::set<std::string> Chosen(std::vector<std::string> digests, bool sampled) {
  if (sampled) {
    std::shuffle(digests.begin(), digests.end(), std::random_device());
    digests.resize(BlobCheck::kSample);
  }
  return {digests.begin(), digests.end()};
}

bool Matches(const fs::path& file, const std::string& digest) {
  try {
    return agent::DigestAndCopy(file, {}).sha256 == digest;
  } catch (const std::exception&) {
    return false;  // what cannot be read cannot be shown to anyone either
  }
}

}  // namespace

void BlobCheck::Note(std::int64_t index, std::string_view line) {
  if (line.find(kReceived) == std::string_view::npos) return;
  try {
    const sop::journal::Event event = sop::journal::ParseEvent(line);
    if (event.type != "measurement_received") return;
    constexpr std::array<std::pair<const char*, const char*>, 2> kLists = {
        {{"raw", "raw"}, {"pictures", "picture"}}};
    for (const auto& [list, kind] : kLists) {
      for (const json& entry : event.body.value(list, json::array())) {
        if (std::string_view(kind) == "raw" && !entry.value("archived", false)) continue;
        const auto digest = entry.at("sha256").get<std::string>();
        if (digest.size() < 4) continue;
        kept_.try_emplace(digest, Kept{index, kind, entry.value("name", "")});
      }
    }
  } catch (const std::exception&) {
    return;
  }
}

BlobCheck::Result BlobCheck::Check(const fs::path& folder, bool all) const {
  if (kept_.empty()) return {};
  const std::string count = std::to_string(kept_.size());
  if (!fs::is_directory(folder)) {
    return {{},
            "blobs not checked: there is no folder " + folder.string() + " with the " + count +
                " raw files and pictures that the journal names (a copy of the database alone?)"};
  }
  std::vector<std::string> there;
  Result result;
  for (const auto& [digest, kept] : kept_) {
    if (fs::is_regular_file(PathOf(folder, digest))) {
      there.push_back(digest);
    } else {
      result.findings.push_back(
          Finding(kept.kind.c_str(), "missing", kept.index, kept.name,
                  "(sha256 " + digest + ") is not in blobs/; restore it from a backup."));
    }
  }
  const bool sampled = !all && there.size() > kSample;
  const std::set<std::string> read = Chosen(std::move(there), sampled);
  for (const std::string& digest : read) {
    if (Matches(PathOf(folder, digest), digest)) continue;
    const Kept& kept = kept_.at(digest);
    result.findings.push_back(Finding(
        kept.kind.c_str(), "altered", kept.index, kept.name,
        "is not the file that was recorded (sha256 " + digest + "); restore it from a backup."));
  }
  result.summary = "blobs: looked for all " + count + " raw files and pictures, read " +
                   std::to_string(read.size());
  if (sampled) result.summary += " (a random sample; --all-blobs reads all)";
  return result;
}

}  // namespace monitor::cli
