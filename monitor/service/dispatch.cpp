#include "monitor/service/dispatch.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

#include "monitor/log/log.h"
#include "monitor/service/time_text.h"
#include "sop/store/store.h"

namespace monitor::service {
namespace {

using log::Log;
using log::Severity;

constexpr std::string_view kBearer = "bearer ";
constexpr std::size_t kLongestToken = 512;

constexpr std::array<std::pair<const char*, const char*>, 6> kSecurityHeaders = {{
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
}};

bool Matches(const httplib::Request& request, const std::string& etag) {
  const std::string given = request.get_header_value("If-None-Match");
  if (given.empty() || etag.empty()) return false;
  return given == "*" || given.find(etag) != std::string::npos;
}

struct OpenFile {
  explicit OpenFile(const std::string& path)
      : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (descriptor >= 0) close(descriptor);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor;
};

void SendFile(const Reply& reply, httplib::Response& response) {
  const auto file = std::make_shared<OpenFile>(reply.file);
  struct stat status {};
  if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0) {
    throw BlobError("Cannot read " + reply.file + "; check the disk of the data folder.");
  }
  response.set_content_provider(
      static_cast<std::size_t>(status.st_size), reply.media_type,
      [file](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::array<char, 64 * 1024> buffer;
        const ssize_t got = pread(file->descriptor, buffer.data(), std::min(length, buffer.size()),
                                  static_cast<off_t>(offset));
        return got > 0 && sink.write(buffer.data(), static_cast<std::size_t>(got));
      });
}

void Send(const httplib::Request& request, const Reply& reply, httplib::Response& response) {
  for (const auto& [name, value] : kSecurityHeaders) response.set_header(name, value);
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  response.set_header("Cache-Control", reply.cache_control);
  if (!reply.etag.empty()) {
    response.set_header("ETag", reply.etag);
    response.set_header("Vary", "Accept, Accept-Encoding");
  }
  response.status = reply.status;
  if (reply.status == 200 && Matches(request, reply.etag)) {
    response.status = 304;
  } else if (!reply.file.empty()) {
    SendFile(reply, response);
  } else {
    response.set_content(reply.body, reply.media_type);
  }
}

/// The scheme's name knows no case; a token of absurd length is none.
std::string TokenOf(const httplib::Request& request) {
  const std::string header = request.get_header_value("Authorization");
  if (header.size() <= kBearer.size() || header.size() > kLongestToken) return {};
  const bool bearer = std::ranges::equal(
      std::string_view(header).substr(0, kBearer.size()), kBearer,
      [](char c, char wanted) { return std::tolower(static_cast<unsigned char>(c)) == wanted; });
  return bearer ? header.substr(kBearer.size()) : std::string();
}

/// Reads a body that is held in memory; the guard has capped its declared length.
std::string WholeBody(const httplib::ContentReader& reader, std::uint64_t declared) {
  std::string body;
  const bool whole = reader([&](const char* data, std::size_t size) {
    body.append(data, size);
    return body.size() <= declared;
  });
  if (!whole || body.size() != declared) {
    throw Problem(400, "body_cut_short", "The body ended early; send it again.");
  }
  return body;
}

RequestMeter::Outcome OutcomeOf(int status) {
  if (status >= 500) return RequestMeter::Outcome::kFailed;
  return status >= 400 ? RequestMeter::Outcome::kRefused : RequestMeter::Outcome::kDone;
}

Reply WorldBroke(const char* event, const std::exception& error) {
  Log(Severity::kError, event, {{"error", error.what()}});
  return ProblemReply(Problem(503, "record_unreachable",
                              "The record cannot be read or written now; try again later and tell "
                              "whoever runs the service."));
}

}  // namespace

Dispatch::Dispatch(const Router& router, Services& services, GuardLimits limits)
    : router_(router), services_(services), limits_(limits) {}

bool Dispatch::Refuse(const httplib::Request& request, httplib::Response& response) const {
  const auto problem = Inspect(request, limits_);
  if (!problem) return false;
  services_.meter.Count("other", 0.0, RequestMeter::Outcome::kRefused);
  Send(request, ProblemReply(*problem), response);
  return true;
}

