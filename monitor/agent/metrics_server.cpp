#include "monitor/agent/metrics_server.h"

#include <httplib.h>

#include <stdexcept>

namespace monitor::agent {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxRequestBytes = 1024;
constexpr std::chrono::seconds kRequestTime{5};
constexpr int kMethodNotAllowed = 405;
constexpr int kBadRequest = 400;

/// The packaged server takes bodies of any length and any number of headers; a page that only
/// answers GET needs neither.
httplib::Server::HandlerResponse Guard(const httplib::Request& request,
                                       httplib::Response& response) {
  if (request.method != "GET") {
    response.status = kMethodNotAllowed;
    response.set_header("Allow", "GET");
    return httplib::Server::HandlerResponse::Handled;
  }
  if (request.headers.size() > kMaxHeaders || request.has_header("Transfer-Encoding") ||
      request.has_header("Content-Encoding")) {
    response.status = kBadRequest;
    return httplib::Server::HandlerResponse::Handled;
  }
  return httplib::Server::HandlerResponse::Unhandled;
}

}  // namespace

MetricsServer::MetricsServer(const std::string& host, int port, std::function<std::string()> page)
    : server_(std::make_unique<httplib::Server>()) {
  server_->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server_->set_pre_routing_handler(Guard);
  server_->set_keep_alive_max_count(1);
  server_->set_tcp_nodelay(true);
  server_->set_payload_max_length(kMaxRequestBytes);
  server_->set_read_timeout(kRequestTime);
  server_->set_write_timeout(kRequestTime);
  server_->Get("/metrics", [page](const httplib::Request&, httplib::Response& response) {
    response.set_content(page(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_->Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain; charset=utf-8");
  });
  port_ = port == 0 ? server_->bind_to_any_port(host) : port;
  const bool bound = port == 0 ? port_ > 0 : server_->bind_to_port(host, port);
  if (!bound) {
    throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) +
                             "; is another agent running, or is [agent] listen wrong?");
  }
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

MetricsServer::~MetricsServer() {
  server_->stop();
  thread_.join();
}

}  // namespace monitor::agent
