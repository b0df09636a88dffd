#pragma once

#include <httplib.h>

#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/monitor/agent/fake_log.h"

namespace monitor::agent {

/// The service's protocol in a few lines, for tests of the agent: remembers blobs and submissions,
/// answers a key twice with the same receipt, and refuses or fails on demand.
class FakeService {
 public:
  FakeService() {
    // Something between agent and service that answers everything itself.
    server_.set_pre_routing_handler([this](const auto& request, auto& response) {
      const std::scoped_lock lock(mutex_);
      if (!stranger || !request.path.starts_with("/api/v1/" + stranger_at)) {
        return httplib::Server::HandlerResponse::Unhandled;
      }
      ++stranger_asked;
      stranger(response);
      return httplib::Server::HandlerResponse::Handled;
    });
    AddRegister();
    AddBlobs();
    for (const char* path : {"/checkpoint", "/api/v1/consistency", "/api/v1/log/epochs"}) {
      server_.Get(path, [this](const auto& request, auto& response) {
        const std::scoped_lock lock(mutex_);
        const Answer answer = log.Get(request.target);
        response.status = answer.status;
        response.set_header("Etalon-Verifier-Key", answer.log_key);
        response.set_content(answer.body, "text/plain");
      });
    }
    server_.Post("/api/v1/measurements", [this](const auto& request, auto& response) {
      const std::scoped_lock lock(mutex_);
      Submit(request, response);
    });
    server_.Post("/api/v1/inbox", [this](const auto& request, auto&) {
      const std::scoped_lock lock(mutex_);
      inbox = nlohmann::json::parse(request.body);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~FakeService() {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t stored() {
    const std::scoped_lock lock(mutex_);
    return submissions.size();
  }

  std::map<std::string, nlohmann::json> submissions;  ///< by key
  std::map<std::string, std::string> blobs;
  FakeLog log;
  nlohmann::json inbox;
  std::vector<int> next_statuses;  ///< answers to the next submissions, before it behaves
  int posts = 0;
  std::function<void(httplib::Response&)> stranger;  ///< set: answers instead of the service
  std::string stranger_at;                           ///< only below /api/v1/ and this
  int stranger_asked = 0;
  std::string authorization;

 private:
  void AddRegister() {
    server_.Get("/api/v1/procedures", [](const auto&, auto& response) {
      response.set_content(R"({"items":[{"id":"PSF-03","analysis":"psf"}],"next_cursor":null})",
                           "application/json");
    });
    server_.Get(R"(/api/v1/instruments/(.+))", [](const auto& request, auto& response) {
      if (request.matches[1] != "lsm-1") {
        response.status = 404;
        return;
      }
      response.set_content(
          R"({"id":"lsm-1","configurations":[{"id":"63x","setup":{"numerical_aperture":1.4}}]})",
          "application/json");
    });
  }
  void AddBlobs() {
    // cpp-httplib answers HEAD from the GET handler.
    server_.Get("/api/v1/blobs/([0-9a-f]+)", [this](const auto& request, auto& response) {
      const std::scoped_lock lock(mutex_);
      const std::string digest = request.matches[1];
      response.status = blobs.contains(digest) ? 200 : 404;
      if (blobs.contains(digest)) response.set_header("ETag", "\"" + digest + "\"");
    });
    server_.Put("/api/v1/blobs/([0-9a-f]+)", [this](const auto& request, auto& response) {
      const std::scoped_lock lock(mutex_);
      blobs[request.matches[1]] = request.body;
      response.status = 201;
      response.set_content(nlohmann::json{{"sha256", request.matches[1].str()}}.dump(),
                           "application/json");
    });
  }
  void Submit(const httplib::Request& request, httplib::Response& response) {
    ++posts;
    authorization = request.get_header_value("Authorization");
    if (!next_statuses.empty()) {
      response.status = next_statuses.front();
      next_statuses.erase(next_statuses.begin());
      response.set_content(R"({"type":"/problems/unknown_instrument"})",
                           "application/problem+json");
      return;
    }
    const auto submission = nlohmann::json::parse(request.body);
    const std::string key = submission["key"];
    const bool first = submissions.emplace(key, submission).second;
    response.status = first ? 201 : 200;
    if (first) log.Append(submission["key"]);
    response.set_content(nlohmann::json{{"schema", "etalon.receipt/1"},
                                        {"key", key},
                                        {"decided_log_index", log.size() - 1},
                                        {"outcome", "pass"},
                                        {"checkpoint", log.Note()}}
                             .dump(),
                         "application/json");
  }

  httplib::Server server_;
  std::thread thread_;
  std::mutex mutex_;
  int port_ = 0;
};

}  // namespace monitor::agent
