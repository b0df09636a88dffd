#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "monitor/service/access_log.h"
#include "monitor/service/sign_ins.h"
#include "tests/monitor/service/http_fixture.h"

namespace monitor::service {
namespace {

/// Who may use each route. Written by hand, apart from the rights that the code gives: a letter a
/// role (v viewer, o operator, r reviewer, q quality manager, u auditor, d administrator, s service
/// engineer of lsm-1, g agent), p everybody by the facility's policy, * everybody whatever it says.
const std::map<std::string, std::string>& Expected() {
  static const std::map<std::string, std::string> kExpected = {
      {"GET /", "*"},
      {"GET /account", "*"},
      {"GET /api/v1/access-log", "qud"},
      {"GET /api/v1/account/sessions", "vorquds"},
      {"GET /api/v1/accounts", "qud"},
      {"GET /api/v1/agents", "vorqudg"},
      {"GET /api/v1/blobs/{sha256}", "vorqudg"},
      {"GET /api/v1/configurations/{id}", "vorqudsg"},
      {"GET /api/v1/anchors", "p"},
      {"GET /api/v1/consistency", "p"},
      {"GET /api/v1/log/epochs", "p"},
      {"GET /api/v1/events", "vorqud"},
      {"GET /api/v1/faults", "orquds"},
      {"GET /api/v1/fitness", "p"},
      {"GET /api/v1/http_sd", "p"},
      {"GET /api/v1/inbox", "vorqud"},
      {"GET /api/v1/instruments", "vorqudg"},
      {"GET /api/v1/instruments/{id}", "vorqudsg"},
      {"GET /api/v1/limits", "vorqudg"},
      {"GET /api/v1/measurements", "vorquds"},
      {"GET /api/v1/measurements/{key}", "vorquds"},
      {"GET /api/v1/openapi.json", "*"},
      {"GET /api/v1/procedures", "vorqudg"},
      {"GET /api/v1/proof/{index}", "p"},
      {"GET /api/v1/roles", "qud"},
      {"GET /api/v1/schedule", "vorqudg"},
      {"GET /api/v1/series", "vorquds"},
      {"GET /api/v1/session", "*"},
      {"GET /api/v1/sign-ins/waiting", "d"},
      {"GET /api/v1/signatures", "vorqud"},
      {"GET /api/v1/signing-policy", "vorqudg"},
      {"GET /api/v1/tokens", "vorquds"},
      {"GET /assets/{name}", "*"},
      {"GET /badge/{instrument}.svg", "p"},
      {"GET /checkpoint", "p"},
      {"GET /healthz", "*"},
      {"GET /instruments", "*"},
      {"GET /instruments/{id}", "*"},
      {"GET /measurements/{key}", "*"},
      {"GET /metrics", "p"},
      {"GET /readyz", "*"},
      {"GET /sign-in", "*"},
      {"GET /status", "p"},
      {"GET /status/{instrument}", "p"},
      {"GET /tile/{level}/{n0}", "p"},
      {"GET /tile/{level}/{n0}.p/{width}", "p"},
      {"GET /tile/{level}/{n1}/{n0}", "p"},
      {"GET /tile/{level}/{n1}/{n0}.p/{width}", "p"},
      {"GET /tile/{level}/{n2}/{n1}/{n0}", "p"},
      {"GET /tile/{level}/{n2}/{n1}/{n0}.p/{width}", "p"},
      {"POST /api/v1/account/password", "vorquds"},
      {"POST /api/v1/account/sessions/{id}/end", "vorquds"},
      {"POST /api/v1/accounts", "d"},
      {"POST /api/v1/accounts/{id}", "d"},
      {"POST /api/v1/accounts/{id}/close", "d"},
      {"POST /api/v1/accounts/{id}/password", "d"},
      {"POST /api/v1/accounts/{id}/roles", "qd"},
      {"POST /api/v1/accounts/{id}/roles/revoke", "qd"},
      {"POST /api/v1/accounts/{id}/sign-out", "d"},
      {"POST /api/v1/accounts/{id}/sign-in-links", "d"},
      {"POST /api/v1/agents/enrol", "*"},
      {"POST /api/v1/agents/enrolments", "d"},
      {"POST /api/v1/agents/{agent}/key", "g"},
      {"POST /api/v1/agents/{agent}/revoke", "d"},
      {"POST /api/v1/artefacts", "qd"},
      {"POST /api/v1/assignments", "qd"},
      {"POST /api/v1/configurations", "qd"},
      {"POST /api/v1/erasures", "d"},
      {"POST /api/v1/faults", "vorqds"},
      {"POST /api/v1/fitness", "p"},
      {"POST /api/v1/holds", "orq"},
      {"POST /api/v1/holds/{id}/release", "rq"},
      {"POST /api/v1/inbox", "g"},
      {"POST /api/v1/instruments", "qd"},
      {"POST /api/v1/limits", "q"},
      {"POST /api/v1/measurements", "osg"},
      {"POST /api/v1/measurements/{key}/review", "rq"},
      {"POST /api/v1/procedures", "q"},
      {"POST /api/v1/profiles", "qd"},
      {"POST /api/v1/repeat-studies", "oq"},
      {"POST /api/v1/roles", "d"},
      {"POST /api/v1/scale-records", "oq"},
      {"POST /api/v1/session", "*"},
      {"POST /api/v1/session/end", "vorquds"},
      {"POST /api/v1/signatures", "vorquds"},
      {"POST /api/v1/signatures/{id}/invalidate", "vorquds"},
      {"POST /api/v1/signing-policy", "d"},
      {"POST /api/v1/tokens", "vorquds"},
      {"POST /api/v1/tokens/{id}/revoke", "vorquds"},
      {"PUT /api/v1/blobs/{sha256}", "osg"},
  };
  return kExpected;
}

/// Rights of role `public`, which close reading in this facility.
const nlohmann::json kPublic = {"checkpoint.read", "fitness.read", "metrics.read", "status.read"};

class HttpRightsTest : public HttpTest {
 protected:
  HttpRightsTest() {
    measurement_ = SubmitOne().at("key");
    record_->Command("instrument_registered", {{"id", "sd-1"}, {"name", "SD 1"}}, "admin");
    record_->Command("role_defined",
                     {{"id", "public"}, {"title", "Not signed in"}, {"rights", kPublic}}, "admin");
  }

