#include "monitor/service/reply.h"

#include <algorithm>

#include "sop/journal/merkle.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kShortAge = "public, max-age=2";

void RemovePassingOfTime(Json& value) {
  if (value.is_object()) {
    value.erase("as_of");
    value.erase("data_age_s");
    value.erase("asked");
  }
  if (value.is_structured()) {
    for (Json& member : value) RemovePassingOfTime(member);
  }
}

std::string_view Title(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not signed in";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 409:
      return "Conflict";
    case 411:
      return "Length required";
    case 413:
      return "Too large";
    case 414:
      return "Address too long";
    case 415:
      return "Unsupported media type";
    case 422:
      return "Cannot be processed";
    case 431:
      return "Too many headers";
    case 503:
      return "Not available now";
    default:
      return status < 500 ? "Refused" : "Internal error";
  }
}

std::string CsvField(const Json& value) {
  if (value.is_null() || value.is_structured()) return "";
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string EntityTag(std::string_view bytes) {
  return "W/\"" + sop::journal::ToHex(sop::journal::Sha256(bytes)).substr(0, 32) + "\"";
}

Reply JsonReply(const Json& value) {
  Reply reply;
  reply.body = value.dump();
  Json lasting = value;
  RemovePassingOfTime(lasting);
  reply.etag = EntityTag(lasting.dump());
  reply.cache_control = kShortAge;
  return reply;
}

Reply CommandReply(int status, const Json& value) {
  Reply reply;
  reply.status = status;
  reply.body = value.dump();
  return reply;
}

Reply ProblemReply(const Problem& problem) {
  Reply reply;
  reply.status = problem.status;
  reply.media_type = "application/problem+json";
  const Json body = {{"type", "/problems/" + problem.type},
                     {"title", Title(problem.status)},
                     {"status", problem.status},
                     {"detail", problem.what()}};
  reply.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (problem.status == 401) {
    reply.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="etalon")");
  }
  if (problem.retry_after_s > 0) {
    reply.headers.emplace_back("Retry-After", std::to_string(problem.retry_after_s));
  }
  return reply;
}

Reply CsvReply(const Json& items, const std::vector<std::string>& columns) {
  Reply reply;
  reply.media_type = "text/csv; charset=utf-8";
  for (const std::string& column : columns) {
    reply.body += (&column == &columns.front() ? "" : ",") + column;
  }
  reply.body += "\r\n";
  for (const Json& item : items) {
    for (const std::string& column : columns) {
      if (&column != &columns.front()) reply.body += ',';
      if (item.contains(column)) reply.body += CsvField(item.at(column));
    }
    reply.body += "\r\n";
  }
  reply.etag = EntityTag(reply.body);
  reply.cache_control = kShortAge;
  return reply;
}

}  // namespace monitor::service
