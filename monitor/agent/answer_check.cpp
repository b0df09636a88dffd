#include "monitor/agent/answer_check.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace monitor::agent {
namespace {

using nlohmann::json;

constexpr std::string_view kProblems = "/problems/";
constexpr std::string_view kReceiptSchema = "etalon.receipt/1";
/// Not in order whoever says it.
constexpr std::array kEverybody = {0, 401, 403, 408, 425, 429, 502, 503, 504};
/// A stranger's limits on one request; a smaller entry may pass.
constexpr std::array kOneRequest = {413, 414, 431, 500};
/// Our own problems that are not the entry's: a service without this address, a broken transfer.
constexpr std::array<std::string_view, 4> kNotItsFault = {"not_found", "method_not_allowed",
                                                          "bad_request", "body_cut_short"};
constexpr std::string_view kBlobMissing = "blob_missing";

template <typename Range, typename Value>
bool Has(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

bool HasText(const json& object, const char* member, std::string_view text) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() &&
         found->get_ref<const std::string&>() == text;
}

/// The last part of our problem's type; empty when it is none of ours.
std::string ProblemOfOurs(const Answer& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  if (!body.is_object()) return "";
  const auto type = body.find("type");
  if (type == body.end() || !type->is_string()) return "";
  const auto text = type->get<std::string>();
  return text.starts_with(kProblems) ? text.substr(kProblems.size()) : "";
}

bool IsReceipt(const Answer& answer, const std::string& key) {
  if (!answer.ok()) return false;
  const json body = json::parse(answer.body, nullptr, false);
  return body.is_object() && HasText(body, "schema", kReceiptSchema) && HasText(body, "key", key) &&
         body.contains("decided_log_index") && body["decided_log_index"].is_number();
}

}  // namespace

Fate FateOfFailure(const Answer& answer) {
  if (Has(kEverybody, answer.status)) return Fate::kServiceFailed;
  const std::string problem = ProblemOfOurs(answer);
  if (problem.empty()) {
    return Has(kOneRequest, answer.status) ? Fate::kEntryFailed : Fate::kServiceFailed;
  }
  if (Has(kNotItsFault, std::string_view(problem))) return Fate::kServiceFailed;
  const bool for_good = answer.status >= 400 && answer.status < 500 && problem != kBlobMissing;
  return for_good ? Fate::kRefused : Fate::kEntryFailed;
}

Fate FateOfSubmission(const Answer& answer, const std::string& key) {
  return IsReceipt(answer, key) ? Fate::kDone : FateOfFailure(answer);
}

Fate FateOfUpload(const Answer& answer, const std::string& sha256) {
  if (!answer.ok()) return FateOfFailure(answer);
  const json body = json::parse(answer.body, nullptr, false);
  return body.is_object() && HasText(body, "sha256", sha256) ? Fate::kDone : Fate::kServiceFailed;
}

bool HoldsBlob(const Answer& answer, const std::string& sha256) {
  // A proxy that compresses marks the tag as weak.
  const std::string tag = "\"" + sha256 + "\"";
  return answer.status == 200 && (answer.etag == tag || answer.etag == "W/" + tag);
}

}  // namespace monitor::agent
