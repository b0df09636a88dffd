#include "monitor/service/http_server.h"

#include <stdexcept>
#include <thread>

#include "monitor/service/dispatch.h"
#include "monitor/service/guarded_server.h"

namespace monitor::service {
namespace {

using httplib::ContentReader;
using httplib::Request;
using httplib::Response;
using Handling = httplib::Server::HandlerResponse;

bool HasBody(const Request& request) { return request.method == "POST" || request.method == "PUT"; }

GatePolicy PolicyOf(const ServerOptions& options) {
  const bool secure = options.public_url.starts_with("https://");
  return {.listener = IsLoopback(options.host) ? GatePolicy::Listener::kLoopback
                                               : GatePolicy::Listener::kNetwork,
          .cookies = secure ? CookiePolicy::kSecure : CookiePolicy::kPlain,
          .public_url = options.public_url};
}

void AddAllRoutes(Router& router, Services& services, Oidc* oidc, CookiePolicy cookies) {
  AddRegisterRoutes(router, services);
  AddMeasurementRoutes(router, services);
  AddBlobRoutes(router, services);
  AddFitnessRoutes(router, services);
  AddJournalRoutes(router, services);
  AddTileRoutes(router, services);
  AddCommandRoutes(router, services);
  AddFaultRoutes(router, services);
  AddAgentRoutes(router, services);
  AddAccountRoutes(router, services);
  AddSessionRoutes(router, services, cookies);
  AddOidcRoutes(router, services, oidc, cookies);
  AddSignatureRoutes(router, services);
  AddTokenRoutes(router, services);
  AddAccessLogRoutes(router, services);
  AddMachineRoutes(router, services);
#ifdef ETALON_WEB_ASSETS
  AddWebRoutes(router);
#endif
}

}  // namespace

bool IsLoopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

struct HttpServer::Impl {
  Impl(Services given, const ServerOptions& options)
      : services(std::move(given)),
        dispatch(router, services, Gate(services, PolicyOf(options)), options.limits),
        server(options.limits, options.times, options.threads, options.requests_per_connection) {
    if (options.oidc) oidc = std::make_unique<Oidc>(*options.oidc, services.clock);
    AddAllRoutes(router, services, oidc.get(), PolicyOf(options).cookies);
    services.meter.Declare("other");
    for (const Route& route : router.routes()) {
      services.meter.Declare(route.method + " " + route.pattern);
    }
    Connect();
  }

  /// Everything is answered before the library routes, except bodies, which only its own handlers
  /// may read.
  void Connect() {
    server.set_pre_routing_handler([this](const Request& request, Response& response) {
      if (dispatch.Refuse(request, response)) return Handling::Handled;
      if (HasBody(request)) return Handling::Unhandled;
      dispatch.Serve(request, response, nullptr);
      return Handling::Handled;
    });
    const auto with_body = [this](const Request& request, Response& response,
                                  const ContentReader& reader) {
      dispatch.Serve(request, response, &reader);
    };
    server.Post(".*", with_body);
    server.Put(".*", with_body);
    server.set_expect_100_continue_handler([this](const Request& request, Response& response) {
      return dispatch.MaySendBody(request, response) ? 100 : response.status;
    });
    // What the library refuses by itself (a head it cannot read) says so in our form, too.
    server.set_error_handler([](const Request&, Response& response) {
      if (!response.body.empty()) return;
      const Reply reply = ProblemReply(
          Problem(response.status, "bad_request", "The request cannot be read as HTTP/1.1."));
      response.set_content(reply.body, reply.media_type);
    });
  }

  Services services;
  std::unique_ptr<Oidc> oidc;
  Router router;
  Dispatch dispatch;
  GuardedServer server;
  std::thread listener;
  int port = 0;
};

HttpServer::HttpServer(Services services, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(services), options)) {
  auto& server = impl_->server;
  if (options.port == 0) {
    impl_->port = server.bind_to_any_port(options.host);
  } else {
    impl_->port = server.bind_to_port(options.host, options.port) ? options.port : -1;
  }
  if (impl_->port <= 0) {
    throw std::runtime_error("Cannot listen on " + options.host + ":" +
                             std::to_string(options.port) +
                             "; is another service there? Choose another with --listen.");
  }
  impl_->listener = std::thread([&server] { server.listen_after_bind(); });
}

HttpServer::~HttpServer() { Stop(); }

int HttpServer::port() const { return impl_->port; }

const std::vector<Route>& HttpServer::routes() const { return impl_->router.routes(); }

void HttpServer::Stop() {
  if (!impl_->listener.joinable()) return;
  impl_->server.BeginStop();
  // The library forgets a stop that comes before its loop has begun.
  while (!impl_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  impl_->server.stop();
  impl_->listener.join();
}

}  // namespace monitor::service
