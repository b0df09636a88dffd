#include <algorithm>

#include "monitor/service/evidence.h"
#include "monitor/service/projection.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

/// Configurations of an objective are named alone or with their instrument.
bool Names(const std::string& configuration, const std::string& subject) {
  return configuration == subject ||
         configuration == subject.substr(std::min(subject.find('/') + 1, subject.size()));
}

std::optional<sop::Instant> Time(const Json& body, const char* name) {
  if (!body.contains(name)) return std::nullopt;
  const auto time = ParseTime(body[name].get_ref<const std::string&>());
  return time ? std::optional<sop::Instant>(ToSeconds(*time)) : std::nullopt;
}

void AddHolds(const RegisterState& state, const std::string& subject,
              std::vector<sop::StandingReason>& standing) {
  const std::string instrument = subject.substr(0, subject.find('/'));
  for (const auto& [id, hold] : state.holds) {
    if (hold.at("instrument") != instrument) continue;
    if (hold.contains("configuration") && !Names(hold["configuration"], subject)) continue;
    const std::string reason = hold.at("reason");
    standing.push_back(
        {{sop::ReasonCode::kServiceHold, "On hold: " + reason, Time(hold, "from"), id},
         Time(hold, "from"),
         Time(hold, "to")});
  }
}

/// A certificate that has run out takes the verdict with it where the procedure asks for U.
void AddExpiredScale(const RegisterState& state, const std::string& subject,
                     const std::vector<sop::AssignmentEvidence>& evidence,
                     std::vector<sop::StandingReason>& standing) {
  const auto scale = state.scales.find(subject);
  if (scale == state.scales.end()) return;
  const auto until = Time(scale->second, "valid_until");
  const bool used =
      std::any_of(evidence.begin(), evidence.end(), [&](const sop::AssignmentEvidence& assignment) {
        const Json& procedure = state.procedures.at(assignment.procedure);
        return procedure.at("requires_uncertainty").get<bool>() ||
               procedure.at("decision_rule").at("guard_band_ratio").get<double>() > 0.0;
      });
  if (!until || !used) return;
  const std::string certificate = scale->second.value("certificate", std::string());
  standing.push_back(
      {{sop::ReasonCode::kReferenceExpired,
        "The scale certificate " + certificate + " has run out.", until, certificate},
       until,
       std::nullopt});
}

bool AppliesTo(const Json& need, const std::string& subject) {
  return !need.contains("configuration") || Names(need["configuration"], subject);
}

/// A procedure that the register does not know has an analysis of its own.
std::string AnalysisOf(const RegisterState& state, const std::string& procedure) {
  const auto found = state.procedures.find(procedure);
  return found == state.procedures.end() ? "procedure " + procedure
                                         : found->second.at("analysis").get<std::string>();
}

/// The needs of one analysis: procedures that stand for each other, as for several modalities.
struct Need {
  std::vector<std::string> procedures;
  bool here = false;  ///< asked of this very configuration
};

std::map<std::string, Need> NeedsOf(const RegisterState& state, const std::string& profile,
                                    const std::string& subject) {
  std::map<std::string, Need> needs;
  for (const Json& entry : state.profiles.at(profile).at("needs")) {
    if (!AppliesTo(entry, subject)) continue;
    const std::string procedure = entry.at("procedure");
    Need& need = needs[AnalysisOf(state, procedure)];
    need.procedures.push_back(procedure);
    need.here = need.here || entry.contains("configuration");
  }
  return needs;
}

const Assignment* Find(const std::vector<Assignment>& assignments, const std::string& procedure,
                       const std::string& subject) {
  const auto found = std::find_if(assignments.begin(), assignments.end(), [&](const auto& a) {
    return a.procedure == procedure && SubjectId(a.instrument, a.configuration) == subject;
  });
  return found == assignments.end() ? nullptr : &*found;
}

/// Whether somebody is to check `analysis` for the profile on any configuration of the instrument.
bool IsCarried(const RegisterState& state, const std::string& profile, const std::string& analysis,
               const std::string& instrument) {
  const Json& needs = state.profiles.at(profile).at("needs");
  return std::any_of(state.assignments.begin(), state.assignments.end(), [&](const auto& a) {
    const std::string subject = SubjectId(a.instrument, a.configuration);
    return a.instrument == instrument && AnalysisOf(state, a.procedure) == analysis &&
           std::any_of(needs.begin(), needs.end(), [&](const Json& need) {
             return need.at("procedure") == a.procedure && AppliesTo(need, subject);
           });
  });
}

