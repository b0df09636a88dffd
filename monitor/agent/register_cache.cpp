#include "monitor/agent/register_cache.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "monitor/agent/durable_file.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

using nlohmann::json;
constexpr std::uint64_t kMaxCacheBytes = 64 << 20;
constexpr int kNotFound = 404;
constexpr std::array<std::string_view, 6> kModalities = {
    "widefield", "confocal", "spinning_disk", "two_photon", "light_sheet", "other"};

/// The list of a page: `{"items":[...]}` or a bare array.
json Items(const json& page) {
  if (page.is_array()) return page;
  if (page.is_object() && page.contains("items") && page["items"].is_array()) return page["items"];
  return json::array();
}

std::string TextOf(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : std::string();
}

/// The settings of a configuration. Its modality is a column of the register and a setting of a
/// measurement.
json SetupOf(const json& configuration) {
  json setup = configuration.value("setup", json::object());
  if (!setup.is_object()) setup = json::object();
  const std::string modality = TextOf(configuration, "modality");
  const bool known =
      std::find(kModalities.begin(), kModalities.end(), modality) != kModalities.end();
  if (known && !setup.contains("modality")) setup["modality"] = modality;
  return setup;
}

bool ReadProcedures(const std::string& body, std::map<std::string, std::string>& analyses) {
  const json page = json::parse(body, nullptr, false);
  if (page.is_discarded()) return false;
  for (const json& item : Items(page)) {
    const std::string id = TextOf(item, "id");
    if (!id.empty()) analyses[id] = TextOf(item, "analysis");
  }
  return true;
}

bool ReadInstrument(const std::string& body, const std::string& instrument,
                    std::map<std::string, json>& setups) {
  const json page = json::parse(body, nullptr, false);
  if (!page.is_object()) return false;
  for (const json& item : page.value("configurations", json::array())) {
    const std::string id = TextOf(item, "id");
    if (!id.empty()) setups[instrument + "/" + id] = SetupOf(item);
  }
  return true;
}

}  // namespace

RegisterCache::RegisterCache(std::filesystem::path file) : file_(std::move(file)) { Load(); }

void RegisterCache::Load() {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  const json stored = json::parse(ReadFile(file_, kMaxCacheBytes), nullptr, false);
  if (!stored.is_object() || !stored.contains("analyses") || !stored.contains("setups")) {
    log::Log(log::Severity::kWarning, "register_cache_unreadable", {{"path", file_.string()}});
    return;
  }
  stored["analyses"].get_to(content_.analyses);
  stored["setups"].get_to(content_.setups);
  known_ = written_ = true;
}

Answer RegisterCache::Refresh(ServiceClient& client, const std::set<std::string>& instruments) {
  Content content;
  Answer answer = client.Get("/api/v1/procedures");
  if (!answer.ok()) return answer;
  if (!ReadProcedures(answer.body, content.analyses)) return {0, "procedures are not JSON"};
  for (const std::string& instrument : instruments) {
    Answer page = client.Get("/api/v1/instruments/" + EncodeUrlPart(instrument));
    if (page.status == kNotFound) continue;  // its files wait as unknown_configuration
    if (!page.ok()) return page;
    if (!ReadInstrument(page.body, instrument, content.setups)) {
      return {0, "instrument " + instrument + " is not JSON"};
    }
  }
  Keep(std::move(content));
  return answer;
}

void RegisterCache::Keep(Content content) {
  {
    const std::scoped_lock lock(mutex_);
    if (known_ && written_ && content == content_) return;
    content_ = content;
    known_ = true;
    written_ = false;
  }
  try {
    WriteFileDurably(file_,
                     json{{"analyses", content.analyses}, {"setups", content.setups}}.dump());
    written_ = true;
  } catch (const std::exception& error) {  // the copy in memory serves; the spool must not wait
    log::Log(log::Severity::kError, "register_not_kept",
             {{"path", file_.string()}, {"error", error.what()}});
  }
}

std::variant<Instructions, InboxReason> RegisterCache::Find(const Candidate& candidate) const {
  const std::scoped_lock lock(mutex_);
  if (!known_) return InboxReason::kRegisterNeverRead;
  const auto analysis = content_.analyses.find(candidate.rule->procedure);
  if (analysis == content_.analyses.end() || analysis->second.empty()) {
    return InboxReason::kUnknownProcedure;
  }
  const auto setup =
      content_.setups.find(candidate.watch->instrument + "/" + candidate.rule->configuration);
  if (setup == content_.setups.end()) return InboxReason::kUnknownConfiguration;
  return Instructions{analysis->second, setup->second};
}

bool RegisterCache::known() const {
  const std::scoped_lock lock(mutex_);
  return known_;
}

}  // namespace monitor::agent
