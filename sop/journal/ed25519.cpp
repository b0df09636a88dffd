#include "sop/journal/ed25519.h"

#include <sodium.h>

#include <stdexcept>

#include "sop/journal/merkle.h"
#include "sop/journal/signed_note.h"

namespace sop::journal {
namespace {

constexpr std::size_t kKeyIdBytes = 8;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::optional<std::string> Decode(std::string_view text, std::size_t size) {
  auto bytes = FromBase64(text);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return bytes;
}

}  // namespace

SigningKey GenerateSigningKey() {
  if (sodium_init() < 0) throw std::runtime_error("the system has no source of random numbers");
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  SigningKey key{std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_keypair(Bytes(public_key), Bytes(key.secret));
  return key;
}

std::string EncodeSigningKey(const SigningKey& key) {
  return Base64(std::string_view(key.secret).substr(0, crypto_sign_SEEDBYTES));
}

std::optional<SigningKey> DecodeSigningKey(std::string_view text) {
  const auto seed = Decode(text, crypto_sign_SEEDBYTES);
  if (!seed) return std::nullopt;
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  SigningKey key{std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_seed_keypair(Bytes(public_key), Bytes(key.secret), Bytes(std::string_view(*seed)));
  return key;
}

std::string PublicKeyOf(const SigningKey& key) {
  return Base64(std::string_view(key.secret).substr(crypto_sign_SEEDBYTES));
}

std::optional<std::string> KeyIdOf(std::string_view public_key) {
  const auto bytes = Decode(public_key, crypto_sign_PUBLICKEYBYTES);
  if (!bytes) return std::nullopt;
  return ToHex(Sha256(*bytes)).substr(0, 2 * kKeyIdBytes);
}

std::string SignBytes(std::string_view bytes, const SigningKey& key) {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(bytes), bytes.size(),
                       Bytes(std::string_view(key.secret)));
  return Base64(signature);
}

bool SignatureHolds(std::string_view bytes, std::string_view signature,
                    std::string_view public_key) {
  const auto key = Decode(public_key, crypto_sign_PUBLICKEYBYTES);
  const auto value = Decode(signature, crypto_sign_BYTES);
  return key && value &&
         crypto_sign_verify_detached(Bytes(std::string_view(*value)), Bytes(bytes), bytes.size(),
                                     Bytes(std::string_view(*key))) == 0;
}

}  // namespace sop::journal
