#include "monitor/service/secret.h"

#include <sodium.h>

#include "sop/journal/merkle.h"

namespace monitor::service {

std::string RandomSecret() {
  sop::journal::Digest bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return sop::journal::ToHex(bytes);
}

std::string RandomId() { return RandomSecret().substr(0, 24); }

std::string SecretDigest(std::string_view secret) {
  return sop::journal::ToHex(sop::journal::Sha256(secret));
}

}  // namespace monitor::service