sop::StandingReason NotAssigned(const Need& need) {
  std::string names;
  for (std::size_t i = 0; i < need.procedures.size(); ++i) {
    if (i > 0) names += i + 1 == need.procedures.size() ? " or " : ", ";
    names += need.procedures[i];
  }
  const char* rest = need.procedures.size() == 1 ? " is needed for this use and is not assigned."
                                                 : " is needed for this use and none is assigned.";
  return {{sop::ReasonCode::kNeverTested, names + rest, std::nullopt, need.procedures.front()},
          std::nullopt,
          std::nullopt};
}

const sop::DecidedMeasurement* LatestJudged(const Evidence& evidence,
                                            const Assignment& assignment) {
  const auto& history = evidence.Of(assignment).history;
  for (auto it = history.rbegin(); it != history.rend(); ++it) {
    if (sop::WeightOf(it->outcome) != sop::Weight::kNeither) return &*it;
  }
  return nullptr;
}

/// To stop checking is no cure: a failure stands until the same analysis is good again.
void AddEndedFailures(const Evidence& evidence, const Need& need, const std::string& subject,
                      const std::string& zone, std::vector<sop::StandingReason>& standing) {
  const RegisterState& state = evidence.state();
  for (const std::string& procedure : need.procedures) {
    const Assignment* ended = Find(state.ended, procedure, subject);
    const auto* failure = ended ? LatestJudged(evidence, *ended) : nullptr;
    if (failure == nullptr || sop::WeightOf(failure->outcome) != sop::Weight::kBad) continue;
    const bool cured =
        std::any_of(need.procedures.begin(), need.procedures.end(), [&](const std::string& other) {
          const Assignment* assigned = Find(state.assignments, other, subject);
          const auto* latest = assigned ? LatestJudged(evidence, *assigned) : nullptr;
          return latest != nullptr && sop::WeightOf(latest->outcome) == sop::Weight::kGood &&
                 latest->acquired_at > failure->acquired_at;
        });
    if (cured) continue;
    standing.push_back(
        {{sop::ReasonCode::kQcFailed,
          procedure + " failed on " + DayText(sop::LocalDay(failure->acquired_at, zone)) +
              " and is no longer assigned; no good result has followed.",
          failure->acquired_at, failure->key},
         std::nullopt,
         std::nullopt});
  }
}

}  // namespace

sop::FitnessAnswer FitnessOf(const Evidence& known, const std::string& subject,
                             const std::string& profile, const sop::FitnessQuery& query) {
  const RegisterState& state = known.state();
  const std::map<std::string, Need> needs = NeedsOf(state, profile, subject);
  const std::string instrument = subject.substr(0, subject.find('/'));
  std::vector<sop::AssignmentEvidence> evidence;
  std::vector<sop::StandingReason> standing;
  std::vector<std::string> unmet;  // analyses with no assignment on this configuration
  for (const auto& [analysis, need] : needs) {
    const std::size_t before = evidence.size();
    for (const std::string& procedure : need.procedures) {
      const Assignment* assigned = Find(state.assignments, procedure, subject);
      if (assigned) evidence.push_back(known.For(*assigned));
    }
    if (evidence.size() == before) unmet.push_back(analysis);
  }
  const bool in_scope = !evidence.empty();
  for (const std::string& analysis : unmet) {
    const Need& need = needs.at(analysis);
    if (need.here || (in_scope && !IsCarried(state, profile, analysis, instrument))) {
      standing.push_back(NotAssigned(need));
    }
  }
  if (in_scope) {
    for (const auto& [analysis, need] : needs) {
      AddEndedFailures(known, need, subject, query.time_zone, standing);
    }
  }
  if (in_scope || !standing.empty()) AddHolds(state, subject, standing);
  AddExpiredScale(state, subject, evidence, standing);
  return sop::Fitness(evidence, standing, query);
}

}  // namespace monitor::service
