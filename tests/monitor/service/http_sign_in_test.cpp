#include <gtest/gtest.h>

#include "monitor/service/sign_ins.h"
#include "tests/monitor/service/http_fixture.h"

namespace monitor::service {
namespace {

constexpr const char* kPassword = "correct horse battery";

class HttpSignInTest : public HttpTest {
 protected:
  HttpSignInTest() {
    record_->Command("account_created", {{"id", "ana"}, {"name", "Ana Sousa"}}, "admin");
    record_->Command("role_granted", {{"account", "ana"}, {"role", "reviewer"}}, "admin");
    record_->people().SetPassword("ana", kPassword, "ana");
  }

  [[nodiscard]] std::string Own() const {
    return "http://127.0.0.1:" + std::to_string(server_->port());
  }
  httplib::Result SignIn(const std::string& account, const std::string& password,
                         const httplib::Headers& headers = {}) const {
    return Client().Post("/api/v1/session", headers,
                         Json({{"account", account}, {"password", password}}).dump(),
                         "application/json");
  }
  static std::string CookieOf(const httplib::Result& answer) {
    const std::string header = answer->get_header_value("Set-Cookie");
    return header.substr(0, header.find(';'));
  }
  /// What a page of ours sends with a write.
  [[nodiscard]] httplib::Headers Write(const httplib::Result& session) const {
    return {{"Cookie", CookieOf(session)},
            {"Origin", Own()},
            {"Etalon-Csrf", Json::parse(session->body).at("csrf").get<std::string>()}};
  }
  [[nodiscard]] Json Session(const std::string& cookie) const {
    return Json::parse(Client().Get("/api/v1/session", {{"Cookie", cookie}})->body);
  }
  [[nodiscard]] int Post(const std::string& target, const httplib::Headers& headers,
                         const Json& body = Json::object()) const {
    return Client().Post(target, headers, body.dump(), "application/json")->status;
  }
};

TEST_F(HttpSignInTest, AnAccountSignsInAndOut) {
  const auto session = SignIn("ana", kPassword);
  ASSERT_EQ(session->status, 201) << session->body;
  const std::string header = session->get_header_value("Set-Cookie");
  for (const char* word : {"HttpOnly", "SameSite=Strict", "Path=/"}) {
    EXPECT_NE(header.find(word), std::string::npos) << header;
  }
  EXPECT_EQ(header.find("Secure"), std::string::npos) << "there is no TLS here";
  const std::string cookie = CookieOf(session);
  const Json who = Session(cookie);
  EXPECT_EQ(who.at("subject"), "ana");
  EXPECT_EQ(who.at("role"), "reviewer");
  EXPECT_EQ(who.at("name"), "Ana Sousa");
  EXPECT_EQ(who.at("csrf"), Json::parse(session->body).at("csrf"));
  EXPECT_EQ(Post("/api/v1/session/end", Write(session)), 200);
  EXPECT_TRUE(Session(cookie).at("subject").is_null());
  EXPECT_EQ(Session(cookie).at("over"), true);
  EXPECT_EQ(Session("").at("over"), false);
}

TEST_F(HttpSignInTest, BehindTlsTheCookieStaysOnIt) {
  ServerOptions options;
  options.port = 0;
  options.public_url = "https://etalon.example.org";
  Start(options);
  EXPECT_EQ(SignIn("ana", kPassword, {{"Origin", "http://etalon.example.org"}})->status, 403);
  const auto session = SignIn("ana", kPassword, {{"Origin", "https://etalon.example.org"}});
  ASSERT_EQ(session->status, 201);
  const std::string header = session->get_header_value("Set-Cookie");
  EXPECT_TRUE(header.starts_with("__Host-etalon_session=")) << header;
  EXPECT_NE(header.find("; Secure"), std::string::npos) << header;
}

TEST_F(HttpSignInTest, AnUnknownAccountAnswersAsAWrongPassword) {
  const auto wrong = SignIn("ana", "not the password");
  const auto unknown = SignIn("nobody", "not the password");
  EXPECT_EQ(wrong->status, 401);
  EXPECT_EQ(unknown->status, 401);
  EXPECT_EQ(wrong->body, unknown->body);
  EXPECT_FALSE(wrong->has_header("Set-Cookie"));
}

TEST_F(HttpSignInTest, WhatSomebodyMayReadIsNotForSharedCaches) {
  const auto session = SignIn("ana", kPassword);
  const auto own = Client().Get("/api/v1/instruments", {{"Cookie", CookieOf(session)}});
  EXPECT_EQ(own->get_header_value("Cache-Control"), "private, max-age=2");
  EXPECT_NE(own->get_header_value("Vary").find("Cookie"), std::string::npos);
  EXPECT_EQ(Client().Get("/status")->get_header_value("Cache-Control"), "public, max-age=2");
  EXPECT_EQ(session->get_header_value("Cache-Control"), "no-store");
}

TEST_F(HttpSignInTest, AWriteThatAnotherPageCausedIsRefused) {
  const auto session = SignIn("ana", kPassword);
  const Json hold = {{"instrument", "lsm-1"}, {"reason", "broken"}};
  const auto write = [&](const char* without, const char* name, const std::string& value) {
    httplib::Headers headers = Write(session);
    headers.erase(without);
    if (*name != '\0') headers.emplace(name, value);
    return Post("/api/v1/holds", headers, hold);
  };
  EXPECT_EQ(write("Etalon-Csrf", "", ""), 403);
  EXPECT_EQ(write("Etalon-Csrf", "Etalon-Csrf", std::string(64, '0')), 403);
  EXPECT_EQ(write("Origin", "", ""), 403);
  EXPECT_EQ(write("Origin", "Origin", "http://evil.example"), 403);
  EXPECT_EQ(write("Origin", "Origin", "null"), 403);
  EXPECT_EQ(write("Cookie", "", ""), 401);
  EXPECT_EQ(write("none", "", ""), 201);
  EXPECT_EQ(SignIn("ana", kPassword, {{"Origin", "http://evil.example"}})->status, 403)
      << "signing somebody in under another's account";
}

TEST_F(HttpSignInTest, ASessionEndsIdleAndAtTheEndOfTheDay) {
  const std::string idle = CookieOf(SignIn("ana", kPassword));
  now_ms_ += 3'599'000;
  EXPECT_EQ(Session(idle).at("subject"), "ana");
  now_ms_ += 3'599'000;
  EXPECT_EQ(Session(idle).at("subject"), "ana") << "it was used in between";
  now_ms_ += 3'601'000;
  EXPECT_EQ(Session(idle).at("over"), true);
  const std::string busy = CookieOf(SignIn("ana", kPassword));
  for (int hour = 0; hour < 12; ++hour) {
    EXPECT_EQ(Session(busy).at("subject"), "ana") << hour;
    now_ms_ += 3'600'000;
    record_->sign_ins().Flush();
  }
  now_ms_ += 1000;
  EXPECT_EQ(Session(busy).at("over"), true);
  const auto refused = Client().Get("/api/v1/accounts", {{"Cookie", busy}});
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(TypeOf(Json::parse(refused->body)), "session_over");
}

TEST_F(HttpSignInTest, ChangingThePasswordSignsOutEverywhereElse) {
  const auto here = SignIn("ana", kPassword);
  const std::string elsewhere = CookieOf(SignIn("ana", kPassword));
  const auto change = [&](const char* old_password, const char* password) {
    return Client().Post("/api/v1/account/password", Write(here),
                         Json({{"old_password", old_password}, {"password", password}}).dump(),
                         "application/json");
  };
  EXPECT_EQ(change("not the old one", "battery horse correct")->status, 403);
  EXPECT_EQ(change(kPassword, "too short")->status, 422);
  const auto changed = change(kPassword, "battery horse correct");
  ASSERT_EQ(changed->status, 200) << changed->body;
  EXPECT_EQ(Session(elsewhere).at("over"), true);
  EXPECT_EQ(Session(CookieOf(here)).at("over"), true);
  EXPECT_EQ(Session(CookieOf(changed)).at("subject"), "ana");
  EXPECT_EQ(SignIn("ana", kPassword)->status, 401);
  EXPECT_EQ(SignIn("ana", "battery horse correct")->status, 201);
}

TEST_F(HttpSignInTest, AnInitialPasswordOpensNothingButItsOwnChange) {
  PostJson("/api/v1/accounts/ana/password", {{"password", "given by somebody"}}, admin_, 200);
  const auto session = SignIn("ana", "given by somebody");
  ASSERT_EQ(session->status, 201);
  EXPECT_EQ(Json::parse(session->body).at("password"), "initial");
  EXPECT_EQ(Post("/api/v1/holds", Write(session), {{"instrument", "lsm-1"}, {"reason", "x"}}), 403);
  const auto changed =
      Client().Post("/api/v1/account/password", Write(session),
                    Json({{"old_password", "given by somebody"}, {"password", kPassword}}).dump(),
                    "application/json");
  ASSERT_EQ(changed->status, 200);
  EXPECT_EQ(Session(CookieOf(changed)).at("password"), "own");
}

TEST_F(HttpSignInTest, GuessingIsSlowedDownAndSaysHowLong) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SignIn("ana", "a wrong password")->status, 401);
  EXPECT_EQ(SignIn("ana", "a wrong password")->status, 401);
  const auto slow = SignIn("ana", kPassword);
  EXPECT_EQ(slow->status, 429) << "also the right one: a guess must not be told apart";
  EXPECT_EQ(slow->get_header_value("Retry-After"), "1");
  EXPECT_EQ(TypeOf(Json::parse(slow->body)), "too_many_attempts");
  now_ms_ += 1000;
  EXPECT_EQ(SignIn("ana", kPassword)->status, 201);
}

