#include "monitor/agent/witness.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "monitor/agent/agent.h"
#include "monitor/agent/log_epochs.h"
#include "monitor/agent/proof_hex.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

using nlohmann::json;
using sop::journal::Checkpoint;

constexpr int kUnprovenAlarmLooks = 10;
constexpr std::size_t kKeptAnswerBytes = 4096;
constexpr const char* kAdvice =
    "measuring and sending go on; keep the spool's file checkpoint.alarm as evidence, run etalon "
    "verify on the server with the checkpoint in it, and take the file away when it is explained";

std::string Day(Witness::WallTime now) { return Rfc3339(now).substr(0, 10); }

/// A signed note of anybody. What a proxy or portal answers is none, and says nothing of the log.
bool IsNote(const std::string& text) { return text.find("\n\n\xE2\x80\x94 ") != std::string::npos; }

std::string ConsistencyPath(const Checkpoint& from, const Checkpoint& to) {
  return "/api/v1/consistency?from=" + std::to_string(from.tree_size) +
         "&to=" + std::to_string(to.tree_size);
}

}  // namespace

std::string_view Name(WitnessAlarm alarm) {
  switch (alarm) {
    case WitnessAlarm::kRolledBack:
      return "rolled_back";
    case WitnessAlarm::kRewritten:
      return "rewritten";
    case WitnessAlarm::kWrongKey:
      return "wrong_key";
    case WitnessAlarm::kUnproven:
      return "unproven";
    case WitnessAlarm::kKeptDamaged:
      return "kept_damaged";
  }
  return "unknown";  // unreachable for a valid enumerator; -Wswitch guards the list above
}

std::optional<Checkpoint> Witness::Open(const std::string& note) const {
  return sop::journal::OpenCheckpoint(note, key_);
}

std::optional<Checkpoint> Witness::LargestKept(
    const std::function<bool(const Checkpoint&)>& counts) const {
  std::optional<Checkpoint> largest;
  for (const std::string& note : memory_.Notes()) {
    const auto one = Open(note);
    if (!one || !counts(*one)) continue;
    // A later epoch's notes cover more than any note of before that still counts.
    const auto rank = [](const Checkpoint& c) { return std::pair(c.epoch, c.tree_size); };
    if (!largest || rank(*one) > rank(*largest)) largest = one;
  }
  return largest;
}

/// The newest kept note; after damage the newest of the days that can be read.
std::optional<Checkpoint> Witness::Kept() {
  const std::string note = memory_.Kept();
  if (note.empty()) return std::nullopt;
  if (const auto kept = Open(note)) return kept;
  memory_.PutAside();
  log::Log(log::Severity::kError, "kept_checkpoint_damaged", {{"advice", kAdvice}});
  return LargestKept([](const Checkpoint&) { return true; });
}

bool Witness::LearnKey(const Answer& answer) {
  if (key_.empty()) key_ = memory_.Key().value_or("");
  if (!key_.empty()) return true;
  if (!sop::journal::OpenCheckpoint(answer.body, answer.log_key)) return false;
  memory_.PinKey(answer.log_key);
  key_ = answer.log_key;
  log::Log(log::Severity::kInfo, "log_key_pinned", {{"key", key_}});
  return true;
}

void Witness::Look(WallTime now) {
  const Answer answer = questions_.get("/checkpoint");
  if (!answer.ok()) return;
  if (!IsNote(answer.body)) {
    log::Log(log::Severity::kWarning, "checkpoint_unreadable",
             {{"answer", answer.body.substr(0, 200)}});
    return;
  }
  if (LearnKey(answer)) Judge(answer.body, now);
}

void Witness::See(const std::string& note, WallTime now) {
  if (key_.empty()) Look(now);
  if (!key_.empty() && IsNote(note)) Judge(note, now);
}

void Witness::Judge(const std::string& note, WallTime now) {
  const auto shown = Open(note);
  if (!shown) return Raise(WitnessAlarm::kWrongKey, note, now);
  const auto kept = Kept();
  if (!kept) return Accept(note, now);
  if (shown->epoch > kept->epoch) return Recover(*kept, now);
  if (shown->epoch < kept->epoch || shown->tree_size < kept->tree_size) {
    return Raise(WitnessAlarm::kRolledBack, note, now);
  }
  if (!Settle(Continues(*kept, *shown), note, now)) return;
  if (shown->tree_size > kept->tree_size) return Accept(note, now);
  verified_at_ = now;
}

/// After a contradiction the kept note stays: what grew past it proves nothing.
void Witness::Accept(const std::string& note, WallTime now) {
  if (memory_.Alarm()) return;
  memory_.Keep(note, Day(now));
  verified_at_ = now;
}

