#include "monitor/agent/agent_metrics.h"

#include <prometheus/text_serializer.h>

#include <array>

namespace monitor::agent {
namespace {

using prometheus::Histogram;

std::string Label(FileOutcome outcome) {
  switch (outcome) {
    case FileOutcome::kMeasured:
      return "measured";
    case FileOutcome::kUnmeasurable:
      return "unmeasurable";
    case FileOutcome::kUnreadable:
      return "unreadable";
    case FileOutcome::kAlreadyKnown:
      return "already_known";
    case FileOutcome::kChanged:
      return "changed";
    case FileOutcome::kFailed:
      return "failed";
  }
  return "unknown";
}

std::string Label(UploadOutcome outcome) {
  switch (outcome) {
    case UploadOutcome::kSent:
      return "sent";
    case UploadOutcome::kDuplicate:
      return "duplicate";
    case UploadOutcome::kRefused:
      return "refused";
    case UploadOutcome::kRetried:
      return "retried";
    case UploadOutcome::kFailed:
      return "failed";
  }
  return "unknown";
}

constexpr std::array kFileOutcomes = {FileOutcome::kMeasured,   FileOutcome::kUnmeasurable,
                                      FileOutcome::kUnreadable, FileOutcome::kAlreadyKnown,
                                      FileOutcome::kChanged,    FileOutcome::kFailed};
constexpr std::array kUploadOutcomes = {UploadOutcome::kSent, UploadOutcome::kDuplicate,
                                        UploadOutcome::kRefused, UploadOutcome::kRetried,
                                        UploadOutcome::kFailed};

const Histogram::BucketBoundaries kScanBounds = {0.001, 0.01, 0.1, 1, 10};
const Histogram::BucketBoundaries kChildBounds = {0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

}  // namespace

AgentMetrics::Gauges& AgentMetrics::AddGauges(const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
}

AgentMetrics::AgentMetrics(const std::set<std::string>& instruments, const LatestValues& latest)
    : latest_(latest),
      files_(prometheus::BuildCounter()
                 .Name("etalon_agent_files_total")
                 .Help("Settled files by what became of them.")
                 .Register(registry_)),
      uploads_(prometheus::BuildCounter()
                   .Name("etalon_agent_uploads_total")
                   .Help("Attempts to send a spool entry by how they ended.")
                   .Register(registry_)),
      scans_(prometheus::BuildHistogram()
                 .Name("etalon_agent_scan_duration_seconds")
                 .Help("Time to list a watched folder.")
                 .Register(registry_)),
      children_(prometheus::BuildHistogram()
                    .Name("etalon_agent_child_duration_seconds")
                    .Help("Time of one measuring child process.")
                    .Register(registry_)
                    .Add({}, kChildBounds)),
      reachable_(
          AddGauges("etalon_agent_watch_reachable",
                    "1 when the instrument's watched folders can be listed, 0 when one is gone.")),
      watched_(AddGauges("etalon_agent_watch_files", "Files in the watched folders.")),
      settling_(AddGauges("etalon_agent_watch_settling_files",
                          "Files that still change or have not settled yet.")),
      unreadable_(AddGauges("etalon_agent_watch_unreadable_folders",
                            "Folders below the watched one that cannot be listed.")),
      inbox_(AddGauges("etalon_inbox_entries", "Files that wait for a person, by reason.")),
      spool_(AddGauges("etalon_spool_entries", "Measurements in the spool, by state.")),
      full_(AddGauges("etalon_spool_disk_full",
                      "1 when measuring waits because the spool's disk is nearly full.")
                .Add({})),
      contact_(AddGauges("etalon_agent_last_contact_timestamp_seconds",
                         "When the service last answered; 0 when it never did.")
                   .Add({})),
      alarm_(AddGauges("etalon_agent_witness_alarm",
                       "1 for what the service's log was caught at: see checkpoint.alarm in the "
                       "spool.")),
      witnessed_(AddGauges("etalon_agent_witness_checkpoint_events",
                           "Events that the last checkpoint found consistent covers.")
                     .Add({})),
      verified_(AddGauges("etalon_agent_witness_verified_timestamp_seconds",
                          "When a checkpoint was last found consistent; 0 since the start of the "
                          "agent.")
                    .Add({})),
      epoch_(AddGauges("etalon_agent_witness_log_epoch",
                       "Epoch of the service's log: one more after each restore of a backup.")
                 .Add({})),
      lost_events_(AddGauges("etalon_agent_witness_lost_events",
                             "Witnessed events that recoveries of the service have lost.")
                       .Add({})) {
  for (const auto outcome : kFileOutcomes) files_.Add({{"outcome", Label(outcome)}});
  for (const auto outcome : kUploadOutcomes) uploads_.Add({{"outcome", Label(outcome)}});
  for (const std::string& instrument : instruments) {
    scans_.Add({{"instrument", instrument}}, kScanBounds);
    ShowWatches(instrument, {});
  }
  SetInbox({});
  SetSpool({}, false);
  SetWitness({});
}

void AgentMetrics::CountFile(FileOutcome outcome) {
  files_.Add({{"outcome", Label(outcome)}}).Increment();
}

void AgentMetrics::CountUpload(UploadOutcome outcome) {
  uploads_.Add({{"outcome", Label(outcome)}}).Increment();
}

void AgentMetrics::ObserveScan(const std::string& instrument, double seconds) {
  scans_.Add({{"instrument", instrument}}, kScanBounds).Observe(seconds);
}

void AgentMetrics::ObserveChild(double seconds) { children_.Observe(seconds); }

void AgentMetrics::SetWatch(const std::string& instrument, std::size_t watch,
                            const WatchState& state) {
  const std::scoped_lock lock(watches_mutex_);
  watches_[instrument][watch] = state;
  WatchState worst;
  for (const auto& [index, one] : watches_[instrument]) {
    worst.reachable = worst.reachable && one.reachable;
    worst.files += one.files;
    worst.settling += one.settling;
    worst.unreadable_folders += one.unreadable_folders;
  }
  ShowWatches(instrument, worst);
}

void AgentMetrics::ShowWatches(const std::string& instrument, const WatchState& state) {
  const prometheus::Labels labels = {{"instrument", instrument}};
  reachable_.Add(labels).Set(state.reachable ? 1 : 0);
  watched_.Add(labels).Set(static_cast<double>(state.files));
  settling_.Add(labels).Set(static_cast<double>(state.settling));
  unreadable_.Add(labels).Set(static_cast<double>(state.unreadable_folders));
}

void AgentMetrics::SetInbox(const std::map<InboxReason, std::size_t>& counts) {
  for (const InboxReason reason : kInboxReasons) {
    const auto found = counts.find(reason);
    inbox_.Add({{"reason", std::string(Name(reason))}})
        .Set(found == counts.end() ? 0 : static_cast<double>(found->second));
  }
}

void AgentMetrics::SetSpool(const Spool::Counts& counts, bool full) {
  spool_.Add({{"state", "pending"}}).Set(static_cast<double>(counts.pending));
  spool_.Add({{"state", "sent"}}).Set(static_cast<double>(counts.sent));
  spool_.Add({{"state", "refused"}}).Set(static_cast<double>(counts.refused));
  spool_.Add({{"state", "lost"}}).Set(static_cast<double>(counts.lost));
  full_.Set(full ? 1 : 0);
}

void AgentMetrics::SetContact(double unix_seconds) { contact_.Set(unix_seconds); }

void AgentMetrics::SetWitness(const Witness::State& state) {
  for (const WitnessAlarm alarm : kWitnessAlarms) {
    alarm_.Add({{"reason", std::string(Name(alarm))}}).Set(state.alarm == alarm ? 1 : 0);
  }
  witnessed_.Set(static_cast<double>(state.events));
  epoch_.Set(static_cast<double>(state.epoch));
  lost_events_.Set(static_cast<double>(state.lost_events));
  if (state.verified_at) {
    verified_.Set(std::chrono::duration<double>(state.verified_at->time_since_epoch()).count());
  }
}

std::string AgentMetrics::Page() const {
  auto families = registry_.Collect();
  for (auto& family : latest_.Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace monitor::agent
