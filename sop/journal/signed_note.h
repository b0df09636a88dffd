#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sop::journal {

inline constexpr std::size_t kMaxNoteBytes = 64 * 1024;
inline constexpr std::size_t kMaxNoteSignatures = 100;

/// Text signed with Ed25519 in the form of C2SP signed-note: the text, a blank line, and lines of
/// "— name base64(key id || signature)". The signature covers the text with its last newline.
/// Key id: SHA-256(name || 0x0A || 0x01 || public key), first four bytes.
/// Threads  all functions may be called from any thread.
/// Source   https://c2sp.org/signed-note

/// The public half of a key, "name+hash+base64(0x01 || public key)".
struct NoteVerifier {
  std::string name;
  std::string key_id;      ///< 4 bytes
  std::string public_key;  ///< 32 bytes
};

/// The secret half; `secret` is 64 bytes as libsodium holds them (seed, public key).
struct NoteSigner {
  std::string name;
  std::string secret;
};

/// Non-empty UTF-8 without white space, control characters or plus.
[[nodiscard]] bool IsNoteKeyName(std::string_view name);

[[nodiscard]] NoteSigner GenerateNoteSigner(std::string name);
[[nodiscard]] std::string EncodeVerifier(const NoteSigner& signer);
[[nodiscard]] std::optional<NoteVerifier> DecodeVerifier(std::string_view text);
/// PRIVATE+KEY+name+hash+base64(0x01 || seed)
[[nodiscard]] std::string EncodeSigner(const NoteSigner& signer);
[[nodiscard]] std::optional<NoteSigner> DecodeSigner(std::string_view text);

/// Throws std::invalid_argument on a text that is not lines of UTF-8 ended by a newline.
[[nodiscard]] std::string SignNote(std::string_view text, const NoteSigner& signer);
/// The signed text, or nothing: malformed, not signed by this key, or the signature does not hold.
/// Signatures of other keys (witnesses) are passed over.
[[nodiscard]] std::optional<std::string> OpenNote(std::string_view note,
                                                  const NoteVerifier& verifier);
/// Whether a note of the right form is signed in the name of `verifier`, but with other keys only.
[[nodiscard]] bool NamesAnotherKey(std::string_view note, const NoteVerifier& verifier);

/// RFC 4648, 4, with padding; decoding takes the one canonical form only.
[[nodiscard]] std::string Base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> FromBase64(std::string_view text);

}  // namespace sop::journal
