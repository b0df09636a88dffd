#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "monitor/agent/latest_values.h"
#include "monitor/agent/matching.h"
#include "monitor/agent/measuring.h"
#include "monitor/agent/spool.h"
#include "monitor/agent/witness.h"

namespace monitor::agent {

/// What became of one settled file, beside the outcomes of measuring.
enum class FileOutcome { kMeasured, kUnmeasurable, kUnreadable, kAlreadyKnown, kChanged, kFailed };
enum class UploadOutcome { kSent, kDuplicate, kRefused, kRetried, kFailed };

/// The agent's own numbers: every label combination is there from the start, at zero.
/// Threads  any (prometheus-cpp's metrics are atomic).
class AgentMetrics {
 public:
  AgentMetrics(const std::set<std::string>& instruments, const LatestValues& latest);

  void CountFile(FileOutcome outcome);
  void CountUpload(UploadOutcome outcome);
  void ObserveScan(const std::string& instrument, double seconds);
  void ObserveChild(double seconds);
  struct WatchState {
    bool reachable = true;
    std::size_t files = 0, settling = 0, unreadable_folders = 0;
  };
  /// `watch` tells the watches of one instrument apart; shown is their worst: reachable when all
  /// are, and the sums of the counts.
  void SetWatch(const std::string& instrument, std::size_t watch, const WatchState& state);
  void SetInbox(const std::map<InboxReason, std::size_t>& counts);
  void SetSpool(const Spool::Counts& counts, bool full);
  void SetContact(double unix_seconds);
  void SetWitness(const Witness::State& state);

  /// The exposition page (text format 0.0.4).
  [[nodiscard]] std::string Page() const;

 private:
  using Gauges = prometheus::Family<prometheus::Gauge>;
  Gauges& AddGauges(const char* name, const char* help);

  void ShowWatches(const std::string& instrument, const WatchState& worst);

  const LatestValues& latest_;
  std::mutex watches_mutex_;
  std::map<std::string, std::map<std::size_t, WatchState>> watches_;  ///< by instrument
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& files_;
  prometheus::Family<prometheus::Counter>& uploads_;
  prometheus::Family<prometheus::Histogram>& scans_;
  prometheus::Histogram& children_;
  Gauges& reachable_;
  Gauges& watched_;
  Gauges& settling_;
  Gauges& unreadable_;
  Gauges& inbox_;
  Gauges& spool_;
  prometheus::Gauge& full_;
  prometheus::Gauge& contact_;
  Gauges& alarm_;
  prometheus::Gauge& witnessed_;
  prometheus::Gauge& verified_;
  prometheus::Gauge& epoch_;
  prometheus::Gauge& lost_events_;
};

}  // namespace monitor::agent
