#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/service/guard.h"
#include "monitor/service/guarded_stream.h"
#include "monitor/service/oidc.h"
#include "monitor/service/routes.h"

namespace monitor::service {

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< loopback unless asked; TLS and the outside are a proxy's
  int port = 8080;                 ///< 0: any free one
  /// What people type, "https://etalon.example.org", when a TLS proxy on this machine stands in
  /// front; empty: there is none.
  std::string public_url;
  std::optional<OidcConfig> oidc{};  ///< sign-in at an institution
  GuardLimits limits;
  TimeLimits times;
  std::size_t threads = 64;                 ///< a slow client holds one
  std::size_t requests_per_connection = 1;  ///< more only behind a proxy of our own
};

/// Whether only this machine reaches a listener on `host`.
[[nodiscard]] bool IsLoopback(const std::string& host);

/// The HTTP side of the service: listens from construction until destruction.
/// Errors   std::runtime_error with one sentence when the address cannot be listened on.
class HttpServer {
 public:
  HttpServer(Services services, ServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] const std::vector<Route>& routes() const;
  /// Ends open requests soon and stops listening; safe to call twice.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace monitor::service
