#include "monitor/service/anchorer.h"

#include <httplib.h>

#include "monitor/log/log.h"
#include "monitor/service/time_text.h"
#include "monitor/service/timestamp.h"

namespace monitor::service {
namespace {

using std::chrono::minutes;

constexpr std::chrono::hours kDaily{24};
constexpr std::chrono::hours kOverdue{7 * 24};
constexpr minutes kRetry{10};
constexpr minutes kLook{1};
constexpr std::chrono::seconds kPatience{20};
constexpr std::size_t kLongestReply = std::size_t{1} << 20;

std::string Ask(const std::string& url, const std::string& request) {
  const std::size_t path = url.find('/', url.find("://") + 3);
  httplib::Client client(url.substr(0, path));
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  const auto answer = client.Post(path == std::string::npos ? "/" : url.substr(path), request,
                                  "application/timestamp-query");
  if (!answer) throw TimestampError("not reached: " + httplib::to_string(answer.error()));
  if (answer->status != 200 || answer->body.size() > kLongestReply) {
    throw TimestampError("answered with status " + std::to_string(answer->status));
  }
  return answer->body;
}

}  // namespace

Anchorer::Anchorer(QualityRecord& record, TimestampAuthority authority, Clock clock)
    : record_(record),
      authority_(std::move(authority)),
      clock_(std::move(clock)),
      started_(clock_()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Anchorer::~Anchorer() = default;

/// Since the last anchor; without one, since the start.
std::chrono::milliseconds Anchorer::Age() const {
  const auto last = record_.LastAnchoredAt();
  return clock_() - ParseTime(last.value_or("")).value_or(started_);
}

std::vector<std::string> Anchorer::Notes() const {
  if (Age() < kOverdue) return {};
  return {"the log was last anchored outside " +
          std::to_string(std::chrono::floor<std::chrono::days>(Age()).count()) +
          " days ago; see the service's log for what the timestamp authority answers"};
}

void Anchorer::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  auto not_before = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const bool due = !record_.LastAnchoredAt() || Age() >= kDaily;
    if (due && std::chrono::steady_clock::now() >= not_before && !Anchor()) {
      not_before = std::chrono::steady_clock::now() + kRetry;
    }
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, kLook, [] { return false; });
  }
}

bool Anchorer::Anchor() {
  try {
    const std::string note = record_.Checkpoint();
    const std::string request = TimestampRequest(note);
    const std::string reply = Ask(authority_.url, request);
    const Timestamp stamp = CheckReply(request, reply, authority_.ca_file);
    record_.RecordAnchor(note, reply, TimeText(stamp.time), stamp.authority);
    log::Log(log::Severity::kInfo, "anchored",
             {{"authority", stamp.authority}, {"time", TimeText(stamp.time)}});
    return true;
  } catch (const std::exception& error) {
    const bool overdue = Age() >= kOverdue;
    log::Log(overdue ? log::Severity::kError : log::Severity::kWarning,
             overdue ? "anchor_overdue" : "anchor_failed",
             {{"authority", authority_.url}, {"error", error.what()}});
    return false;
  }
}

}  // namespace monitor::service
