#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sop::journal {

/// Detached Ed25519 signatures (RFC 8032) over bytes. Keys and signatures are texts: base64 of the
/// 32-byte seed, the 32-byte public key, the 64-byte signature (RFC 4648, 4, the canonical form
/// only).
/// Threads  all functions may be called from any thread.

/// The secret half, 64 bytes as libsodium holds them (seed, public key).
struct SigningKey {
  std::string secret;
};

/// Errors  std::runtime_error when the system has no source of random numbers.
[[nodiscard]] SigningKey GenerateSigningKey();
[[nodiscard]] std::string EncodeSigningKey(const SigningKey& key);
[[nodiscard]] std::optional<SigningKey> DecodeSigningKey(std::string_view text);

[[nodiscard]] std::string PublicKeyOf(const SigningKey& key);
/// The first 8 bytes of SHA-256(public key) in hex; nothing when the text is no public key.
[[nodiscard]] std::optional<std::string> KeyIdOf(std::string_view public_key);

[[nodiscard]] std::string SignBytes(std::string_view bytes, const SigningKey& key);
/// False as well for texts that are no signature or no public key.
[[nodiscard]] bool SignatureHolds(std::string_view bytes, std::string_view signature,
                                  std::string_view public_key);

}  // namespace sop::journal
