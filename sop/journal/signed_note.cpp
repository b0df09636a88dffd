#include "sop/journal/signed_note.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sop/journal/merkle.h"
#include "sop/journal/utf8.h"

namespace sop::journal {
namespace {

constexpr char kEd25519 = 0x01;
constexpr std::string_view kDash = "\xE2\x80\x94 ";  // em dash, space
constexpr std::string_view kSecretPrefix = "PRIVATE+KEY+";
constexpr std::size_t kKeyIdBytes = 4;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string KeyId(std::string_view name, std::string_view public_key) {
  const Digest digest =
      Sha256(std::string(name) + '\n' + std::string(1, kEd25519) + std::string(public_key));
  return {digest.begin(), digest.begin() + kKeyIdBytes};
}

std::string Hex(std::string_view bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), Bytes(bytes), bytes.size());
  hex.pop_back();
  return hex;
}

std::string_view PublicKey(const NoteSigner& signer) {
  return std::string_view(signer.secret).substr(crypto_sign_SEEDBYTES);
}

/// "name+hash+base64(0x01 || 32 bytes)": both halves of a key are written so.
struct KeyText {
  std::string_view name;
  std::string_view hash;
  std::string key;
};

std::optional<KeyText> SplitKeyText(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('+', first + 1);  // base64 may hold a plus of its own
  if (second == std::string_view::npos) return std::nullopt;
  const auto bytes = FromBase64(text.substr(second + 1));
  if (!bytes || bytes->size() != 33 || bytes->front() != kEd25519) return std::nullopt;
  const std::string_view name = text.substr(0, first);
  if (!IsNoteKeyName(name)) return std::nullopt;
  return KeyText{name, text.substr(first + 1, second - first - 1), bytes->substr(1)};
}

std::string KeyTextOf(std::string_view name, std::string_view public_key, std::string_view key) {
  return std::string(name) + '+' + Hex(KeyId(name, public_key)) + '+' +
         Base64(std::string(1, kEd25519) + std::string(key));
}

bool IsNoteText(std::string_view text) {
  if (text.empty() || text.back() != '\n' || !IsUtf8(text)) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; });
}

/// One line "— name base64" without its newline.
struct SignatureLine {
  std::string_view name;
  std::string key_id;
  std::string signature;
};

std::optional<SignatureLine> ParseSignature(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsNoteKeyName(line.substr(0, space))) return std::nullopt;
  const auto bytes = FromBase64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  return SignatureLine{line.substr(0, space), bytes->substr(0, kKeyIdBytes),
                       bytes->substr(kKeyIdBytes)};
}

struct ParsedNote {
  std::string_view text;
  std::vector<SignatureLine> signatures;
};

std::optional<ParsedNote> ParseNote(std::string_view note) {
  if (note.size() > kMaxNoteBytes || !IsNoteText(note)) return std::nullopt;
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return std::nullopt;
  ParsedNote parsed{note.substr(0, blank + 1), {}};
  for (std::string_view lines = note.substr(blank + 2); !lines.empty();) {
    if (parsed.signatures.size() == kMaxNoteSignatures) return std::nullopt;
    const std::size_t end = lines.find('\n');
    auto line = ParseSignature(lines.substr(0, end));
    if (!line) return std::nullopt;
    parsed.signatures.push_back(std::move(*line));
    lines.remove_prefix(end + 1);
  }
  return parsed;
}

bool Holds(const SignatureLine& line, std::string_view text, const NoteVerifier& verifier) {
  return line.signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(Bytes(line.signature), Bytes(text), text.size(),
                                     Bytes(std::string_view(verifier.public_key))) == 0;
}

}  // namespace

std::string Base64(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), Bytes(bytes), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(Bytes(bytes), bytes.size(), text.data(), text.size(), nullptr, &length,
                        nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  bytes.resize(length);
  if (Base64(bytes) != text) return std::nullopt;
  return bytes;
}

bool IsNoteKeyName(std::string_view name) {
  const auto units = Utf16FromUtf8(name);
  if (!units || units->empty()) return false;
  return std::none_of(units->begin(), units->end(), [](char16_t c) {
    return c <= 0x20 || c == '+' || (c >= 0x7F && c <= 0xA0) || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
  });
}

NoteSigner GenerateNoteSigner(std::string name) {
  if (!IsNoteKeyName(name)) {
    throw std::invalid_argument("the log's origin must be text without spaces or plus signs");
  }
  if (sodium_init() < 0) throw std::runtime_error("the system has no source of random numbers");
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  NoteSigner signer{std::move(name), std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_keypair(Bytes(public_key), Bytes(signer.secret));
  return signer;
}

std::string EncodeVerifier(const NoteSigner& signer) {
  return KeyTextOf(signer.name, PublicKey(signer), PublicKey(signer));
}

std::optional<NoteVerifier> DecodeVerifier(std::string_view text) {
  const auto parts = SplitKeyText(text);
  if (!parts) return std::nullopt;
  NoteVerifier verifier{std::string(parts->name), KeyId(parts->name, parts->key), parts->key};
  if (Hex(verifier.key_id) != parts->hash) return std::nullopt;
  return verifier;
}

std::string EncodeSigner(const NoteSigner& signer) {
  const std::string_view seed = std::string_view(signer.secret).substr(0, crypto_sign_SEEDBYTES);
  return std::string(kSecretPrefix) + KeyTextOf(signer.name, PublicKey(signer), seed);
}

std::optional<NoteSigner> DecodeSigner(std::string_view text) {
  if (!text.starts_with(kSecretPrefix)) return std::nullopt;
  const auto parts = SplitKeyText(text.substr(kSecretPrefix.size()));
  if (!parts) return std::nullopt;
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  NoteSigner signer{std::string(parts->name), std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_seed_keypair(Bytes(public_key), Bytes(signer.secret),
                           Bytes(std::string_view(parts->key)));
  if (Hex(KeyId(signer.name, public_key)) != parts->hash) return std::nullopt;
  return signer;
}

std::string SignNote(std::string_view text, const NoteSigner& signer) {
  if (!IsNoteText(text)) throw std::invalid_argument("a note's text must be lines of UTF-8");
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(text), text.size(),
                       Bytes(std::string_view(signer.secret)));
  return std::string(text) + '\n' + std::string(kDash) + signer.name + ' ' +
         Base64(KeyId(signer.name, PublicKey(signer)) + signature) + '\n';
}

std::optional<std::string> OpenNote(std::string_view note, const NoteVerifier& verifier) {
  const auto parsed = ParseNote(note);
  if (!parsed) return std::nullopt;
  bool signed_by_key = false;
  for (const SignatureLine& line : parsed->signatures) {
    if (line.name != verifier.name || line.key_id != verifier.key_id) continue;
    // One bad signature of the known key spoils the note, whatever else it carries.
    if (!Holds(line, parsed->text, verifier)) return std::nullopt;
    signed_by_key = true;
  }
  if (!signed_by_key) return std::nullopt;
  return std::string(parsed->text);
}

bool NamesAnotherKey(std::string_view note, const NoteVerifier& verifier) {
  const auto parsed = ParseNote(note);
  if (!parsed) return false;
  bool other = false;
  for (const SignatureLine& line : parsed->signatures) {
    if (line.name != verifier.name) continue;
    if (line.key_id == verifier.key_id) return false;
    other = true;
  }
  return other;
}

}  // namespace sop::journal
