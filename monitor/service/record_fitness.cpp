#include "monitor/service/evidence.h"
#include "monitor/service/projection.h"
#include "monitor/service/record.h"
#include "monitor/service/record_impl.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

/// Clocks of those who ask about now may be a little behind.
constexpr std::chrono::minutes kSlotGrace{5};

sop::Instant Asked(const std::string& text, sop::Instant otherwise) {
  if (text.empty()) return otherwise;
  const auto time = ParseTime(text);
  if (!time) throw Problem(400, "wrong_time", "from and to must be times as 2026-11-22T10:00:00Z");
  return ToSeconds(*time);
}

/// The decision rules that the answer rests on, by procedure.
Json RulesOf(const RegisterState& state, const std::string& instrument,
             const std::string& configuration, const std::string& profile) {
  Json rules = Json::object();
  for (const Json& need : state.profiles.at(profile).at("needs")) {
    for (const Assignment& assignment : state.assignments) {
      if (assignment.procedure != need.at("procedure") || assignment.instrument != instrument ||
          (!configuration.empty() && assignment.configuration != configuration)) {
        continue;
      }
      rules[assignment.procedure] = state.procedures.at(assignment.procedure).at("decision_rule");
    }
  }
  return rules;
}

}  // namespace

Json QualityRecord::Fitness(const FitnessRequest& request, const AsOf& as_of) const {
  const View view = impl_->Look(as_of);
  const auto state = impl_->State(view);
  RequireFound(state->instruments.contains(request.instrument), "unknown_instrument",
               "instrument \"" + request.instrument + "\"");
  RequireFound(state->profiles.contains(request.profile), "unknown_profile",
               "profile \"" + request.profile + "\"");
  const sop::Instant from = Asked(request.from, view.instant());
  const sop::Instant to = Asked(request.to, from);
  if (to < from) throw Problem(422, "wrong_slot", "to must not be before from");
  if (!as_of && to + kSlotGrace < view.instant()) {
    throw Problem(422, "wrong_slot",
                  "the slot is over; what was known at that time is asked for with as_of");
  }
  const sop::FitnessQuery query{view.instant(), from, to, state->time_zone};
  const Evidence evidence(*state, *view.tables, view.at, view.instant());
  Json answer;
  if (request.configuration.empty()) {
    answer = InstrumentVerdict(evidence, request.instrument, request.profile, query);
    answer["configuration"] = nullptr;
  } else {
    const std::string subject = SubjectId(request.instrument, request.configuration);
    RequireFound(state->configurations.contains(subject), "unknown_configuration",
                 "configuration \"" + subject + "\"");
    answer = VerdictJson(FitnessOf(evidence, subject, request.profile, query), request.profile,
                         request.configuration, query.now);
  }
  answer["instrument"] = request.instrument;
  answer["decision_rule"] =
      RulesOf(*state, request.instrument, request.configuration, request.profile);
  answer["asked"] = {{"from", TimeText(from)}, {"to", TimeText(to)}, {"as_of", view.as_of}};
  const auto checkpoint = view.tables->LastCheckpoint().value();
  answer["proof"] = {{"log_index", view.at - 1}, {"checkpoint", checkpoint.note}};
  return answer;
}

}  // namespace monitor::service
