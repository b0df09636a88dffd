#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "monitor/service/record.h"

namespace monitor::service {

/// Where time stamps come from; both or none.
struct TimestampAuthority {
  std::string url;      ///< "http://tsa.example.org/tsr"
  std::string ca_file;  ///< PEM with the root that its certificates lead to
};

/// Anchors the log outside: once a day, and at start when the last time is longer ago, the newest
/// checkpoint is sent to an RFC 3161 authority, and its reply, once verified, is recorded. What
/// fails is tried again every ten minutes; after seven days without an anchor it is an alarm.
/// Threads  one of its own; `Notes` from any.
class Anchorer {
 public:
  Anchorer(QualityRecord& record, TimestampAuthority authority, Clock clock);
  ~Anchorer();
  Anchorer(const Anchorer&) = delete;
  Anchorer& operator=(const Anchorer&) = delete;

  /// What /healthz says: a sentence when the last anchor is older than seven days.
  [[nodiscard]] std::vector<std::string> Notes() const;

 private:
  void Run(const std::stop_token& stop);
  [[nodiscard]] bool Anchor();
  [[nodiscard]] std::chrono::milliseconds Age() const;

  QualityRecord& record_;
  TimestampAuthority authority_;
  Clock clock_;
  std::chrono::sys_time<std::chrono::milliseconds> started_;
  std::jthread thread_;
};

}  // namespace monitor::service
