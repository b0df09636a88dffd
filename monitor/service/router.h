#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/service/record.h"
#include "monitor/service/reply.h"

namespace monitor::service {

/// In place of a right: the route is for everybody, whatever the facility's policy.
inline constexpr std::string_view kAnyone = "anyone";

/// One query parameter, as checked and as described in the OpenAPI document.
struct Parameter {
  enum class Kind { kText, kTime, kCount };
  std::string name;
  std::string description;
  Kind kind = Kind::kText;
  bool required = false;
};

/// Hands out the body of a write piece by piece; false when the client went away.
using BodyReader = std::function<bool(const std::function<bool(std::string_view)>&)>;

/// One request after the guard, with its path and query taken apart.
struct Exchange {
  std::map<std::string, std::string, std::less<>> path;   ///< "{id}" → its value
  std::map<std::string, std::string, std::less<>> query;  ///< each at most once
  std::string accept;
  std::string host;               ///< the Host header, for links to this service
  std::string address;            ///< of the client, as far as the policy on proxies trusts it
  std::string client;             ///< the User-Agent header, cut
  std::string named;              ///< the account that a sign-in names, where it exists
  std::string body;               ///< of a write that is not streamed
  std::uint64_t body_length = 0;  ///< as declared
  BodyReader read_body;           ///< of a streamed write
  std::optional<QualityRecord::Identity> who;
  std::string cookie;          ///< the session's, where one proves who asks
  std::string sign_in_cookie;  ///< binds an attempt at the institution to this browser
  bool stale = false;          ///< a cookie came that proves nothing any more

  [[nodiscard]] std::string Query(std::string_view name) const;  ///< empty when absent
  [[nodiscard]] int Count(std::string_view name, int fallback) const;
  [[nodiscard]] QualityRecord::AsOf AsOf() const;
  [[nodiscard]] nlohmann::json JsonBody() const;  ///< an object; Problem 400 otherwise
  [[nodiscard]] bool WantsCsv() const;
};

/// One answer of a route in the OpenAPI document.
struct Answer {
  std::string media_type = "application/json";
  std::string schema;  ///< name in components/schemas; empty: not JSON
};

struct Route {
  std::string method;      ///< GET also answers HEAD
  std::string pattern;     ///< "/api/v1/instruments/{id}"; "/badge/{instrument}.svg"
  std::string_view right;  ///< one of sop::AllRights, or kAnyone
  std::string summary;
  std::vector<Parameter> query{};
  std::string body_schema{};  ///< of a JSON body; empty: none
  std::string body_media{};   ///< of a streamed body: the route reads it itself
  std::vector<Answer> answers{};
  std::vector<int> refusals{};  ///< documented statuses besides 400, 401, 403
  /// The instrument that a request is about, for those who hold the right on one alone; none: the
  /// route is about the facility. Called once the body is there.
  std::function<std::string(const Exchange&)> instrument{};
  bool any_instrument = false;  ///< holding the right on any instrument is enough
  bool is_page = false;         ///< its script reads the query: any is accepted, none is passed on
  std::function<Reply(Exchange&)> handle{};
};

/// All routes and the way from a method and a path to one of them.
class Router {
 public:
  void Add(Route route);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> path;
  };
  /// Problem 404 for an unknown path, 405 when the path knows other methods.
  [[nodiscard]] Match Find(std::string_view method, std::string_view path) const;
  /// What the path answers to; empty for an unknown one.
  [[nodiscard]] std::set<std::string> Methods(std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

/// Each parameter once, known, well formed; the refusal names the nearest known one.
using QueryParameters = std::multimap<std::string, std::string>;
[[nodiscard]] std::map<std::string, std::string, std::less<>> CheckQuery(
    const Route& route, const QueryParameters& given);

/// Where a request names its instrument: in the address, the query, the JSON body.
[[nodiscard]] std::function<std::string(const Exchange&)> InstrumentInPath(std::string name);
[[nodiscard]] std::function<std::string(const Exchange&)> InstrumentInQuery();
[[nodiscard]] std::function<std::string(const Exchange&)> InstrumentInBody();

/// Parameters that most reads share.
[[nodiscard]] Parameter AsOfParameter();
[[nodiscard]] Parameter FormatParameter();
[[nodiscard]] Parameter CursorParameter();
[[nodiscard]] Parameter LimitParameter();

}  // namespace monitor::service
