#include "monitor/agent/agent.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <system_error>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/file_name.h"
#include "monitor/agent/glob.h"
#include "monitor/agent/submission.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using log::Severity;

constexpr std::uint64_t kReservedBytes = std::uint64_t{256} << 20;  ///< of the spool's disk

bool IsUnchanged(const FileState& file) {
  struct stat status {};
  if (lstat(file.path.c_str(), &status) != 0) return false;
  return static_cast<std::uint64_t>(status.st_size) == file.size &&
         std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec ==
             file.mtime_ns;
}

FileOutcome OutcomeOf(MeasuringOutcome outcome) {
  switch (outcome) {
    case MeasuringOutcome::kMeasured:
      return FileOutcome::kMeasured;
    case MeasuringOutcome::kUnmeasurable:
      return FileOutcome::kUnmeasurable;
    case MeasuringOutcome::kUnreadable:
      return FileOutcome::kUnreadable;
  }
  return FileOutcome::kFailed;
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string Rfc3339(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(milliseconds - day);
  char text[40];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

Agent::Agent(const AgentConfig& config, std::string program, Parts parts)
    : config_(config),
      program_(std::move(program)),
      parts_(std::move(parts)),
      ledger_(parts_.spool.dir() / "ledger.jsonl"),
      inbox_(parts_.spool.dir() / "inbox.json"),
      settling_(config.watches.size(), 0),
      states_(config.watches.size()) {
  for (const Watch& watch : config_.watches) folders_.emplace_back(watch);
  CompleteLedger();
}

void Agent::CompleteLedger() {
  for (const SpoolEntry& entry : parts_.spool.Pending()) {
    if (ledger_.KeyOf(entry.source) != entry.key) ledger_.Record(entry.source, entry.key);
  }
}

std::chrono::steady_clock::time_point Agent::NextLook() const {
  auto next = std::chrono::steady_clock::time_point::max();
  for (const WatchedFolder& folder : folders_) next = std::min(next, folder.next_look());
  return next;
}

bool Agent::AllDone() const {
  const bool settled =
      std::all_of(settling_.begin(), settling_.end(), [](std::size_t count) { return count == 0; });
  return settled && tasks_.empty() && !inbox_.Counts().contains(InboxReason::kRegisterNeverRead);
}

Agent::Trouble Agent::trouble() const {
  Trouble trouble{.failed = failed_.size()};
  for (const AgentMetrics::WatchState& state : states_) {
    trouble.unreachable += state.reachable ? 0 : 1;
    trouble.unlisted += state.unreadable_folders;
  }
  const auto counts = inbox_.Counts();
  const auto unreadable = counts.find(InboxReason::kUnreadable);
  if (unreadable != counts.end()) trouble.failed += unreadable->second;
  return trouble;
}

void Agent::Cycle(const Moment& now, const std::function<Moment()>& clock, const Stop& stop) {
  for (std::size_t index = 0; index < folders_.size(); ++index) {
    if (folders_[index].next_look() <= now.steady) Look(index, now);
  }
  Publish();
  disk_full_ = false;
  Moment moment = now;
  while (!tasks_.empty() && !stop() && !disk_full_) {
    const Task task = tasks_.front();
    Process(task, moment, stop);
    if (!disk_full_ && !stop()) tasks_.pop_front();
    moment = clock();
    if (moment.steady >= NextLook()) break;
  }
  Publish();
}

void Agent::Look(std::size_t index, const Moment& now) {
  WatchedFolder& folder = folders_[index];
  const auto begin = std::chrono::steady_clock::now();
  WatchedFolder::Look look = folder.LookAt(now.steady);
  parts_.metrics.ObserveScan(folder.watch().instrument,
                             Seconds(std::chrono::steady_clock::now() - begin));
  parts_.metrics.SetWatch(folder.watch().instrument, index, look.state);
  states_[index] = look.state;
  if (!look.state.reachable) return;  // what was in the inbox is still there, behind the share
  settling_[index] = look.state.settling;
  std::erase_if(tasks_, [index](const Task& task) { return task.watch == index; });
  const std::string text = Rfc3339(now.wall);
  inbox_.BeginWatch(index);
  for (const FileState& link : look.symlinks) {
    inbox_.Put(index, link.path, InboxReason::kSymlink, {}, text);
  }
  for (const FileState& file : look.settled) Consider(file, index, text);
}

void Agent::Consider(const FileState& file, std::size_t watch, const std::string& now) {
  const auto known = ledger_.KeyOf(file);
  if (known && !parts_.spool.Lost(*known)) return;
  const auto wait = [&](InboxReason reason, const std::vector<Candidate>& candidates) {
    inbox_.Put(watch, file.path, reason, candidates, now);
  };
  if (no_rule_.contains(file.path)) return wait(InboxReason::kNoRule, {});
  const auto match = MatchFile(config_, file.path, parts_.metadata);
  if (const auto* unmatched = std::get_if<Unmatched>(&match)) {
    if (unmatched->reason == InboxReason::kNoRule) no_rule_.insert(file.path);
    return wait(unmatched->reason, unmatched->candidates);
  }
  const Candidate candidate = std::get<Candidate>(match);
  const auto found = parts_.registers.Find(candidate);
  if (const auto* reason = std::get_if<InboxReason>(&found)) return wait(*reason, {candidate});
  if (WasRejected(file, std::get<Instructions>(found))) {
    return wait(InboxReason::kSettingsRejected, {candidate});
  }
  if (access(file.path.c_str(), R_OK) != 0) return wait(InboxReason::kUnreadable, {candidate});
  tasks_.push_back({file, candidate, std::get<Instructions>(found), watch});
}

bool Agent::HasRoomFor(const FileState& file) {
  const std::uint64_t copy = config_.archive == Archive::kCopy ? file.size : 0;
  if (FreeBytes(parts_.spool.dir()) >= kReservedBytes + copy) return true;
  log::Log(Severity::kError, "spool_disk_full",
           {{"dir", parts_.spool.dir().string()}, {"needed", kReservedBytes + copy}});
  disk_full_ = true;
  return false;
}

void Agent::Process(const Task& task, const Moment& now, const Stop& stop) {
  if (!IsUnchanged(task.file)) {  // it settles anew, or is gone
    parts_.metrics.CountFile(FileOutcome::kChanged);
    return;
  }
  if (!HasRoomFor(task.file)) return;
  const fs::path work_folder = parts_.spool.NewWorkFolder();
  try {
    Measure(task, work_folder, now, stop);
    failed_.erase(task.file.path);
  } catch (const std::exception& error) {
    failed_.insert(task.file.path);
    // Tried again at the next look: the disk, the share or the register may be back by then.
    parts_.metrics.CountFile(FileOutcome::kFailed);
    log::Log(Severity::kError, "file_failed",
             {{"path", EncodeName(task.file.path)}, {"error", error.what()}});
  }
  parts_.spool.Drop(work_folder);
}

void Agent::Measure(const Task& task, const fs::path& work_folder, const Moment& now,
                    const Stop& stop) {
  const fs::path source(task.file.path);
  MeasuringJob job{.program = program_,
                   .instructions = task.instructions,
                   .rule = task.candidate.rule,
                   .input = source,
                   .name = EncodeName(source.filename().native()),
                   .digest = {},
                   .work_folder = work_folder,
                   .limits = {config_.memory_bytes, config_.time_limit},
                   .converter = {}};
  for (const std::string& glob : config_.converter.files) {
    if (MatchesGlob(glob, source.filename().native())) job.converter = config_.converter.command;
  }
  const bool copies = config_.archive == Archive::kCopy;
  if (copies) {
    // The child reads the copy: what is measured is what is archived, and the share is read once.
    fs::create_directory(work_folder / "input");
    job.input = work_folder / "input" / source.filename();
  }
  job.digest = DigestAndCopy(source, copies ? job.input : fs::path());
  auto result = MeasureInChild(job, Rfc3339(now.wall), stop);
  if (const auto* rejected = std::get_if<SettingsRejected>(&result)) {
    return Reject(task, rejected->sentence, now);
  }
  auto* measured = std::get_if<MeasuredFile>(&result);
  if (measured == nullptr) return;
  parts_.metrics.ObserveChild(Seconds(measured->duration));
  if (!IsUnchanged(task.file)) {
    parts_.metrics.CountFile(FileOutcome::kChanged);
    return;
  }
  if (copies) fs::rename(job.input, work_folder / "blobs" / job.digest.sha256);
  Keep(task, *measured, job.digest, work_folder);
}

// No measurement: the same command would be refused again. A restart, which reads the settings
// anew, or a changed configuration in the register is the way out.
void Agent::Reject(const Task& task, const std::string& sentence, const Moment& now) {
  rejected_.insert_or_assign(task.file.path, Rejected{task.file, task.instructions.setup});
  inbox_.Put(task.watch, task.file.path, InboxReason::kSettingsRejected, {task.candidate},
             Rfc3339(now.wall));
  log::Log(Severity::kError, "settings_rejected",
           {{"path", EncodeName(task.file.path)},
            {"rule", Describe(task.candidate)},
            {"error", sentence}});
}

bool Agent::WasRejected(const FileState& file, const Instructions& instructions) const {
  const auto found = rejected_.find(file.path);
  return found != rejected_.end() && found->second.file == file &&
         found->second.setup == instructions.setup;
}

void Agent::Keep(const Task& task, const MeasuredFile& measured, const FileDigest& raw,
                 const fs::path& work_folder) {
  const Candidate& candidate = task.candidate;
  const std::string key =
      WriteSubmission({config_, parts_.signer}, candidate, measured, raw, work_folder);
  if (parts_.spool.Knows(key)) {
    ledger_.Record(task.file, key);
    parts_.spool.ReleaseKey(key);  // the ledger may have failed the last time
    parts_.metrics.CountFile(FileOutcome::kAlreadyKnown);
    log::Log(Severity::kInfo, "file_already_known",
             {{"path", EncodeName(task.file.path)}, {"key", key}});
    return;
  }
  for (const char* leftover : {"input", "pictures", "result.json", "setup.toml", "output.txt"}) {
    fs::remove_all(work_folder / leftover);
  }
  const SpoolEntry entry = parts_.spool.Add(work_folder, key, task.file);
  ledger_.Record(task.file, key);
  parts_.spool.Release(entry);
  parts_.metrics.CountFile(OutcomeOf(measured.outcome));
  const std::string& instrument = candidate.watch->instrument;
  const Rule& rule = *candidate.rule;
  parts_.latest.Replace(
      instrument + "/" + rule.configuration + "/" + rule.procedure,
      SamplesOf(measured.document, instrument, rule.configuration, rule.procedure));
  log::Log(Severity::kInfo, "file_measured",
           {{"path", EncodeName(task.file.path)},
            {"outcome", Name(measured.outcome)},
            {"rule", Describe(candidate)},
            {"key", key},
            {"duration_s", Seconds(measured.duration)}});
}

void Agent::Publish() {
  parts_.metrics.SetInbox(inbox_.Counts());
  parts_.metrics.SetSpool(parts_.spool.Count(), disk_full_);
  if (!inbox_.Commit()) return;
  for (const auto& [reason, count] : inbox_.Counts()) {
    log::Log(Severity::kInfo, "inbox", {{"reason", Name(reason)}, {"files", count}});
  }
}

}  // namespace monitor::agent
