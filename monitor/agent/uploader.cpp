#include "monitor/agent/uploader.h"

#include <algorithm>
#include <utility>

#include "monitor/agent/durable_file.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{250};
constexpr milliseconds kLongestWait{60'000};
constexpr milliseconds kRefreshInterval{60'000};
constexpr milliseconds kEagerRefreshInterval{2'000};
constexpr milliseconds kLookInterval{60'000};
constexpr milliseconds kIdleWait{200};
constexpr std::uint64_t kMaxSubmissionBytes = std::uint64_t{256} << 20;
constexpr int kMaxEntryDoublings = 10;
constexpr int kCreated = 201;

json ProblemOf(const Answer& answer) {
  json problem = json::parse(answer.body, nullptr, false);
  if (!problem.is_object()) problem = {{"title", "refused without a reason"}};
  problem["status"] = answer.status;
  return problem;
}

}  // namespace

milliseconds Backoff::Next() {
  const int doublings = std::min(failures_++, 20);
  const milliseconds whole = std::min(longest_, first_ * (std::int64_t{1} << doublings));
  std::uniform_int_distribution<std::int64_t> draw(whole.count() / 2, whole.count());
  return milliseconds(draw(random_));
}

Uploader::Uploader(Parts parts, std::set<std::string> instruments, std::uint64_t seed)
    : spool_(parts.spool),
      registers_(parts.registers),
      client_(parts.client),
      metrics_(parts.metrics),
      signer_(parts.signer),
      instruments_(std::move(instruments)),
      backoff_(kFirstWait, kLongestWait, seed),
      inbox_backoff_(kFirstWait, kLongestWait, seed + 1),
      witness_(spool_.dir(), {[this](const std::string& path) { return client_.Get(path); },
                              [this](const Recovery& recovery) { KeepLost(recovery); }}) {
  metrics_.SetWitness(witness_.state());
}

void Uploader::ReportInbox(std::string body) {
  const std::scoped_lock lock(inbox_mutex_);
  inbox_ = std::move(body);
}

milliseconds Uploader::Step(Time now, WallTime wall) {
  if (now < not_before_) return std::chrono::ceil<milliseconds>(not_before_ - now);
  const auto contact = [&] {
    backoff_.Reset();
    metrics_.SetContact(std::chrono::duration<double>(wall.time_since_epoch()).count());
  };
  if (now >= next_refresh_) {
    if (RefreshRegister(now)) {
      contact();
      return milliseconds(0);
    }
  } else if (eager_ && next_refresh_ - now > kEagerRefreshInterval) {
    next_refresh_ = now + kEagerRefreshInterval;
  }
  if (now < not_before_) return std::chrono::ceil<milliseconds>(not_before_ - now);
  if (now >= next_look_) {
    next_look_ = now + kLookInterval;
    WitnessLog([&] { witness_.Look(wall); });
    return milliseconds(0);
  }
  const milliseconds wait = SendOldest(now, wall);
  if (now >= not_before_) {
    if (wait.count() == 0) contact();
    if (wait.count() != 0) SendInbox(now);
  }
  return wait;
}

bool Uploader::RefreshRegister(Time now) {
  const Answer answer = registers_.Refresh(client_, instruments_);
  if (answer.ok()) {
    next_refresh_ = now + (eager_ ? kEagerRefreshInterval : kRefreshInterval);
    return true;
  }
  log::Log(log::Severity::kWarning, "register_not_read",
           {{"status", answer.status}, {"error", answer.body.substr(0, 200)}});
  if (answer.status == 0) not_before_ = now + backoff_.Next();
  // The spool does not wait for the register: submissions may work while a page fails.
  next_refresh_ = now + (registers_.known() ? kRefreshInterval / 6 : kEagerRefreshInterval);
  return false;
}

void Uploader::SendInbox(Time now) {
  if (now < inbox_not_before_) return;
  std::string body;
  {
    const std::scoped_lock lock(inbox_mutex_);
    if (inbox_ == inbox_sent_) return;
    body = inbox_;
  }
  const Answer answer = client_.PostJson("/api/v1/inbox", body);
  // A service that does not take inboxes is asked again when the list changes, not before.
  if (answer.ok() || (answer.status >= 400 && answer.status < 500)) {
    inbox_sent_ = body;
    inbox_backoff_.Reset();
    return;
  }
  inbox_not_before_ = now + inbox_backoff_.Next();
  log::Log(log::Severity::kWarning, "inbox_not_sent",
           {{"status", answer.status}, {"error", answer.body.substr(0, 200)}});
}

milliseconds Uploader::SendOldest(Time now, WallTime wall) {
  for (const SpoolEntry& entry : spool_.Pending(postponed_.size() + 1)) {
    const auto postponed = postponed_.find(entry.id);
    if (postponed != postponed_.end() && now < postponed->second.first) continue;
    const Fate fate = TryToSend(entry, wall);
    if (fate == Fate::kDone || fate == Fate::kRefused) {
      postponed_.erase(entry.id);
      return milliseconds(0);
    }
    if (fate == Fate::kServiceFailed) {
      metrics_.CountUpload(UploadOutcome::kRetried);
      const milliseconds wait = backoff_.Next();
      not_before_ = now + wait;
      return wait;
    }
    Postpone(entry, now);
  }
  return kIdleWait;
}

void Uploader::Postpone(const SpoolEntry& entry, Time now) {
  auto& [when, failures] = postponed_[entry.id];
  when = now + std::min(kLongestWait, kFirstWait * (1 << std::min(failures++, kMaxEntryDoublings)));
}

Fate Uploader::TryToSend(const SpoolEntry& entry, WallTime wall) {
  try {
    const Fate fate = Send(entry, wall);
    if (fate == Fate::kEntryFailed) metrics_.CountUpload(UploadOutcome::kRetried);
    return fate;
  } catch (const std::exception& error) {  // its files are damaged or gone, or the disk is full
    log::Log(log::Severity::kError, "spool_entry_failed",
             {{"entry", entry.id}, {"error", error.what()}});
    metrics_.CountUpload(UploadOutcome::kFailed);
    return Fate::kEntryFailed;
  }
}

Fate Uploader::SendBlobs(const SpoolEntry& entry, const json& submission, Answer& failure) {
  std::vector<std::string> wanted;
  for (const json& raw : submission.at("raw")) {
    if (raw.value("archived", false)) wanted.push_back(raw.value("sha256", ""));
  }
  for (const json& picture : submission.at("pictures")) {
    wanted.push_back(picture.value("sha256", ""));
  }
  for (const std::string& sha256 : wanted) {
    failure = client_.HeadBlob(sha256);
    if (HoldsBlob(failure, sha256)) continue;
    if (failure.status == 0 || failure.status >= 500) return FateOfFailure(failure);
    failure = client_.PutBlob(sha256, entry.folder / "blobs" / sha256);
    const Fate fate = FateOfUpload(failure, sha256);
    if (fate != Fate::kDone) return fate;
  }
  return Fate::kDone;
}

/// What was measured before the key was changed, or before there was one, still has to be sent.
void Uploader::SignAnew(json& submission) const {
  if (!signer_) return;
  const auto signature = measurement::SignatureOf(submission);
  if (signature && signature->key_id == signer_->KeyId()) return;
  measurement::Sign(submission, *signer_);
}

Fate Uploader::Send(const SpoolEntry& entry, WallTime wall) {
  json submission = json::parse(ReadFile(entry.folder / "submission.json", kMaxSubmissionBytes));
  Answer answer;
  Fate fate = SendBlobs(entry, submission, answer);
  if (fate == Fate::kDone) {
    SignAnew(submission);
    answer = client_.PostJson("/api/v1/measurements", submission.dump());
    fate = FateOfSubmission(answer, entry.key);
  }
  if (fate == Fate::kDone) {
    KeepReceipt(entry, answer, wall);
  } else if (fate == Fate::kRefused) {
    Refuse(entry, answer);
  } else {
    log::Log(log::Severity::kWarning, "send_failed",
             {{"entry", entry.id},
              {"status", answer.status},
              {"error", answer.ok() ? "not an answer of the service: " + answer.body.substr(0, 200)
                                    : answer.body.substr(0, 200)}});
  }
  return fate;
}

void Uploader::Refuse(const SpoolEntry& entry, const Answer& answer) {
  log::Log(
      log::Severity::kError, "submission_refused",
      {{"entry", entry.id}, {"status", answer.status}, {"problem", answer.body.substr(0, 500)}});
  spool_.MarkRefused(entry, ProblemOf(answer));
  metrics_.CountUpload(UploadOutcome::kRefused);
}

void Uploader::KeepReceipt(const SpoolEntry& entry, const Answer& answer, WallTime wall) {
  const json receipt = json::parse(answer.body);
  const auto text = [&](const char* member) {
    const auto found = receipt.find(member);
    return found != receipt.end() && found->is_string() ? found->get<std::string>() : "";
  };
  // A duplicate's receipt is the first one again, so its checkpoint may well be an old one.
  if (answer.status == kCreated) WitnessLog([&] { witness_.See(text("checkpoint"), wall); });
  spool_.MarkSent(entry, receipt);
  metrics_.CountUpload(answer.status == kCreated ? UploadOutcome::kSent
                                                 : UploadOutcome::kDuplicate);
  log::Log(log::Severity::kInfo, "measurement_sent",
           {{"key", entry.key}, {"new", answer.status == kCreated}, {"outcome", text("outcome")}});
}

/// The measurement is not at fault when the log is, or the disk that should remember it.
void Uploader::WitnessLog(const std::function<void()>& step) {
  try {
    step();
    metrics_.SetWitness(witness_.state());
  } catch (const std::exception& error) {
    log::Log(log::Severity::kError, "checkpoint_not_kept",
             {{"path", spool_.dir().string()}, {"error", error.what()}});
  }
}

/// What the restored record does not know any more is measured and sent again where its file still
/// lies in a watched folder.
void Uploader::KeepLost(const Recovery& recovery) {
  const auto is_lost = [&](const json& receipt) {
    const std::string note = receipt.value("checkpoint", "");
    return receipt.value("decided_log_index", std::uint64_t{0}) >= recovery.restored_size &&
           witness_.EpochOf(note) < recovery.epoch;
  };
  for (const std::string& key : spool_.MarkLost(is_lost)) {
    log::Log(log::Severity::kError, "measurement_lost_by_service",
             {{"key", key}, {"epoch", recovery.epoch}});
  }
}

}  // namespace monitor::agent
