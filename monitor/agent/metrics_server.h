#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace httplib {
class Server;
}

namespace monitor::agent {

/// Serves GET /metrics and GET /healthz, and nothing else, on one address.
class MetricsServer {
 public:
  /// `port` 0 takes a free one. Errors  std::runtime_error when the address is taken.
  MetricsServer(const std::string& host, int port, std::function<std::string()> page);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  [[nodiscard]] int port() const { return port_; }

 private:
  std::unique_ptr<httplib::Server> server_;
  std::thread thread_;
  int port_ = 0;
};

}  // namespace monitor::agent
