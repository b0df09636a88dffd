#pragma once

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "monitor/service/http_server.h"
#include "monitor/service/people.h"
#include "sop/journal/merkle.h"
#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {

/// One TCP connection that says exactly what a test wants it to say.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  /// False once the other side has closed.
  bool Send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// All until the other side closes.
  [[nodiscard]] std::string ReadAll() const {
    std::string all;
    char buffer[4096];
    for (;;) {
      const ssize_t got = recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
  bool connected_ = false;
};

/// A real server on a free port over a real record in a temporary folder.
class HttpTest : public RecordTest {
 protected:
  HttpTest() {
    record_->people().SeedRoles();
    ApplyFacility();
    admin_ = record_->IssueToken("admin", "admin");
    const EnrolledAgent enrolled = Enrol("confocal-room");
    signer_ = enrolled.signer;
    agent_ = enrolled.token;
    blobs_ = std::make_unique<BlobStore>(std::filesystem::path(dir_) / "blobs");
    ServerOptions options;
    options.port = 0;
    Start(options);
  }
  ~HttpTest() override { server_.reset(); }

  void Start(const ServerOptions& options) {
    server_.reset();
    server_ = std::make_unique<HttpServer>(
        Services{*record_, *blobs_, contacts_, meter_, [this] { return FromMs(now_ms_.load()); }},
        options);
  }

  [[nodiscard]] httplib::Client Client() const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(20);
    return client;
  }
  [[nodiscard]] std::string Raw(std::string_view request) const {
    const RawClient client(server_->port());
    client.Send(request);
    return client.ReadAll();
  }
  static httplib::Headers Bearer(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
  }

  [[nodiscard]] Json GetJson(const std::string& target, int status = 200,
                             const std::string& token = "") const {
    const auto result = Client().Get(target, token.empty() ? httplib::Headers{} : Bearer(token));
    if (!result) {
      ADD_FAILURE() << target << ": " << httplib::to_string(result.error());
      return {};
    }
    EXPECT_EQ(result->status, status) << target << "\n" << result->body;
    return Json::parse(result->body, nullptr, false);
  }
  Json PostJson(const std::string& target, const Json& body, const std::string& token,
                int status) const {
    const auto result = Client().Post(target, token.empty() ? httplib::Headers{} : Bearer(token),
                                      body.dump(), "application/json");
    if (!result) {
      ADD_FAILURE() << target << ": " << httplib::to_string(result.error());
      return {};
    }
    EXPECT_EQ(result->status, status) << target << "\n" << result->body;
    return Json::parse(result->body, nullptr, false);
  }
  /// The last part of a problem's type.
  static std::string TypeOf(const Json& problem) {
    const std::string type = problem.value("type", "");
    return type.substr(type.rfind('/') + 1);
  }

  static std::string DigestOf(std::string_view bytes) {
    return sop::journal::ToHex(sop::journal::Sha256(bytes));
  }
  [[nodiscard]] int Put(const std::string& digest, const std::string& bytes,
                        const std::string& token) const {
    const auto result =
        Client().Put("/api/v1/blobs/" + digest, Bearer(token), bytes, "application/octet-stream");
    return result ? result->status : -1;
  }
  /// A submission whose raw file and picture have the given bytes.
  static Json SubmissionOf(const std::string& raw, const std::string& picture, double fwhm) {
    Json document =
        Json::parse(Submission(1, fwhm, "2026-03-01T08:00:00Z").at("document").get<std::string>());
    document["inputs"][0]["sha256"] = DigestOf(raw);
    Json submission = Wrap(document);
    submission["pictures"] = Json::array(
        {{{"name", "psf_xy"}, {"media_type", "image/png"}, {"sha256", DigestOf(picture)}}});
    return submission;
  }
  /// Stores one measurement the way an agent does.
  Json SubmitOne(double fwhm = 0.5) const {
    EXPECT_GT(Put(DigestOf("raw"), "raw", agent_), 0);
    EXPECT_GT(Put(DigestOf("\x89PNG\r\n\x1a\n"), "\x89PNG\r\n\x1a\n", agent_), 0);
    return PostJson("/api/v1/measurements",
                    Signed(SubmissionOf("raw", "\x89PNG\r\n\x1a\n", fwhm), signer_), agent_, 201);
  }

  std::string admin_;
  std::string agent_;
  measurement::AgentSigner signer_;
  std::unique_ptr<BlobStore> blobs_;
  AgentContacts contacts_;
  RequestMeter meter_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace monitor::service
