#include "monitor/agent/service_client.h"

#include <httplib.h>

#include <fstream>
#include <system_error>

namespace monitor::agent {
namespace {

constexpr std::chrono::seconds kConnectTime{5};
constexpr std::chrono::seconds kTransferTime{60};  ///< without a byte moving
constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

/// Bounds what is kept of an answer: the service is ours, what listens on its port may not be.
httplib::ContentReceiver KeepInto(std::string& body) {
  return [&body](const char* data, std::size_t size) {
    if (body.size() + size > kMaxAnswerBytes) return false;
    body.append(data, size);
    return true;
  };
}

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

template <typename Send>
Answer ServiceClient::Exchange(Send send) {
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
  std::string body;
  const httplib::Result result = send(*client, body);
  {
    const std::scoped_lock lock(mutex_);
    current_.reset();
  }
  if (!result) return {0, httplib::to_string(result.error())};
  return {result->status, body.empty() ? result->body : body};
}

Answer ServiceClient::Get(const std::string& path) {
  return Exchange(
      [&](httplib::Client& client, std::string& body) { return client.Get(path, KeepInto(body)); });
}

Answer ServiceClient::PostJson(const std::string& path, const std::string& json) {
  return Exchange([&](httplib::Client& client, std::string&) {
    return client.Post(path, json, "application/json");
  });
}

Answer ServiceClient::HeadBlob(const std::string& sha256) {
  return Exchange([&](httplib::Client& client, std::string&) {
    return client.Head("/api/v1/blobs/" + sha256);
  });
}

Answer ServiceClient::PutBlob(const std::string& sha256, const std::filesystem::path& file) {
  std::error_code error;
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(file, error));
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) return {0, "cannot read " + file.string()};
  const auto provide = [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
    std::string block(std::min(length, kBlockBytes), '\0');
    stream.clear();
    stream.seekg(static_cast<std::streamoff>(offset));
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    return stream.gcount() > 0 &&
           sink.write(block.data(), static_cast<std::size_t>(stream.gcount()));
  };
  return Exchange([&](httplib::Client& client, std::string&) {
    const std::string path = "/api/v1/blobs/" + sha256;
    if (size == 0) return client.Put(path, std::string(), "application/octet-stream");
    return client.Put(path, size, provide, "application/octet-stream");
  });
}

void ServiceClient::Cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  if (current_) current_->stop();
}

}  // namespace monitor::agent
