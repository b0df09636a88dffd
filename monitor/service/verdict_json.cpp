#include <algorithm>

#include "monitor/service/evidence.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

Json TimeOrNull(const std::optional<sop::Instant>& time) {
  return time ? Json(TimeText(*time)) : Json(nullptr);
}

Json ReasonJson(const sop::Reason& reason) {
  return {{"code", sop::Name(reason.code)},
          {"severity", sop::Name(sop::VerdictOf(reason.code))},
          {"text", reason.text},
          {"since", TimeOrNull(reason.since)},
          {"evidence", reason.evidence}};
}

std::optional<sop::Instant> Earliest(const std::optional<sop::Instant>& a,
                                     const std::optional<sop::Instant>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Json VerdictJson(const sop::FitnessAnswer& answer, const std::string& profile,
                 const std::string& configuration, sop::Instant now) {
  Json json = {{"profile", profile},
               {"verdict", sop::Name(answer.verdict)},
               {"reasons", Json::array()},
               {"valid_until", TimeOrNull(answer.valid_until)},
               {"next_due", TimeOrNull(answer.next_due)},
               {"data_age_s", nullptr}};
  if (!configuration.empty()) json["configuration"] = configuration;
  for (const sop::Reason& reason : answer.reasons) json["reasons"].push_back(ReasonJson(reason));
  if (answer.last_verified) json["data_age_s"] = (now - *answer.last_verified).count();
  return json;
}

Json InstrumentVerdict(const Evidence& evidence, const std::string& instrument,
                       const std::string& profile, const sop::FitnessQuery& query) {
  sop::FitnessAnswer worst{sop::Verdict::kNotInScope, {}, {}, {}, {}};
  std::string where;
  Json reasons = Json::array();
  bool first = true;
  for (const std::string& subject : SubjectsOf(evidence.state(), instrument)) {
    const std::string configuration = subject.substr(instrument.size() + 1);
    sop::FitnessAnswer answer = FitnessOf(evidence, subject, profile, query);
    // A configuration that the profile does not need says nothing about the instrument.
    if (answer.verdict != sop::Verdict::kNotInScope) {
      for (const sop::Reason& reason : answer.reasons) {
        reasons.push_back(ReasonJson(reason));
        reasons.back()["configuration"] = configuration;
      }
    }
    if (first || answer.verdict > worst.verdict) {
      worst.verdict = answer.verdict;
      if (first || worst.reasons.empty()) worst.reasons = answer.reasons;
      where = configuration;
    }
    first = false;
    worst.valid_until = Earliest(worst.valid_until, answer.valid_until);
    worst.next_due = Earliest(worst.next_due, answer.next_due);
    worst.last_verified = Earliest(worst.last_verified, answer.last_verified);
  }
  Json json = VerdictJson(worst, profile, where, query.now);
  if (worst.verdict != sop::Verdict::kNotInScope) {
    std::stable_sort(reasons.begin(), reasons.end(), [](const Json& a, const Json& b) {
      const auto rank = [](const Json& reason) {
        const std::string& severity = reason.at("severity").get_ref<const std::string&>();
        return severity == "out_of_spec" ? 0 : severity == "unknown" ? 1 : 2;
      };
      return rank(a) < rank(b);
    });
    json["reasons"] = std::move(reasons);
  }
  return json;
}

}  // namespace monitor::service
