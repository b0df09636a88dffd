#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "sop/store/connection.h"
#include "tests/monitor/service/http_fixture.h"

// The weak sides of the HTTP library, each over a real socket.
namespace monitor::service {
namespace {

class HttpGuardTest : public HttpTest {
 protected:
  static bool HasStatus(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
  }
  static bool HasType(const std::string& answer, const std::string& type) {
    return answer.find("\"type\":\"/problems/" + type + "\"") != std::string::npos &&
           answer.find("Content-Type: application/problem+json") != std::string::npos;
  }
  [[nodiscard]] std::string PutHead(const std::string& headers) const {
    return "PUT /api/v1/blobs/" + DigestOf("x") + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " +
           agent_ + "\r\n" + headers + "\r\n";
  }
};

TEST_F(HttpGuardTest, RefusesChunkedBodies) {
  const std::string answer = Raw(PutHead("Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\n\r\n");
  EXPECT_TRUE(HasStatus(answer, 411)) << answer;
  EXPECT_TRUE(HasType(answer, "length_required")) << answer;
  EXPECT_FALSE(blobs_->Has(DigestOf("x")));
}

TEST_F(HttpGuardTest, RefusesCompressedBodies) {
  const std::string answer = Raw(PutHead("Content-Encoding: gzip\r\nContent-Length: 1\r\n") + "x");
  EXPECT_TRUE(HasStatus(answer, 415)) << answer;
  EXPECT_TRUE(HasType(answer, "content_encoding")) << answer;
}

TEST_F(HttpGuardTest, RefusesMultipartForms) {
  const std::string answer =
      Raw(PutHead("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1\r\n") + "x");
  EXPECT_TRUE(HasStatus(answer, 415)) << answer;
}

TEST_F(HttpGuardTest, RefusesMoreThanAHundredHeaders) {
  std::string request = "GET /healthz HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 99; ++i) request += "A" + std::to_string(i) + ": b\r\n";
  EXPECT_TRUE(HasStatus(Raw(request + "\r\n"), 200));
  const std::string answer = Raw(request + "One: more\r\n\r\n");
  EXPECT_TRUE(HasStatus(answer, 431)) << answer;
}

TEST_F(HttpGuardTest, EndlessHeadersEndAtTheLimitOfBytes) {
  const RawClient client(server_->port());
  client.Send("GET /healthz HTTP/1.1\r\n");
  const std::string line = "A: " + std::string(1000, 'b') + "\r\n";
  for (int i = 0; i < 40 && client.Send(line); ++i) {
  }
  client.Send("\r\n");
  EXPECT_FALSE(HasStatus(client.ReadAll(), 200));
}

TEST_F(HttpGuardTest, RefusesControlCharactersInHeaders) {
  const std::string answer =
      Raw("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Test: a%0D%0ASet-Cookie: b\r\n\r\n");
  // Either the library leaves the value encoded (harmless) or the guard refuses what it decoded.
  EXPECT_TRUE(HasStatus(answer, 400)) << answer;
  EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
}

TEST_F(HttpGuardTest, RefusesControlCharactersInPathAndQuery) {
  EXPECT_TRUE(HasStatus(Raw("GET /healthz%0A HTTP/1.1\r\nHost: a\r\n\r\n"), 400));
  EXPECT_TRUE(HasStatus(Raw("GET /healthz%00 HTTP/1.1\r\nHost: a\r\n\r\n"), 400));
  EXPECT_TRUE(HasStatus(Raw("GET /healthz?a=%0D%0A HTTP/1.1\r\nHost: a\r\n\r\n"), 400));
}

TEST_F(HttpGuardTest, RefusesHeadersThatShadowTheAddress) {
  const std::string answer =
      Raw("GET /healthz HTTP/1.1\r\nHost: a\r\nREMOTE_ADDR: 10.0.0.1\r\n\r\n");
  EXPECT_TRUE(HasStatus(answer, 400)) << answer;
}

TEST_F(HttpGuardTest, AsksForTheLengthOfAWrite) {
  EXPECT_TRUE(HasStatus(Raw(PutHead("")), 411));
  EXPECT_TRUE(HasStatus(Raw(PutHead("Content-Length: -1\r\n")), 400));
  EXPECT_TRUE(HasStatus(Raw(PutHead("Content-Length: 1x\r\n") + "x"), 400));
  EXPECT_TRUE(HasStatus(Raw(PutHead("Content-Length: 1\r\nContent-Length: 2\r\n") + "xx"), 400));
  EXPECT_TRUE(
      HasStatus(Raw("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), 400));
}

TEST_F(HttpGuardTest, CapsTheDeclaredLength) {
  ServerOptions options;
  options.port = 0;
  options.limits.json_bytes = 100;
  options.limits.blob_bytes = 1000;
  Start(options);
  const std::string answer = Raw(PutHead("Content-Length: 1001\r\n") + std::string(1001, 'x'));
  EXPECT_TRUE(HasStatus(answer, 413)) << answer;
  EXPECT_EQ(TypeOf(PostJson("/api/v1/instruments", {{"id", std::string(200, 'a')}}, admin_, 413)),
            "body_too_large");
}

TEST_F(HttpGuardTest, OneRequestAConnection) {
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string answer = Raw(request + request);
  EXPECT_TRUE(HasStatus(answer, 200));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
}

TEST_F(HttpGuardTest, LongRangeListsDoNoHarm) {
  std::string ranges = "Range: bytes=0-0";
  while (ranges.size() < 8000) ranges += ",0-0";
  static_cast<void>(Raw("GET /healthz HTTP/1.1\r\nHost: a\r\n" + ranges + "\r\n\r\n"));
  EXPECT_EQ(Client().Get("/healthz")->status, 200);
  const auto whole = Client().Get("/healthz")->body;
  for (const char* range : {"bytes=1-2", "bytes=99999-", "bytes=0-0,99-100"}) {
    const auto answer = Client().Get("/healthz", {{"Range", range}});
    EXPECT_EQ(answer->status, 200) << range;
    EXPECT_EQ(answer->body, whole) << range;
  }
  const auto ranged = Client().Get("/metrics", {{"Range", "bytes=0-3,0-3,0-3"}});
  EXPECT_EQ(ranged->status, 200);
}

TEST_F(HttpGuardTest, LongPathsDoNoHarm) {
  const std::string answer =
      Raw("POST /" + std::string(6000, 'a') + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(HasStatus(answer, 414)) << answer.substr(0, 200);
}

TEST_F(HttpGuardTest, ManySlowRequestsDoNotStallTheOthers) {
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 24; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->Send("GET /healthz HTTP/1.1\r\n");
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Client().Get("/healthz")->status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(HttpGuardTest, AHeadThatDripsIsCutOff) {
  ServerOptions options;
  options.port = 0;
  options.times.head = std::chrono::milliseconds(400);
  Start(options);
  const RawClient client(server_->port());
  const auto begin = std::chrono::steady_clock::now();
  bool open = true;
  for (int i = 0; i < 100 && open; ++i) {
    open = client.Send("G");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_FALSE(open);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(HttpGuardTest, ABodyThatStopsIsCutOff) {
  ServerOptions options;
  options.port = 0;
  options.times.idle = std::chrono::milliseconds(300);
  Start(options);
  const RawClient client(server_->port());
  client.Send(PutHead("Content-Length: 100\r\n") + "x");
  EXPECT_TRUE(HasType(client.ReadAll(), "body_cut_short"));
  EXPECT_FALSE(blobs_->Has(DigestOf("x")));
}

TEST_F(HttpGuardTest, ARefusalArrivesThoughTheBodyIsLarge) {
  const std::string body(4 << 20, 'x');
  const auto result = Client().Put("/api/v1/blobs/" + DigestOf(body), Bearer("wrong"), body,
                                   "application/octet-stream");
  ASSERT_TRUE(result) << httplib::to_string(result.error());
  EXPECT_EQ(result->status, 401);
}

TEST_F(HttpGuardTest, WhoAsksFirstIsRefusedBeforeTheBody) {
  const RawClient client(server_->port());
  client.Send("PUT /api/v1/blobs/" + DigestOf("x") +
              " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(HasStatus(client.ReadAll(), 401));
}

TEST_F(HttpGuardTest, NotHttpIsAnsweredInOurForm) {
  EXPECT_TRUE(HasType(Raw("hello\r\n\r\n"), "bad_request"));
}

TEST_F(HttpGuardTest, TwoServersDoNotShareAPort) {
  ServerOptions options;
  options.port = server_->port();
  EXPECT_THROW(HttpServer(Services{*record_, *blobs_, contacts_, meter_, {}}, options),
               std::runtime_error);
}

TEST_F(HttpGuardTest, StopsWhileClientsDawdle) {
  const RawClient client(server_->port());
  client.Send("GET /healthz HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

/// The library asks this before it reads a body, outside its own guard.
TEST_F(HttpGuardTest, ABrokenRecordIsSaidToAClientThatAsksBeforeSending) {
  sop::store::Connection(database_->where(), sop::store::Access::kReadWrite)
      .Execute("DROP TABLE token");
  const std::string answer = Raw(PutHead("Expect: 100-continue\r\nContent-Length: 1\r\n"));
  EXPECT_TRUE(HasStatus(answer, 503)) << answer;
  EXPECT_TRUE(HasType(answer, "record_unreachable")) << answer;
  EXPECT_EQ(Client().Get("/healthz")->status, 200);
}

/// Agents send again what failed with 5xx, for ever: what can never be stored must not be one.
TEST_F(HttpGuardTest, WhatTheJournalCannotHoldIsTheSendersFault) {
  const auto refused = [&](auto change) {
    Json document =
        Json::parse(Submission(1, 0.5, "2026-03-01T08:00:00Z").at("document").get<std::string>());
    change(document["quantities"]);
    Json submission = Wrap(document);
    submission["raw"] = Json::array();
    return TypeOf(PostJson("/api/v1/measurements", submission, admin_, 422));
  };
  const std::string before = record_->Checkpoint();
  EXPECT_EQ(refused([](Json& quantities) {
              const Json one = quantities[0];
              while (quantities.size() <= 10'000) quantities.push_back(one);
            }),
            "too_large");
  EXPECT_EQ(refused([](Json& quantities) {
              // As deep as a document may be; in its event it stands one deeper.
              Json of = Json::object();
              for (int depth = 1; depth < 61; ++depth) of = {{"a", of}};
              quantities[0]["of"] = of;
            }),
            "wrong_value");
  EXPECT_EQ(record_->Checkpoint(), before);
}

}  // namespace
}  // namespace monitor::service
