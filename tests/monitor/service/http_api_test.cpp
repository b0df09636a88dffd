#include <gtest/gtest.h>

#include "tests/monitor/service/http_fixture.h"

namespace monitor::service {
namespace {

class HttpApiTest : public HttpTest {};

TEST_F(HttpApiTest, AnAgentSubmitsAndEveryoneReads) {
  const Json receipt = SubmitOne();
  EXPECT_EQ(receipt.at("schema"), "etalon.receipt/1");
  const Json list = GetJson("/api/v1/measurements?instrument=lsm-1");
  ASSERT_EQ(list.at("items").size(), 1U);
  EXPECT_EQ(list["items"][0]["key"], receipt["key"]);
  const Json one = GetJson("/api/v1/measurements/" + receipt["key"].get<std::string>());
  EXPECT_EQ(one["document"]["a_field_of_the_future"], Json({1, 2, 3}));
  EXPECT_EQ(Client().Get(one["pictures"][0]["url"].get<std::string>())->body, "\x89PNG\r\n\x1a\n");
  const Json series = GetJson("/api/v1/series?subject=lsm-1/63x-561&quantity=psf.fwhm.z&channel=0");
  ASSERT_EQ(series.at("points").size(), 1U);
  EXPECT_EQ(series["points"][0]["value"], 0.5);
  EXPECT_EQ(GetJson("/api/v1/fitness?instrument=lsm-1&configuration=63x-561&profile=routine")
                .at("instrument"),
            "lsm-1");
}

TEST_F(HttpApiTest, SubmittingTwiceStoresOnce) {
  const Json first = SubmitOne();
  const Json again =
      PostJson("/api/v1/measurements",
               Signed(SubmissionOf("raw", "\x89PNG\r\n\x1a\n", 0.5), signer_), agent_, 200);
  EXPECT_EQ(first, again);
  EXPECT_EQ(GetJson("/api/v1/measurements").at("items").size(), 1U);
}

TEST_F(HttpApiTest, ASubmissionWaitsForItsFiles) {
  const Json problem =
      PostJson("/api/v1/measurements", SubmissionOf("never stored", "nor this", 0.5), agent_, 409);
  EXPECT_EQ(TypeOf(problem), "blob_missing");
  EXPECT_NE(problem["detail"].get<std::string>().find(DigestOf("never stored")), std::string::npos);
  EXPECT_EQ(GetJson("/api/v1/measurements").at("items").size(), 0U);
}

TEST_F(HttpApiTest, NothingThatWritesIsOpen) {
  for (const Route& route : server_->routes()) {
    if (route.method == "GET" || route.right == kAnyone || route.right.ends_with(".read")) {
      continue;
    }
    std::string target = route.pattern;
    for (std::size_t open = target.find('{'); open != target.npos; open = target.find('{')) {
      target.replace(open, target.find('}') - open + 1, "x");
    }
    httplib::Client client = Client();
    const auto send = [&](const httplib::Headers& headers) {
      return route.method == "PUT" ? client.Put(target, headers, "{}", "application/json")
                                   : client.Post(target, headers, "{}", "application/json");
    };
    const auto nobody = send({});
    ASSERT_TRUE(nobody) << target;
    EXPECT_EQ(nobody->status, 401) << target;
    EXPECT_FALSE(nobody->get_header_value("WWW-Authenticate").empty());
    EXPECT_EQ(send(Bearer("etalon_wrong"))->status, 401) << target;
    const int agents = send(Bearer(agent_))->status;
    const bool may = route.right == "measurement.submit" || route.right == "inbox.report";
    EXPECT_EQ(agents == 403, !may) << target << " " << agents;
  }
}

TEST_F(HttpApiTest, CommandsBecomeEvents) {
  const Json appended =
      PostJson("/api/v1/instruments", {{"id", "sd-1"}, {"name", "Spinning disk"}}, admin_, 201);
  EXPECT_TRUE(appended.at("log_index").is_number_unsigned());
  EXPECT_EQ(GetJson("/api/v1/instruments/sd-1").at("name"), "Spinning disk");
  const Json hold = PostJson(
      "/api/v1/holds", {{"id", "h1"}, {"instrument", "lsm-1"}, {"reason", "laser shutter broken"}},
      admin_, 201);
  EXPECT_EQ(GetJson("/api/v1/fitness?instrument=lsm-1&profile=routine").at("verdict"),
            "out_of_spec");
  PostJson("/api/v1/holds/h1/release", {{"reason", "repaired"}}, admin_, 201);
  EXPECT_NE(GetJson("/api/v1/fitness?instrument=lsm-1&profile=routine").at("verdict"),
            "out_of_spec");
  const Json events = GetJson("/api/v1/events?from=" + hold["log_index"].dump() + "&limit=1");
  EXPECT_EQ(events.at("items").size(), 1U);
}

TEST_F(HttpApiTest, TheAddressAndTheBodyMustAgree) {
  const Json problem =
      PostJson("/api/v1/holds/h1/release", {{"hold", "h2"}, {"reason", "repaired"}}, admin_, 400);
  EXPECT_EQ(TypeOf(problem), "path_mismatch");
}

TEST_F(HttpApiTest, UnknownParametersNameTheNearest) {
  const Json problem = GetJson("/api/v1/measurements?instrumnt=lsm-1", 400);
  EXPECT_EQ(TypeOf(problem), "unknown_parameter");
  EXPECT_NE(problem["detail"].get<std::string>().find("\"instrument\""), std::string::npos);
  EXPECT_EQ(TypeOf(GetJson("/healthz?x=1", 400)), "unknown_parameter");
  EXPECT_EQ(TypeOf(GetJson("/api/v1/series?quantity=psf.snr", 400)), "missing_parameter");
  EXPECT_EQ(TypeOf(GetJson("/api/v1/measurements?limit=-1", 400)), "bad_parameter");
  EXPECT_EQ(TypeOf(GetJson("/api/v1/measurements?limit=1&limit=2", 400)), "bad_parameter");
}

TEST_F(HttpApiTest, AsOfIsRecordedTime) {
  const std::string before = "2026-03-01T09:00:00Z";
  SetClock("2026-03-02T09:00:00Z");
  PostJson("/api/v1/instruments", {{"id", "sd-1"}, {"name", "Spinning disk"}}, admin_, 201);
  EXPECT_EQ(GetJson("/api/v1/instruments").at("items").size(), 2U);
  EXPECT_EQ(GetJson("/api/v1/instruments?as_of=" + before).at("items").size(), 1U);
  EXPECT_EQ(TypeOf(GetJson("/api/v1/instruments?as_of=yesterday", 400)), "bad_time");
}

TEST_F(HttpApiTest, UnknownThingsAre404AndWrongMethods405) {
  EXPECT_EQ(TypeOf(GetJson("/api/v1/nonsense", 404)), "not_found");
  EXPECT_EQ(GetJson("/api/v1/instruments/none", 404).at("status"), 404);
  const auto result = Client().Delete("/api/v1/instruments");
  EXPECT_EQ(result->status, 405);
  EXPECT_EQ(result->get_header_value("Allow"), "GET, POST");
}

TEST_F(HttpApiTest, ReadsCarryAnEtagThatTimeDoesNotChange) {
  SubmitOne();
  const auto first = Client().Get("/api/v1/instruments");
  const std::string etag = first->get_header_value("ETag");
  ASSERT_FALSE(etag.empty());
  SetClock("2026-03-01T09:00:30Z");
  EXPECT_EQ(Client().Get("/api/v1/instruments", {{"If-None-Match", etag}})->status, 304);
  PostJson("/api/v1/instruments", {{"id", "sd-1"}, {"name", "Spinning disk"}}, admin_, 201);
  EXPECT_EQ(Client().Get("/api/v1/instruments", {{"If-None-Match", etag}})->status, 200);
}

TEST_F(HttpApiTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const char* target : {"/healthz", "/api/v1/nonsense", "/metrics", "/api/v1/instruments"}) {
    const auto result = Client().Get(target);
    const std::string policy = result->get_header_value("Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'self'")) << target;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(result->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(result->get_header_value("X-Frame-Options"), "DENY");
    EXPECT_EQ(result->get_header_value("Referrer-Policy"), "no-referrer");
  }
}

TEST_F(HttpApiTest, ListsAlsoAsCsv) {
  SubmitOne();
  PostJson("/api/v1/instruments", {{"id", "sd-1"}, {"name", "Disk, \"old\""}}, admin_, 201);
  const auto csv = Client().Get("/api/v1/instruments?format=csv");
  EXPECT_EQ(csv->get_header_value("Content-Type"), "text/csv; charset=utf-8");
  EXPECT_TRUE(csv->body.starts_with("id,name,")) << csv->body;
  EXPECT_NE(csv->body.find("sd-1,\"Disk, \"\"old\"\"\","), std::string::npos) << csv->body;
  const auto accepted = Client().Get("/api/v1/measurements", {{"Accept", "text/csv"}});
  EXPECT_NE(accepted->body.find("lsm-1,63x-561,PSF-03"), std::string::npos) << accepted->body;
  EXPECT_EQ(TypeOf(GetJson("/api/v1/instruments?format=xml", 400)), "bad_parameter");
}

TEST_F(HttpApiTest, FitnessInBatches) {
  const Json answer =
      PostJson("/api/v1/fitness",
               {{"queries", Json::array({{{"instrument", "lsm-1"}, {"profile", "routine"}},
                                         {{"instrument", "none"}}})}},
               "", 200);
  ASSERT_EQ(answer.at("items").size(), 2U);
  EXPECT_EQ(answer["items"][0].at("verdict"), "unknown");
  EXPECT_EQ(answer["items"][1].at("problem").at("status"), 404);
  EXPECT_EQ(TypeOf(PostJson("/api/v1/fitness", {{"asks", 1}}, "", 400)), "bad_query");
}

TEST_F(HttpApiTest, AgentsEnrolByACodeAndReportTheirInbox) {
  const Json opened = PostJson("/api/v1/agents/enrolments",
                               {{"agent", "room-2"}, {"instruments", {"lsm-1"}}}, admin_, 201);
  const sop::journal::SigningKey key = sop::journal::GenerateSigningKey();
  const Json enrol = {{"code", opened.at("code")}, {"public_key", sop::journal::PublicKeyOf(key)}};
  const Json enrolled = PostJson("/api/v1/agents/enrol", enrol, "", 201);
  EXPECT_EQ(TypeOf(PostJson("/api/v1/agents/enrol", enrol, "", 403)), "enrolment_refused");
  const std::string token = enrolled.at("token");
  const auto session = Client().Get("/api/v1/session", Bearer(token));
  const Json who = Json::parse(session->body);
  EXPECT_EQ(who.at("subject"), "agent:room-2");
  EXPECT_EQ(who.at("role"), "agent");
  EXPECT_TRUE(GetJson("/api/v1/session").at("role").is_null());
  PostJson("/api/v1/inbox",
           {{"entries", Json::array({{{"name", "a.tif"},
                                      {"reason", "no rule matches"},
                                      {"candidates", Json::array()},
                                      {"seen_at", "2026-03-01T09:00:00Z"}}})}},
           token, 200);
  const Json inbox = GetJson("/api/v1/inbox");
  ASSERT_EQ(inbox.at("items").size(), 1U) << inbox;
  EXPECT_EQ(inbox["items"][0]["name"], "a.tif");
  EXPECT_EQ(contacts_.LastSeen().count("room-2"), 1U);
  const Json agents = GetJson("/api/v1/agents");
  ASSERT_EQ(agents.at("items").size(), 2U) << agents;
  EXPECT_EQ(agents["items"][1]["agent"], "room-2");
  EXPECT_EQ(agents["items"][1]["last_seen"], "2026-03-01T09:00:00.000Z");
  EXPECT_TRUE(agents["items"][0]["last_seen"].is_null());
}

TEST_F(HttpApiTest, ARevokedAgentIsToldWhyWhateverItAsks) {
  SubmitOne();
  PostJson("/api/v1/agents/confocal-room/revoke", {{"reason", "PC was stolen"}}, admin_, 201);
  const Json problem =
      PostJson("/api/v1/measurements",
               Signed(SubmissionOf("raw", "\x89PNG\r\n\x1a\n", 0.5), signer_), agent_, 403);
  EXPECT_EQ(TypeOf(problem), "agent_revoked");
  EXPECT_NE(problem.at("detail").get<std::string>().find("PC was stolen"), std::string::npos);
  EXPECT_EQ(Put(DigestOf("x"), "x", agent_), 403);
  EXPECT_EQ(GetJson("/api/v1/measurements").at("items").size(), 1U);
}

TEST_F(HttpApiTest, AnAgentMayNotSpeakForAnother) {
  const std::string other = Enrol("room-2").token;
  const Json submission = Signed(SubmissionOf("raw", "\x89PNG\r\n\x1a\n", 0.5), signer_);
  EXPECT_GT(Put(DigestOf("raw"), "raw", other), 0);
  EXPECT_GT(Put(DigestOf("\x89PNG\r\n\x1a\n"), "\x89PNG\r\n\x1a\n", other), 0);
  EXPECT_EQ(TypeOf(PostJson("/api/v1/measurements", submission, other, 403)),
            "signature_wrong_agent");
  const Json rotation = {{"public_key", sop::journal::PublicKeyOf(signer_.key)},
                         {"replaces", signer_.KeyId()},
                         {"signature", submission.at("signature")}};
  EXPECT_EQ(TypeOf(PostJson("/api/v1/agents/confocal-room/key", rotation, other, 403)),
            "signature_wrong_agent");
}

TEST_F(HttpApiTest, BadJsonIsAProblem) {
  const auto result =
      Client().Post("/api/v1/instruments", Bearer(admin_), "{\"id\":", "application/json");
  EXPECT_EQ(result->status, 400);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(Client().Post("/api/v1/instruments", Bearer(admin_), deep, "application/json")->status,
            400);
}

TEST_F(HttpApiTest, TheBadgeSaysWordShapeAndDate) {
  const auto badge = Client().Get("/badge/lsm-1.svg");
  ASSERT_EQ(badge->status, 200);
  EXPECT_EQ(badge->get_header_value("Content-Type"), "image/svg+xml");
  EXPECT_NE(badge->body.find(">Unknown<"), std::string::npos) << badge->body;
  EXPECT_NE(badge->body.find("stroke-dasharray"), std::string::npos);
  EXPECT_NE(badge->body.find("2026-03-01"), std::string::npos);
  EXPECT_EQ(Client().Get("/badge/none.svg")->status, 404);
  PostJson("/api/v1/holds", {{"instrument", "lsm-1"}, {"reason", "broken"}}, admin_, 201);
  EXPECT_NE(Client().Get("/badge/lsm-1.svg")->body.find(">Out of spec<"), std::string::npos);
}

TEST_F(HttpApiTest, ABadgeOfAConfigurationIsThatConfigurationsOwn) {
  for (const char* id : {"20x", "spare"}) {
    record_->Command("configuration_registered", {{"id", id}, {"instrument", "lsm-1"}}, "admin");
  }
  record_->Command("assignment_made",
                   {{"procedure", "PSF-03"}, {"instrument", "lsm-1"}, {"configuration", "20x"}},
                   "admin");
  SubmitOne(0.5);
  const auto word = [&](const std::string& configuration, const char* expected) {
    const auto badge = Client().Get("/badge/lsm-1.svg?configuration=" + configuration);
    ASSERT_EQ(badge->status, 200) << badge->body;
    EXPECT_NE(badge->body.find(expected), std::string::npos) << configuration << badge->body;
  };
  word("63x-561", ">In spec<");
  word("20x", ">Unknown<");
  word("63x-561&profile=routine", ">In spec<");
  // Two fail; an instrument's verdict names one of them only.
  PostJson("/api/v1/holds",
           {{"instrument", "lsm-1"}, {"configuration", "63x-561"}, {"reason", "broken"}}, admin_,
           201);
  word("63x-561", ">Out of spec<");
  word("20x", ">Unknown<");
  EXPECT_EQ(Client().Get("/badge/lsm-1.svg?configuration=none")->status, 404);
}

TEST_F(HttpApiTest, ThePublicStatusLeaksLittle) {
  const Json status = GetJson("/status");
  ASSERT_EQ(status.at("items").size(), 1U);
  EXPECT_EQ(status["items"][0]["word"], "Unknown");
  EXPECT_FALSE(status["items"][0].contains("reasons"));
  EXPECT_EQ(GetJson("/status/lsm-1").at("verdict"), "unknown");
}

TEST_F(HttpApiTest, CheckpointAndProofs) {
  const auto note = Client().Get("/checkpoint");
  EXPECT_TRUE(note->body.starts_with("demo/test\n")) << note->body;
  EXPECT_EQ(GetJson("/api/v1/proof/0").at("log_index"), 0);
  EXPECT_EQ(GetJson("/api/v1/proof/99999", 404).at("status"), 404);
  EXPECT_EQ(TypeOf(GetJson("/api/v1/proof/first", 400)), "bad_parameter");
}

TEST_F(HttpApiTest, MachinesFindWhatTheyNeed) {
  EXPECT_EQ(GetJson("/healthz").at("state"), "alive");
  EXPECT_EQ(GetJson("/readyz").at("state"), "ready");
  const Json targets = GetJson("/api/v1/http_sd");
  EXPECT_EQ(targets.at(0).at("targets").at(0), "127.0.0.1:" + std::to_string(server_->port()));
}

TEST_F(HttpApiTest, APageKeepsItsStateInTheAddress) {
  const auto page =
      Client().Get("/instruments/lsm-1?quantity=psf.fwhm.x&as_of=2026-11-22T20:00:00Z");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_TRUE(page->get_header_value("Content-Type").starts_with("text/html"));
}

}  // namespace
}  // namespace monitor::service