Witness::Proof Witness::Continues(const Checkpoint& from, const Checkpoint& to) {
  last_proof_.clear();
  if (from.tree_size == to.tree_size) return from.root == to.root ? Proof::kHolds : Proof::kFails;
  const Answer answer = questions_.get(ConsistencyPath(from, to));
  last_proof_ = answer.body.substr(0, kKeptAnswerBytes);
  const json body = answer.ok() ? json::parse(answer.body, nullptr, false) : json();
  if (!body.is_object() || body.value("from", json()) != from.tree_size ||
      body.value("to", json()) != to.tree_size) {
    return Proof::kNotGiven;
  }
  const auto nodes = ReadProof(body.value("proof", json()));
  if (!nodes) return Proof::kNotGiven;
  return sop::journal::VerifyConsistency(from.tree_size, to.tree_size, *nodes, from.root, to.root)
             ? Proof::kHolds
             : Proof::kFails;
}

bool Witness::Settle(Proof proof, const std::string& note, WallTime now) {
  if (proof == Proof::kNotGiven) {
    NotProven();
    return false;
  }
  unproven_looks_ = 0;
  if (proof == Proof::kFails) Raise(WitnessAlarm::kRewritten, note, now);
  return proof == Proof::kHolds;
}

void Witness::NotProven() {
  if (++unproven_looks_ != kUnprovenAlarmLooks) return;
  log::Log(log::Severity::kError, "witness_alarm",
           {{"finding", Name(WitnessAlarm::kUnproven)}, {"answer", last_proof_.substr(0, 200)}});
}

void Witness::Recover(const Checkpoint& kept, WallTime now) {
  const Answer answer = questions_.get("/api/v1/log/epochs");
  const auto log = answer.ok() ? ReadLogEpochs(answer.body, key_) : std::nullopt;
  last_proof_ = answer.body.substr(0, kKeptAnswerBytes);
  if (!log || log->checkpoint.epoch <= kept.epoch) return NotProven();
  // What the backup still held must be as it was signed; the rest it lost.
  const auto base = LargestKept(
      [&log](const Checkpoint& one) { return one.tree_size <= log->KeptOf(one.epoch); });
  if (base && !Settle(Continues(*base, log->checkpoint), log->note, now)) return;
  unproven_looks_ = 0;
  Recovery recovery{log->checkpoint.epoch, log->KeptOf(kept.epoch), 0, log->epochs.back().reason};
  if (kept.tree_size > recovery.restored_size) {
    recovery.lost_events = kept.tree_size - recovery.restored_size;
  }
  questions_.lost(recovery);
  const json stated = {{"epoch", recovery.epoch},
                       {"restored_size", recovery.restored_size},
                       {"lost_events", recovery.lost_events},
                       {"reason", recovery.reason}};
  json evidence = stated;
  evidence["seen_at"] = Rfc3339(now);
  evidence["kept"] = memory_.Kept();
  evidence["shown"] = log->note;
  memory_.Recovered(recovery.epoch, evidence);
  memory_.Keep(log->note, Day(now));
  verified_at_ = now;
  log::Log(log::Severity::kError, "log_recovered", stated);
}

void Witness::Raise(WitnessAlarm alarm, const std::string& shown, WallTime now) {
  const json evidence = {{"finding", Name(alarm)}, {"seen_at", Rfc3339(now)},
                         {"kept", memory_.Kept()}, {"shown", shown},
                         {"verifier_key", key_},   {"answer", last_proof_}};
  if (!memory_.RaiseAlarm(evidence)) return;
  log::Log(log::Severity::kError, "witness_alarm",
           {{"finding", Name(alarm)}, {"checkpoint", shown.substr(0, 500)}, {"advice", kAdvice}});
}

std::uint64_t Witness::EpochOf(const std::string& note) const {
  const auto checkpoint = Open(note);
  return checkpoint ? checkpoint->epoch : 1;
}

Witness::State Witness::state() const {
  State state;
  state.lost_events = memory_.LostEvents();
  state.verified_at = verified_at_;
  if (const auto kept = Open(memory_.Kept())) {
    state.events = kept->tree_size;
    state.epoch = kept->epoch;
  }
  if (unproven_looks_ >= kUnprovenAlarmLooks) state.alarm = WitnessAlarm::kUnproven;
  if (memory_.HasDamaged()) state.alarm = WitnessAlarm::kKeptDamaged;
  if (const auto alarm = memory_.Alarm()) {
    const std::string finding = alarm->value("finding", "");
    const auto* known = std::ranges::find_if(
        kWitnessAlarms, [&finding](WitnessAlarm one) { return Name(one) == finding; });
    state.alarm = known == std::end(kWitnessAlarms) ? WitnessAlarm::kKeptDamaged : *known;
  }
  return state;
}

}  // namespace monitor::agent