  static std::string Name(const Route& route) { return route.method + " " + route.pattern; }

  /// One who asks: the headers that prove it, and who the access log will say it was.
  struct Asker {
    std::string subject;
    httplib::Headers headers;
  };

  Asker SignedIn(const std::string& account, const std::string& role) {
    if (!record_->people().Find(account)) {
      record_->Command("account_created", {{"id", account}, {"name", account}}, "admin");
      Json grant = {{"account", account}, {"role", role}};
      if (role == "auditor" || role == "service_engineer") grant["until"] = "2026-04-01T00:00:00Z";
      if (role == "service_engineer") grant["instrument"] = "lsm-1";
      record_->Command("role_granted", grant, "admin");
    }
    return {account, CookieHeaders(record_->sign_ins().Begin(account, {"127.0.0.1", "test"}))};
  }
  [[nodiscard]] httplib::Headers CookieHeaders(const std::string& cookie) const {
    return {{"Cookie", "etalon_session=" + cookie},
            {"Etalon-Csrf", SignIns::CsrfOf(cookie)},
            {"Origin", "http://127.0.0.1:" + std::to_string(server_->port())}};
  }

  /// The address of a route about `instrument`, with what it must say in the query.
  [[nodiscard]] std::string TargetOf(const Route& route, const std::string& instrument) const {
    static const std::map<std::string, std::string> kParts = {
        {"index", "1"}, {"sha256", std::string(64, '0')}, {"name", "none.js"}};
    std::string target = route.pattern;
    for (std::size_t open = target.find('{'); open != target.npos; open = target.find('{')) {
      const std::size_t close = target.find('}');
      const std::string part = target.substr(open + 1, close - open - 1);
      const auto known = kParts.find(part);
      const std::string value = part == "key"           ? measurement_
                                : known != kParts.end() ? known->second
                                : part == "instrument"  ? instrument
                                : route.pattern.find("instruments") != std::string::npos
                                    ? instrument
                                    : "63x-561";
      target.replace(open, close - open + 1, value);
    }
    std::string query;
    for (const Parameter& parameter : route.query) {
      std::string value;
      if (parameter.name == "instrument") value = instrument;
      if (parameter.name == "subject" && parameter.required) value = instrument + "/63x-561";
      if (value.empty() && parameter.required) value = "routine";
      if (!value.empty()) query += (query.empty() ? "?" : "&") + parameter.name + "=" + value;
    }
    return target + query;
  }

