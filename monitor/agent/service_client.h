#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace httplib {
class Client;
struct Request;
}  // namespace httplib

namespace monitor::agent {

inline constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;

/// What came back, or that nothing did.
struct Answer {
  int status = 0;  ///< 0: the service was not reached; `body` says why
  std::string body;
  std::string etag{};
  std::string log_key{};  ///< Etalon-Verifier-Key, with a checkpoint
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// The service as the agent sees it: a few requests, each on a connection of its own. An answer
/// longer than kMaxAnswerBytes counts as not reached.
/// Threads  one, but `Cancel` may come from any.
class ServiceClient {
 public:
  /// `url` is "http://host:port" or "https://..."; `token` may be empty.
  ServiceClient(std::string url, std::string token);
  ~ServiceClient();

  [[nodiscard]] Answer Get(const std::string& path);
  [[nodiscard]] Answer PostJson(const std::string& path, const std::string& json);
  /// 200 with the digest as `etag`, or 404.
  [[nodiscard]] Answer HeadBlob(const std::string& sha256);
  /// Streams the file with its Content-Length. Errors  StorageError when the file cannot be read:
  /// that says nothing about the service.
  [[nodiscard]] Answer PutBlob(const std::string& sha256, const std::filesystem::path& file);
  /// Ends the request under way, and refuses later ones.
  void Cancel();

 private:
  Answer Exchange(httplib::Request request);

  std::string url_;
  std::string token_;
  std::mutex mutex_;
  std::shared_ptr<httplib::Client> current_;
  bool cancelled_ = false;
};

/// `text` as one part of a URL path.
[[nodiscard]] std::string EncodeUrlPart(std::string_view text);

}  // namespace monitor::agent