TEST_F(HttpSignInTest, ClosingAnAccountEndsItsSessionsAndTokens) {
  const std::string cookie = CookieOf(SignIn("ana", kPassword));
  const Json token = record_->sign_ins().MakeToken(
      {"ana", "script", {"record.read"}, FromMs(now_ms_ + 86'400'000)}, "ana");
  const auto who = [&] {
    return Json::parse(Client().Get("/api/v1/session", Bearer(token["token"]))->body).at("subject");
  };
  EXPECT_EQ(who(), "ana");
  PostJson("/api/v1/accounts/ana/close", {{"reason", "left"}}, admin_, 201);
  EXPECT_EQ(Session(cookie).at("over"), true);
  EXPECT_TRUE(who().is_null());
  EXPECT_EQ(SignIn("ana", kPassword)->status, 401);
}

TEST_F(HttpSignInTest, TokensAreShownOnceScopedListedAndRevoked) {
  const auto session = SignIn("ana", kPassword);
  const auto make = [&](const Json& wish) {
    return Client().Post("/api/v1/tokens", Write(session), wish.dump(), "application/json");
  };
  EXPECT_EQ(make({{"name", "x"}, {"rights", {"no.such"}}})->status, 422);
  EXPECT_EQ(make({{"name", "x"}, {"rights", {"account.own"}}})->status, 422)
      << "a token must not make tokens";
  EXPECT_EQ(make({{"name", "x"}, {"rights", Json::array()}})->status, 422);
  EXPECT_EQ(
      make({{"name", "x"}, {"rights", {"hold.place"}}, {"expires_at", "2030-01-01T00:00:00Z"}})
          ->status,
      422);
  const auto made = make({{"name", "script"}, {"rights", {"hold.place", "account.manage"}}});
  ASSERT_EQ(made->status, 201) << made->body;
  const Json token = Json::parse(made->body);
  EXPECT_EQ(token.at("expires_at"), "2026-05-30T09:00:00.000Z") << "90 days";
  const httplib::Headers bearer = Bearer(token.at("token"));
  EXPECT_EQ(Post("/api/v1/holds", bearer, {{"instrument", "lsm-1"}, {"reason", "x"}}), 201);
  EXPECT_EQ(Post("/api/v1/accounts", bearer, {{"id", "eve"}, {"name", "Eve"}}), 403)
      << "a scope adds nothing to what its owner may";
  EXPECT_EQ(Post("/api/v1/tokens", bearer, {{"name", "y"}, {"rights", {"hold.place"}}}), 403);
  record_->sign_ins().Flush();
  const Json list =
      Json::parse(Client().Get("/api/v1/tokens", {{"Cookie", CookieOf(session)}})->body);
  ASSERT_EQ(list.at("items").size(), 1U);
  EXPECT_EQ(list["items"][0]["used_at"], "2026-03-01T09:00:00.000Z");
  EXPECT_EQ(list.dump().find(token.at("token").get<std::string>()), std::string::npos);
  EXPECT_EQ(Post("/api/v1/tokens/" + token["id"].get<std::string>() + "/revoke", Write(session)),
            200);
  EXPECT_EQ(Post("/api/v1/holds", bearer, {{"instrument", "lsm-1"}, {"reason", "x"}}), 401);
}

