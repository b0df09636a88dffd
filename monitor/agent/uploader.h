#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "monitor/agent/agent_metrics.h"
#include "monitor/agent/answer_check.h"
#include "monitor/agent/register_cache.h"
#include "monitor/agent/service_client.h"
#include "monitor/agent/spool.h"
#include "monitor/agent/witness.h"
#include "monitor/measurement/agent_signature.h"

namespace monitor::agent {

/// Waiting times after a failure: doubled each time from `first` to `longest`, each drawn between
/// half and whole, so that many agents do not come back at once.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t seed)
      : first_(first), longest_(longest), random_(seed) {}
  [[nodiscard]] std::chrono::milliseconds Next();
  void Reset() { failures_ = 0; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  int failures_ = 0;
  std::mt19937_64 random_;
};

/// The sending half of the agent: keeps the register's copy fresh, sends the spool oldest first,
/// keeps receipts, witnesses the service's log once a minute and with each receipt, reports the
/// inbox.
///
/// An entry leaves the spool only with a receipt of our service for its key. What our service
/// refuses for good goes to refused/ with its problem; everything else is tried again for ever. An
/// entry that only itself fails (its files, a 500) lets the younger ones pass. See answer_check.h.
/// Threads  `Step` from one; `ReportInbox` and `set_eager` from any.
class Uploader {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using WallTime = std::chrono::system_clock::time_point;

  /// The parts outlive the uploader.
  struct Parts {
    Spool& spool;
    RegisterCache& registers;
    ServiceClient& client;
    AgentMetrics& metrics;
    const std::optional<measurement::AgentSigner>& signer;
  };
  Uploader(Parts parts, std::set<std::string> instruments, std::uint64_t seed);

  /// Does at most one thing and returns how long nothing else is due (0: at once).
  [[nodiscard]] std::chrono::milliseconds Step(Time now, WallTime wall);
  /// The body of POST /api/v1/inbox; sent when it differs from the last one sent.
  void ReportInbox(std::string json);
  /// True: files wait for a register row, so ask the service every few seconds.
  void set_eager(bool eager) { eager_ = eager; }

 private:
  bool RefreshRegister(Time now);
  void SendInbox(Time now);
  Fate Send(const SpoolEntry& entry, WallTime wall);
  Fate SendBlobs(const SpoolEntry& entry, const nlohmann::json& submission, Answer& failure);
  void SignAnew(nlohmann::json& submission) const;
  Fate TryToSend(const SpoolEntry& entry, WallTime wall);
  void Postpone(const SpoolEntry& entry, Time now);
  void Refuse(const SpoolEntry& entry, const Answer& answer);
  void KeepReceipt(const SpoolEntry& entry, const Answer& answer, WallTime wall);
  void WitnessLog(const std::function<void()>& step);
  void KeepLost(const Recovery& recovery);
  std::chrono::milliseconds SendOldest(Time now, WallTime wall);

  Spool& spool_;
  RegisterCache& registers_;
  ServiceClient& client_;
  AgentMetrics& metrics_;
  const std::optional<measurement::AgentSigner>& signer_;
  std::set<std::string> instruments_;
  Backoff backoff_;
  Backoff inbox_backoff_;
  Time not_before_{};
  Time inbox_not_before_{};
  Time next_refresh_{};
  Time next_look_{};
  Witness witness_;
  std::map<std::string, std::pair<Time, int>> postponed_;  ///< entry → when next, failures so far
  std::atomic<bool> eager_{false};
  std::mutex inbox_mutex_;
  std::string inbox_;
  std::string inbox_sent_;
};

}  // namespace monitor::agent
