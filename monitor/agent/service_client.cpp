#include "monitor/agent/service_client.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <system_error>

#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

constexpr std::chrono::seconds kConnectTime{5};
constexpr std::chrono::seconds kTransferTime{60};  ///< without a byte moving
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

httplib::Request RequestFor(const char* method, std::string path) {
  httplib::Request request;
  request.method = method;
  request.path = std::move(path);
  return request;
}

std::string BlobPath(const std::string& sha256) { return "/api/v1/blobs/" + sha256; }

}  // namespace

std::string EncodeUrlPart(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_' || byte == '.' ||
                       byte == '~';
    if (plain) {
      encoded += character;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

ServiceClient::ServiceClient(std::string url, std::string token)
    : url_(std::move(url)), token_(std::move(token)) {}

ServiceClient::~ServiceClient() = default;

Answer ServiceClient::Exchange(httplib::Request request) {
  auto client = std::make_shared<httplib::Client>(url_);
  client->set_connection_timeout(kConnectTime);
  client->set_read_timeout(kTransferTime);
  client->set_write_timeout(kTransferTime);
  client->set_tcp_nodelay(true);
  if (!token_.empty()) client->set_bearer_token_auth(token_);
  {
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return {0, "stopped"};
    current_ = client;
  }
  // Bounds what is kept of an answer: the service is ours, what listens on its port may not be.
  std::string body;
  bool too_long = false;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_long = body.size() + size > kMaxAnswerBytes;
    if (!too_long) body.append(data, size);
    return !too_long;
  };
  const httplib::Result result = client->send(request);
  {
    const std::scoped_lock lock(mutex_);
    current_.reset();
  }
  if (too_long) return {0, "the answer is longer than " + std::to_string(kMaxAnswerBytes)};
  if (!result) return {0, httplib::to_string(result.error())};
  return {result->status, std::move(body), result->get_header_value("ETag"),
          result->get_header_value("Etalon-Verifier-Key")};
}

Answer ServiceClient::Get(const std::string& path) { return Exchange(RequestFor("GET", path)); }

Answer ServiceClient::PostJson(const std::string& path, const std::string& json) {
  httplib::Request request = RequestFor("POST", path);
  request.set_header("Content-Type", "application/json");
  request.body = json;
  return Exchange(std::move(request));
}

Answer ServiceClient::HeadBlob(const std::string& sha256) {
  return Exchange(RequestFor("HEAD", BlobPath(sha256)));
}

Answer ServiceClient::PutBlob(const std::string& sha256, const std::filesystem::path& file) {
  std::error_code error;
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(file, error));
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) throw StorageError("cannot read " + file.string());
  bool readable = true;
  httplib::Request request = RequestFor("PUT", BlobPath(sha256));
  request.set_header("Content-Type", "application/octet-stream");
  request.content_length_ = size;
  request.content_provider_ = [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    std::string block(std::min(length, kBlockBytes), '\0');
    stream.clear();
    stream.seekg(static_cast<std::streamoff>(offset));
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    readable = stream.gcount() > 0;
    return readable && sink.write(block.data(), static_cast<std::size_t>(stream.gcount()));
  };
  if (size == 0) request.content_provider_ = nullptr;
  Answer answer = Exchange(std::move(request));
  if (!readable) throw StorageError("cannot read the whole of " + file.string());
  return answer;
}

void ServiceClient::Cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  if (current_) current_->stop();
}

}  // namespace monitor::agent