TEST_F(HttpSignInTest, ASystemHasTokensThatAnAdministratorMakes) {
  record_->Command("account_created", {{"id", "booking"}, {"name", "Booking"}, {"kind", "system"}},
                   "admin");
  record_->Command("role_granted", {{"account", "booking"}, {"role", "viewer"}}, "admin");
  const Json wish = {{"name", "booking"}, {"account", "booking"}, {"rights", {"record.read"}}};
  EXPECT_EQ(Post("/api/v1/tokens", Write(SignIn("ana", kPassword)), wish), 403);
  const Json token = PostJson("/api/v1/tokens", wish, admin_, 201);
  EXPECT_EQ(Client().Get("/api/v1/events", Bearer(token.at("token")))->status, 200);
  EXPECT_EQ(SignIn("booking", kPassword)->status, 401);
  Json other = wish;
  other["account"] = "ana";
  PostJson("/api/v1/tokens", other, admin_, 403);
}

TEST_F(HttpSignInTest, OneEndsOnesOwnSessionsAndNobodyElses) {
  record_->Command("account_created", {{"id", "rui"}, {"name", "Rui"}}, "admin");
  record_->people().SetPassword("rui", kPassword, "rui");
  const std::string rui = CookieOf(SignIn("rui", kPassword));
  const std::string rui_id = record_->sign_ins().Sessions("rui", "").at("items").at(0).at("id");
  const auto ana = SignIn("ana", kPassword);
  const std::string other = CookieOf(SignIn("ana", kPassword));
  EXPECT_EQ(Post("/api/v1/account/sessions/" + rui_id + "/end", Write(ana)), 200);
  EXPECT_EQ(Session(rui).at("subject"), "rui");
  const Json list =
      Json::parse(Client().Get("/api/v1/account/sessions", {{"Cookie", CookieOf(ana)}})->body);
  ASSERT_EQ(list.at("items").size(), 2U);
  for (const Json& item : list["items"]) {
    if (item.at("current") == true) continue;
    EXPECT_EQ(
        Post("/api/v1/account/sessions/" + item["id"].get<std::string>() + "/end", Write(ana)),
        200);
  }
  EXPECT_EQ(Session(other).at("over"), true);
  EXPECT_EQ(Session(CookieOf(ana)).at("subject"), "ana");
  PostJson("/api/v1/accounts/ana/sign-out", Json::object(), admin_, 200);
  EXPECT_EQ(Session(CookieOf(ana)).at("over"), true);
}