  httplib::Result Ask(const Route& route, const Asker& asker,
                      const std::string& instrument = "lsm-1") {
    const std::string target = TargetOf(route, instrument);
    const std::string body = Json({{"instrument", instrument}}).dump();
    httplib::Client client = Client();
    httplib::Result result = route.method == "GET" ? client.Get(target, asker.headers)
                             : route.method == "PUT"
                                 ? client.Put(target, asker.headers, body, "application/json")
                                 : client.Post(target, asker.headers, body, "application/json");
    EXPECT_TRUE(result) << target;
    return result;
  }

  void Expect(const Route& route, const Asker& asker, bool allowed,
              const std::string& instrument = "lsm-1") {
    const auto result = Ask(route, asker, instrument);
    ASSERT_TRUE(result);
    const bool refused = result->status == 401 || result->status == 403;
    const std::string who = asker.subject.empty() ? "nobody" : asker.subject;
    EXPECT_EQ(!refused, allowed) << who << " " << Name(route) << " " << result->status << "\n"
                                 << result->body.substr(0, 300);
    if (!refused) return;
    EXPECT_EQ(result->status, asker.subject.empty() ? 401 : 403) << who << " " << Name(route);
    EXPECT_EQ(result->get_header_value("Content-Type"), "application/problem+json");
    refused_.insert({asker.subject, route.method, route.pattern, result->status});
  }

  /// Every refusal that was seen stands in the access log.
  void ExpectLogged() {
    using Entry = std::tuple<std::string, std::string, std::string, int>;
    std::set<Entry> logged;
    Json page = {{"next_cursor", ""}};
    while (page["next_cursor"].is_string()) {
      page = record_->access_log().Read({.cursor = page["next_cursor"], .limit = 500});
      for (const Json& row : page["items"]) {
        logged.insert({row["subject"].is_null() ? "" : row["subject"].get<std::string>(),
                       row["method"], row["route"], row["status"]});
      }
    }
    EXPECT_FALSE(refused_.empty());
    for (const Entry& entry : refused_) {
      EXPECT_TRUE(logged.contains(entry)) << std::get<0>(entry) << " " << std::get<1>(entry) << " "
                                          << std::get<2>(entry) << " " << std::get<3>(entry);
    }
  }

