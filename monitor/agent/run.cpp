#include "monitor/agent/run.h"

#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "monitor/agent/agent.h"
#include "monitor/agent/enrolment.h"
#include "monitor/agent/metrics_server.h"
#include "monitor/agent/service_client.h"
#include "monitor/agent/spool_lock.h"
#include "monitor/agent/uploader.h"
#include "monitor/log/log.h"

namespace monitor::agent {
namespace {

using log::Severity;
using std::chrono::milliseconds;

constexpr milliseconds kNap{50};
constexpr milliseconds kAfterFailure{2000};

Moment Now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

std::set<std::string> Instruments(const AgentConfig& config) {
  std::set<std::string> instruments;
  for (const Watch& watch : config.watches) instruments.insert(watch.instrument);
  return instruments;
}

/// The sending thread: measuring never waits for the network.
class Sender {
 public:
  Sender(Uploader& uploader, ServiceClient& client)
      : client_(client), thread_([this, &uploader] { Run(uploader); }) {}
  ~Sender() {
    stop_ = true;
    client_.Cancel();
    thread_.join();
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

 private:
  void Run(Uploader& uploader) {
    while (!stop_) {
      milliseconds wait{0};
      try {
        const Moment now = Now();
        wait = uploader.Step(now.steady, now.wall);
      } catch (const std::exception& error) {
        log::Log(Severity::kError, "sending_failed", {{"error", error.what()}});
        wait = kAfterFailure;
      }
      for (; wait.count() > 0 && !stop_; wait -= kNap) std::this_thread::sleep_for(kNap);
    }
  }

  ServiceClient& client_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Loop {
 public:
  Loop(const AgentConfig& config, const std::string& program, const MetadataReader& metadata)
      : lock_(config.spool_dir),
        spool_(config.spool_dir),
        registers_(config.spool_dir / "register.json"),
        latest_(config.spool_dir / "latest.json"),
        metrics_(Instruments(config), latest_),
        signer_(LoadSigner(config)),
        client_(config.service, LoadToken(config)),
        uploader_({spool_, registers_, client_, metrics_, signer_}, Instruments(config),
                  std::random_device()()),
        agent_(config, program, {spool_, registers_, metrics_, latest_, metadata, signer_}),
        server_(config.listen_host, config.listen_port, [this] { return metrics_.Page(); }) {}

  int Run(RunMode mode, const std::atomic<bool>& stop) {
    const std::size_t refused_before = spool_.Count().refused;
    const Sender sender(uploader_, client_);
    while (!stop) {
      const Cycled cycled = OneCycle(stop);
      if (mode == RunMode::kUntilStopped) continue;
      if (cycled == Cycled::kFailed) return Complain("the spool or a folder failed");
      if (cycled == Cycled::kDone && spool_.Count().pending == 0) {
        const std::string left = Left(spool_.Count().refused - refused_before);
        return left.empty() ? 0 : Complain(left);
      }
    }
    return mode == RunMode::kOnce ? Complain("it was stopped") : 0;
  }

 private:
  enum class Cycled { kDone, kNotYet, kFailed };

  static int Complain(const std::string& why) {
    std::fprintf(stderr, "etalon agent: not everything was measured and sent: %s; see the log\n",
                 why.c_str());
    return 1;
  }

  [[nodiscard]] std::string Left(std::size_t refused) const {
    const Agent::Trouble trouble = agent_.trouble();
    std::string text;
    const auto add = [&text](std::size_t count, const char* what) {
      if (count == 0) return;
      text += (text.empty() ? "" : ", ") + std::to_string(count) + what;
    };
    add(trouble.unreachable, " watched folder(s) cannot be reached");
    add(trouble.unlisted, " folder(s) cannot be listed");
    add(trouble.failed, " file(s) failed");
    add(refused, " measurement(s) refused by the service");
    return text;
  }

  Cycled OneCycle(const std::atomic<bool>& stop) {
    const auto stopped = [&stop] { return stop.load(); };
    auto until = std::chrono::steady_clock::now() + kNap;
    bool failed = false;
    try {
      agent_.Cycle(Now(), Now, stopped);
      uploader_.set_eager(agent_.inbox().WaitsForRegister());
      uploader_.ReportInbox(agent_.inbox().Listing().dump());
    } catch (const std::exception& error) {
      log::Log(Severity::kError, "cycle_failed", {{"error", error.what()}});
      until += kAfterFailure;
      failed = true;
    }
    while (!stop && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kNap);
    if (failed) return Cycled::kFailed;
    return agent_.AllDone() ? Cycled::kDone : Cycled::kNotYet;
  }

  SpoolLock lock_;
  Spool spool_;
  RegisterCache registers_;
  LatestValues latest_;
  AgentMetrics metrics_;
  std::optional<measurement::AgentSigner> signer_;
  ServiceClient client_;
  Uploader uploader_;
  Agent agent_;
  MetricsServer server_;
};

}  // namespace

int RunAgent(const AgentConfig& config, const std::string& program, const MetadataReader& metadata,
             RunMode mode, const std::atomic<bool>& stop) {
  const auto loop = std::make_unique<Loop>(config, program, metadata);
  log::Log(Severity::kInfo, "agent_started",
           {{"name", config.name},
            {"service", config.service},
            {"watches", config.watches.size()},
            {"spool", config.spool_dir.string()}});
  const int code = loop->Run(mode, stop);
  log::Log(Severity::kInfo, "agent_stopped", {{"name", config.name}});
  return code;
}

}  // namespace monitor::agent
