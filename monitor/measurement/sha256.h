#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace monitor::measurement {

/// SHA-256 of bytes that come in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void Add(const char* bytes, std::size_t count);

  /// The digest in lower-case hex; once.
  [[nodiscard]] std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Hex SHA-256 of `bytes`.
[[nodiscard]] std::string BytesDigest(std::string_view bytes);

}  // namespace monitor::measurement
