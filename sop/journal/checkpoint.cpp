#include "sop/journal/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "sop/journal/signed_note.h"

namespace sop::journal {
namespace {

/// Takes one line off the front, without its newline; nothing when there is none.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size;
}

constexpr std::string_view kEpochWord = "epoch ";

/// Reads an extension line; false for one that is not as FORMAT.md says. Unknown ones are passed.
bool TakeExtension(std::string_view line, Checkpoint& checkpoint) {
  if (!line.starts_with(kEpochWord)) return !line.empty();
  const auto epoch = ParseSize(line.substr(kEpochWord.size()));
  if (!epoch || *epoch < 2 || checkpoint.epoch != 1) return false;
  checkpoint.epoch = *epoch;
  return true;
}

std::optional<Checkpoint> ParseBody(std::string_view text) {
  const auto origin = TakeLine(text);
  const auto size = TakeLine(text);
  const auto root = TakeLine(text);
  if (!origin || !size || !root || origin->empty()) return std::nullopt;
  const auto tree_size = ParseSize(*size);
  const auto digest = FromBase64(*root);
  if (!tree_size || !digest || digest->size() != Digest().size()) return std::nullopt;
  Checkpoint checkpoint{std::string(*origin), *tree_size, {}};
  std::copy(digest->begin(), digest->end(), checkpoint.root.begin());
  while (const auto extension = TakeLine(text)) {
    if (!TakeExtension(*extension, checkpoint)) return std::nullopt;
  }
  return checkpoint;
}

}  // namespace

std::string LogKey::VerifierKey() const { return EncodeVerifier({origin, secret}); }

LogKey GenerateLogKey(std::string origin) {
  NoteSigner signer = GenerateNoteSigner(std::move(origin));
  return {std::move(signer.name), std::move(signer.secret)};
}

std::string EncodeLogKey(const LogKey& key) { return EncodeSigner({key.origin, key.secret}); }

std::optional<LogKey> DecodeLogKey(std::string_view text) {
  auto signer = DecodeSigner(text);
  if (!signer) return std::nullopt;
  return LogKey{std::move(signer->name), std::move(signer->secret)};
}

std::string SignCheckpoint(const Checkpoint& checkpoint, const LogKey& key) {
  if (checkpoint.origin != key.origin) {
    throw std::invalid_argument("a checkpoint is signed by the key of its own log only");
  }
  const std::string root(checkpoint.root.begin(), checkpoint.root.end());
  std::string text =
      checkpoint.origin + '\n' + std::to_string(checkpoint.tree_size) + '\n' + Base64(root) + '\n';
  if (checkpoint.epoch > 1) {
    text += std::string(kEpochWord) + std::to_string(checkpoint.epoch) + '\n';
  }
  return SignNote(text, {key.origin, key.secret});
}

std::optional<Checkpoint> OpenCheckpoint(std::string_view note, std::string_view verifier_key) {
  const auto verifier = DecodeVerifier(verifier_key);
  if (!verifier) return std::nullopt;
  const auto text = OpenNote(note, *verifier);
  if (!text) return std::nullopt;
  auto checkpoint = ParseBody(*text);
  if (!checkpoint || checkpoint->origin != verifier->name) return std::nullopt;
  return checkpoint;
}

}  // namespace sop::journal