void Dispatch::Authorise(const Route& route, const httplib::Request& request, Exchange& exchange) {
  const std::string token = TokenOf(request);
  if (!token.empty()) exchange.who = services_.record.Authenticate(token);
  if (exchange.who && exchange.who->role == "agent") {
    constexpr std::string_view kPrefix = "agent:";
    std::string_view name = exchange.who->subject;
    if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
    services_.contacts.Seen(name, TimeText(services_.clock()));
  }
  if (route.access == Access::kOpen) return;
  if (!exchange.who) {
    throw Problem(401, "not_signed_in", "Send a valid token: \"Authorization: Bearer TOKEN\".");
  }
  const std::string& role = exchange.who->role;
  const bool allowed = role == "admin" || (role == "agent" && route.access == Access::kAgent);
  if (!allowed) {
    throw Problem(403, "not_allowed", "An agent's token cannot do this; an administrator's can.");
  }
}

Reply Dispatch::Answer(const httplib::Request& request, const httplib::ContentReader* reader,
                       std::string& route_name) {
  Router::Match match = router_.Find(request.method, request.path);
  const Route& route = *match.route;
  route_name = route.method + " " + route.pattern;
  Exchange exchange;
  exchange.path = std::move(match.path);
  exchange.accept = request.get_header_value("Accept");
  exchange.host = request.get_header_value("Host");
  exchange.body_length = DeclaredLength(request);
  Authorise(route, request, exchange);
  exchange.query = CheckQuery(route, request.params);
  if (reader != nullptr && route.body_media.empty()) {
    exchange.body = WholeBody(*reader, exchange.body_length);
  } else if (reader != nullptr) {
    exchange.read_body = [reader](const std::function<bool(std::string_view)>& take) {
      return (*reader)(
          [&](const char* data, std::size_t size) { return take(std::string_view(data, size)); });
    };
  }
  return route.handle(exchange);
}

Reply Dispatch::Guarded(const httplib::Request& request, const httplib::ContentReader* reader,
                        std::string& route_name) {
  try {
    return Answer(request, reader, route_name);
  } catch (const Problem& problem) {
    Reply reply = ProblemReply(problem);
    if (problem.status == 405) {
      std::string allowed;
      for (const std::string& method : router_.Methods(request.path)) {
        allowed += (allowed.empty() ? "" : ", ") + method;
      }
      reply.headers.emplace_back("Allow", allowed);
    }
    return reply;
  } catch (const sop::store::StoreError& error) {
    return WorldBroke("store_failed", error);
  } catch (const BlobError& error) {
    return WorldBroke("blob_failed", error);
  } catch (const std::exception& error) {
    Log(Severity::kError, "request_failed", {{"route", route_name}, {"error", error.what()}});
    return ProblemReply(
        Problem(500, "internal", "This request met a fault in the program; its log says which."));
  }
}

void Dispatch::Serve(const httplib::Request& request, httplib::Response& response,
                     const httplib::ContentReader* reader) {
  const auto begin = std::chrono::steady_clock::now();
  std::string route_name = "other";
  const Reply reply = Guarded(request, reader, route_name);
  try {
    Send(request, reply, response);
  } catch (const BlobError& error) {
    Send(request, WorldBroke("blob_failed", error), response);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  services_.meter.Count(route_name, took.count(), OutcomeOf(response.status));
}

bool Dispatch::MaySendBody(const httplib::Request& request, httplib::Response& response) {
  if (Refuse(request, response)) return false;
  try {
    const Router::Match match = router_.Find(request.method, request.path);
    Exchange exchange;
    Authorise(*match.route, request, exchange);
    return true;
  } catch (const Problem& problem) {
    Send(request, ProblemReply(problem), response);
  } catch (const std::exception& error) {
    // The HTTP library calls this outside its own guard: what escapes here ends the service.
    Send(request, WorldBroke("store_failed", error), response);
  }
  return false;
}

}  // namespace monitor::service