/// Reading is open only where nobody but this machine can ask, and only until there are people.
TEST(ReadingPolicy, ClosesWithTheFirstAccountAndIsNeverOpenToANetwork) {
  std::string dir = (std::filesystem::temp_directory_path() / "policy-XXXXXX").string();
  mkdtemp(dir.data());
  {
    QualityRecord record({.data_dir = dir, .log_origin = "example.org/policy", .clock = [] {
                            return std::chrono::floor<std::chrono::milliseconds>(
                                std::chrono::system_clock::now());
                          }});
    record.people().SeedRoles();
    BlobStore blobs(std::filesystem::path(dir) / "blobs");
    AgentContacts contacts;
    RequestMeter meter;
    const auto status = [&](const std::string& public_url, const char* target) {
      ServerOptions options;
      options.port = 0;
      options.public_url = public_url;
      const HttpServer server(Services{record, blobs, contacts, meter,
                                       [] {
                                         return std::chrono::floor<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now());
                                       }},
                              options);
      return httplib::Client("127.0.0.1", server.port()).Get(target)->status;
    };
    EXPECT_EQ(status("", "/api/v1/events"), 200);
    EXPECT_EQ(status("https://etalon.example.org", "/api/v1/events"), 401);
    record.Command("account_created", {{"id", "ana"}, {"name", "Ana"}}, "admin");
    EXPECT_EQ(status("", "/api/v1/events"), 401);
    for (const char* target : {"/status", "/metrics", "/checkpoint", "/healthz"}) {
      EXPECT_EQ(status("", target), 200) << target;
    }
    record.Command("role_defined",
                   {{"id", "public"}, {"title", "Everybody"}, {"rights", {"record.read"}}},
                   "admin");
    EXPECT_EQ(status("", "/api/v1/events"), 200);
    EXPECT_EQ(status("", "/metrics"), 401);
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace monitor::service
