#include "monitor/service/dispatch.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "monitor/log/log.h"
#include "sop/store/store.h"

namespace monitor::service {
namespace {

using log::Log;
using log::Severity;

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
    response.set_header("Vary", "Accept, Accept-Encoding, Authorization, Cookie");
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

/// What somebody may read because of who they are, no cache between may hand to others.
void KeepPrivate(Reply& reply) {
  constexpr std::string_view kPublic = "public";
  if (reply.cache_control.starts_with(kPublic)) {
    reply.cache_control.replace(0, kPublic.size(), "private");
  }
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

Dispatch::Dispatch(const Router& router, Services& services, Gate gate, GuardLimits limits)
    : router_(router), services_(services), gate_(gate), limits_(limits) {}

std::string Dispatch::Asked::Name() const {
  return route == nullptr ? "other" : route->method + " " + route->pattern;
}

bool Dispatch::Refuse(const httplib::Request& request, httplib::Response& response) const {
  const auto problem = Inspect(request, limits_);
  if (!problem) return false;
  services_.meter.Count("other", 0.0, RequestMeter::Outcome::kRefused);
  Send(request, ProblemReply(*problem), response);
  return true;
}

void Dispatch::Ask(const httplib::Request& request, Asked& asked) const {
  gate_.Identify(request, asked.exchange);
  Router::Match match = router_.Find(request.method, request.path);
  asked.route = match.route;
  asked.exchange.path = std::move(match.path);
  gate_.Authorise(*asked.route, request, asked.exchange);
}

Reply Dispatch::Answer(const httplib::Request& request, const httplib::ContentReader* reader,
                       Asked& asked) {
  Ask(request, asked);
  const Route& route = *asked.route;
  Exchange& exchange = asked.exchange;
  exchange.accept = request.get_header_value("Accept");
  exchange.host = request.get_header_value("Host");
  exchange.body_length = DeclaredLength(request);
  exchange.query = CheckQuery(route, request.params);
  if (reader != nullptr && route.body_media.empty()) {
    exchange.body = WholeBody(*reader, exchange.body_length);
  } else if (reader != nullptr) {
    exchange.read_body = [reader](const std::function<bool(std::string_view)>& take) {
      return (*reader)(
          [&](const char* data, std::size_t size) { return take(std::string_view(data, size)); });
    };
  }
  gate_.AuthoriseInstrument(route, exchange);
  return route.handle(exchange);
}

Reply Dispatch::Guarded(const httplib::Request& request, const httplib::ContentReader* reader,
                        Asked& asked) {
  try {
    return Answer(request, reader, asked);
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
    Log(Severity::kError, "request_failed", {{"route", asked.Name()}, {"error", error.what()}});
    return ProblemReply(
        Problem(500, "internal", "This request met a fault in the program; its log says which."));
  }
}

void Dispatch::Serve(const httplib::Request& request, httplib::Response& response,
                     const httplib::ContentReader* reader) {
  const auto begin = std::chrono::steady_clock::now();
  Asked asked;
  Reply reply = Guarded(request, reader, asked);
  if (asked.exchange.who) KeepPrivate(reply);
  try {
    Send(request, reply, response);
  } catch (const BlobError& error) {
    Send(request, WorldBroke("blob_failed", error), response);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  services_.meter.Count(asked.Name(), took.count(), OutcomeOf(response.status));
  gate_.Remember(asked.route, request, asked.exchange, response.status);
}

bool Dispatch::MaySendBody(const httplib::Request& request, httplib::Response& response) {
  if (Refuse(request, response)) return false;
  Asked asked;
  try {
    Ask(request, asked);
    return true;
  } catch (const Problem& problem) {
    Send(request, ProblemReply(problem), response);
  } catch (const std::exception& error) {
    // The HTTP library calls this outside its own guard: what escapes here ends the service.
    Send(request, WorldBroke("store_failed", error), response);
  }
  gate_.Remember(asked.route, request, asked.exchange, response.status);
  return false;
}

}  // namespace monitor::service
