#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "tests/monitor/service/http_fixture.h"

namespace monitor::service {
namespace {

namespace fs = std::filesystem;

class HttpBlobsTest : public HttpTest {
 protected:
  [[nodiscard]] std::size_t TemporaryFiles() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(fs::path(dir_) / "blobs/tmp"))
      ++count;
    return count;
  }
};

TEST_F(HttpBlobsTest, StoresOnceAndGivesBackTheSameBytes) {
  std::string bytes(3 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 7);
  const std::string digest = DigestOf(bytes);
  EXPECT_EQ(Client().Head("/api/v1/blobs/" + digest)->status, 404);
  EXPECT_EQ(Put(digest, bytes, agent_), 201);
  EXPECT_EQ(Put(digest, bytes, agent_), 200);
  EXPECT_TRUE(
      fs::exists(fs::path(dir_) / "blobs" / digest.substr(0, 2) / digest.substr(2, 2) / digest));
  EXPECT_EQ(Client().Head("/api/v1/blobs/" + digest)->status, 200);
  const auto got = Client().Get("/api/v1/blobs/" + digest);
  EXPECT_EQ(got->body, bytes);
  EXPECT_EQ(got->get_header_value("Content-Type"), "application/octet-stream");
  EXPECT_EQ(got->get_header_value("Content-Disposition"), "attachment");
  EXPECT_EQ(Client()
                .Get("/api/v1/blobs/" + digest, {{"If-None-Match", got->get_header_value("ETag")}})
                ->status,
            304);
  EXPECT_EQ(TemporaryFiles(), 0U);
}

TEST_F(HttpBlobsTest, AnEmptyFileIsAFile) {
  EXPECT_EQ(Put(DigestOf(""), "", agent_), 201);
  EXPECT_EQ(Client().Get("/api/v1/blobs/" + DigestOf(""))->body, "");
}

TEST_F(HttpBlobsTest, AnotherDigestStoresNothing) {
  EXPECT_EQ(Put(DigestOf("other"), "bytes", agent_), 422);
  EXPECT_FALSE(blobs_->Has(DigestOf("other")));
  EXPECT_FALSE(blobs_->Has(DigestOf("bytes")));
  EXPECT_EQ(TemporaryFiles(), 0U);
}

TEST_F(HttpBlobsTest, OnlyADigestIsAName) {
  EXPECT_EQ(Put("..%2F..%2Fetalon.db", "x", agent_), 404);
  EXPECT_EQ(Put(std::string(64, 'A'), "x", agent_), 400);
  EXPECT_EQ(Client().Get("/api/v1/blobs/abc")->status, 400);
}

TEST_F(HttpBlobsTest, PicturesAreShownOthersDownloaded) {
  const std::string png = "\x89PNG\r\n\x1a\n....";
  const std::string html = "<html><script>alert(1)</script>";
  EXPECT_EQ(Put(DigestOf(png), png, agent_), 201);
  EXPECT_EQ(Put(DigestOf(html), html, agent_), 201);
  EXPECT_EQ(Client().Get("/api/v1/blobs/" + DigestOf(png))->get_header_value("Content-Type"),
            "image/png");
  EXPECT_EQ(Client().Get("/api/v1/blobs/" + DigestOf(html))->get_header_value("Content-Type"),
            "application/octet-stream");
}

TEST_F(HttpBlobsTest, AnInterruptedUploadLeavesNothing) {
  const std::string bytes(100'000, 'x');
  {
    const RawClient client(server_->port());
    client.Send("PUT /api/v1/blobs/" + DigestOf(bytes) +
                " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + agent_ +
                "\r\nContent-Length: 100000\r\n\r\n" + bytes.substr(0, 50'000));
  }
  EXPECT_EQ(Put(DigestOf(bytes), bytes, agent_), 201);
  server_->Stop();
  EXPECT_EQ(TemporaryFiles(), 0U);
}

TEST_F(HttpBlobsTest, ManyAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> stored = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const std::string bytes = std::to_string(i / 2) + std::string(50'000, 'y');
      const int status = Put(DigestOf(bytes), bytes, agent_);
      if (status == 200 || status == 201) ++stored;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, 8);
}

}  // namespace
}  // namespace monitor::service
