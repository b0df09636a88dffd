#include "monitor/service/guard.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace monitor::service {
namespace {

bool HasControl(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

bool IsWrite(const httplib::Request& request) {
  return request.method == "POST" || request.method == "PUT";
}

std::optional<std::uint64_t> ParseLength(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<Problem> InspectHeaders(const httplib::Request& request, const GuardLimits& limits) {
  // The library adds the addresses of both ends itself, each once.
  std::size_t added = 0;
  for (const char* name : {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT"}) {
    const std::size_t count = request.get_header_value_count(name);
    if (count > 1) {
      return Problem(400, "bad_header", std::string("The header ") + name + " is not for clients.");
    }
    added += count;
  }
  if (request.headers.size() - added > limits.header_count) {
    return Problem(431, "too_many_headers", "Send at most 100 headers.");
  }
  for (const auto& [name, value] : request.headers) {
    if (HasControl(name) || HasControl(value)) {
      return Problem(400, "bad_header", "A header holds a control character; remove it.");
    }
  }
  if (request.has_header("Transfer-Encoding")) {
    return Problem(411, "length_required", "Send the body whole, with Content-Length.");
  }
  if (request.has_header("Content-Encoding")) {
    return Problem(415, "content_encoding", "Send the body without Content-Encoding.");
  }
  if (request.get_header_value("Content-Type").starts_with("multipart/")) {
    return Problem(415, "unsupported_media_type", "Send JSON or the bytes themselves, no form.");
  }
  return std::nullopt;
}

std::optional<Problem> InspectTarget(const httplib::Request& request, const GuardLimits& limits) {
  if (request.target.size() > limits.target_bytes) {
    return Problem(414, "target_too_long", "Shorten the address to at most 2048 bytes.");
  }
  if (HasControl(request.path)) {
    return Problem(400, "bad_target", "The path holds a control character; remove it.");
  }
  for (const auto& [name, value] : request.params) {
    if (HasControl(name) || HasControl(value)) {
      return Problem(400, "bad_target", "The query holds a control character; remove it.");
    }
  }
  return std::nullopt;
}

std::optional<Problem> InspectLength(const httplib::Request& request, const GuardLimits& limits) {
  const std::size_t count = request.get_header_value_count("Content-Length");
  if (count == 0) {
    if (!IsWrite(request)) return std::nullopt;
    return Problem(411, "length_required", "Send the body whole, with Content-Length.");
  }
  const auto length = ParseLength(request.get_header_value("Content-Length"));
  if (count > 1 || !length) {
    return Problem(400, "bad_header", "Send one Content-Length, a whole number of bytes.");
  }
  if (!IsWrite(request) && *length > 0) {
    return Problem(400, "unexpected_body",
                   "A " + request.method + " request carries no body here.");
  }
  const bool blob = request.method == "PUT" && request.path.starts_with("/api/v1/blobs/");
  const std::uint64_t cap = blob ? limits.blob_bytes : limits.json_bytes;
  if (*length > cap) {
    return Problem(413, "body_too_large",
                   "The body may have at most " + std::to_string(cap) + " bytes here.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> Inspect(const httplib::Request& request, const GuardLimits& limits) {
  if (auto problem = InspectHeaders(request, limits)) return problem;
  if (auto problem = InspectTarget(request, limits)) return problem;
  return InspectLength(request, limits);
}

std::uint64_t DeclaredLength(const httplib::Request& request) {
  return ParseLength(request.get_header_value("Content-Length")).value_or(0);
}

}  // namespace monitor::service
