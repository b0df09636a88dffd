#include "sop/journal/commitment.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

#include "sop/journal/merkle.h"

namespace sop::journal {
namespace {

using Salt = std::array<unsigned char, 32>;

std::string Commitment(const Salt& salt, const std::string& value) {
  return ToHex(Sha256(std::string(salt.begin(), salt.end()) + value));
}

}  // namespace

Opening CommitTo(std::string value) {
  if (sodium_init() < 0) throw std::runtime_error("the system gives no random bytes");
  Salt salt{};
  randombytes_buf(salt.data(), salt.size());
  Digest hex{};
  std::copy(salt.begin(), salt.end(), hex.begin());
  return {Commitment(salt, value), ToHex(hex), std::move(value)};
}

bool Opens(const Opening& opening) {
  Salt salt{};
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(salt.data(), salt.size(), opening.salt.data(), opening.salt.size(), nullptr,
                     &length, &end) != 0 ||
      length != salt.size() || end != opening.salt.data() + opening.salt.size()) {
    return false;
  }
  return Commitment(salt, opening.value) == opening.commitment;
}

}  // namespace sop::journal