  std::string measurement_;
  std::set<std::tuple<std::string, std::string, std::string, int>> refused_;
};

TEST_F(HttpRightsTest, NoRouteIsLeftOutAndEachNamesARightOfTheList) {
  std::set<std::string> routed;
  std::set<std::string_view> named;
  for (const Route& route : server_->routes()) {
    routed.insert(Name(route));
    if (route.right == kAnyone) continue;
    EXPECT_NE(sop::FindRight(route.right), nullptr) << Name(route) << " " << route.right;
    named.insert(route.right);
  }
  std::set<std::string> expected;
  for (const auto& [name, who] : Expected()) expected.insert(name);
  EXPECT_EQ(routed, expected) << "say in the table above who may use the route";
  for (const sop::Right& right : sop::AllRights()) {
    EXPECT_TRUE(named.contains(right.id)) << right.id << " is asked for by no route";
  }
}

TEST_F(HttpRightsTest, EveryRouteTimesEveryRole) {
  const std::map<char, std::string> roles = {
      {'v', "viewer"},  {'o', "operator"},      {'r', "reviewer"},        {'q', "quality_manager"},
      {'u', "auditor"}, {'d', "administrator"}, {'s', "service_engineer"}};
  std::map<char, Asker> askers;
  for (const Route& route : server_->routes()) {
    const auto found = Expected().find(Name(route));
    const std::string who = found == Expected().end() ? "" : found->second;
    const bool open = who == "*" || who == "p";
    for (const auto& [letter, role] : roles) {
      Asker& asker = askers[letter];
      if (asker.subject.empty()) asker = SignedIn(std::string(1, letter) + "-person", role);
      Expect(route, asker, open || who.find(letter) != who.npos);
      if (route.pattern == "/api/v1/session/end") asker = {};
    }
    Expect(route, {"agent:confocal-room", Bearer(agent_)}, open || who.find('g') != who.npos);
    Expect(route, {"", {}}, open);
  }
  ExpectLogged();
}

/// What was once a proof and is none any more opens what is open to everybody, and nothing else; a
/// token opens what its scope names and its owner may.
TEST_F(HttpRightsTest, EveryRouteTimesEveryProofThatIsOverOrNarrow) {
  SignedIn("q-person", "quality_manager");
  const auto token = [&](const std::vector<std::string>& rights) {
    return record_->sign_ins().MakeToken({"q-person", "test", rights, FromMs(now_ms_ + 86'400'000)},
                                         "q-person");
  };
  const Json narrow = token({"record.read", "account.manage"});
  const Json revoked = token({"record.read"});
  record_->sign_ins().RevokeToken("q-person", revoked["id"].get<std::string>(), "q-person");
  const Json expired = record_->sign_ins().MakeToken(
      {"q-person", "test", {"record.read"}, FromMs(now_ms_ + 1000)}, "q-person");
  const std::string cookie = record_->sign_ins().Begin("q-person", {"127.0.0.1", "test"});
  now_ms_ += 3'600'001;
  for (const Route& route : server_->routes()) {
    const auto found = Expected().find(Name(route));
    const std::string who = found == Expected().end() ? "" : found->second;
    const bool open = who == "*" || who == "p";
    Expect(route, {"", CookieHeaders(cookie)}, open);
    Expect(route, {"", Bearer(revoked["token"])}, open);
    Expect(route, {"", Bearer(expired["token"])}, open);
    Expect(route, {"", Bearer("etalon_wrong")}, open);
    const std::string id = "q-person (token " + narrow["id"].get<std::string>() + ")";
    Expect(route, {id, Bearer(narrow["token"])}, open || route.right == "record.read");
  }
  ExpectLogged();
}

TEST_F(HttpRightsTest, AServiceEngineerOfOneInstrumentSeesNoOther) {
  const Asker engineer = SignedIn("s-person", "service_engineer");
  int tried = 0;
  for (const Route& route : server_->routes()) {
    if (!route.instrument || route.pattern.find("{key}") != std::string::npos) continue;
    if (std::ranges::find(kPublic, Json(route.right)) != kPublic.end()) continue;
    Expect(route, engineer, false, "sd-1");
    ++tried;
  }
  EXPECT_GE(tried, 5);
  ExpectLogged();
}

TEST_F(HttpRightsTest, AnAuditorsReadsAreLoggedAndEndByThemselves) {
  const Asker auditor = SignedIn("u-person", "auditor");
  const Asker viewer = SignedIn("v-person", "viewer");
  EXPECT_EQ(Client().Get("/api/v1/events", auditor.headers)->status, 200);
  EXPECT_EQ(Client().Get("/api/v1/events", viewer.headers)->status, 200);
  const auto reads = [&](const std::string& subject) {
    return record_->access_log().Read({.subject = subject}).at("items").size();
  };
  EXPECT_EQ(reads("u-person"), 1U);
  EXPECT_EQ(reads("v-person"), 0U);
  SetClock("2026-04-01T00:00:00Z");
  const Asker later = SignedIn("u-person", "auditor");
  EXPECT_EQ(Client().Get("/api/v1/events", later.headers)->status, 403);
}

TEST_F(HttpRightsTest, NobodyHandsOnMoreThanTheyHold) {
  const Asker manager = SignedIn("q-person", "quality_manager");
  SignedIn("v-person", "viewer");
  const auto grant = [&](const Json& body) {
    return Client()
        .Post("/api/v1/accounts/v-person/roles", manager.headers, body.dump(), "application/json")
        ->status;
  };
  EXPECT_EQ(grant({{"role", "auditor"}, {"until", "2026-03-20T00:00:00Z"}}), 201);
  EXPECT_EQ(grant({{"role", "reviewer"}}), 201);
  EXPECT_EQ(grant({{"role", "administrator"}}), 403);
  EXPECT_EQ(grant({{"role", "no_such_role"}}), 422);
}

}  // namespace
}  // namespace monitor::service
