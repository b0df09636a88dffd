#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sop/journal/merkle.h"

namespace sop::journal {

/// The size and root of the log at one moment (C2SP tlog-checkpoint).
struct Checkpoint {
  std::string origin;  ///< schema-less URL of the log, "example.org/etalon"; "demo/..." in the demo
  std::uint64_t tree_size = 0;
  Digest root{};
  std::uint64_t epoch = 1;  ///< one more after each restore of a backup: "epoch N" from the second
};

/// The key that signs checkpoints (Ed25519), apart from the database. Name = the log's origin.
struct LogKey {
  std::string origin;
  std::string secret;                             ///< 64 bytes as libsodium holds them
  [[nodiscard]] std::string VerifierKey() const;  ///< signed-note vkey "origin+hash+base64"
};

[[nodiscard]] LogKey GenerateLogKey(std::string origin);
/// PRIVATE+KEY+origin+hash+base64 seed, the text form of C2SP signed-note. One line.
[[nodiscard]] std::string EncodeLogKey(const LogKey& key);
[[nodiscard]] std::optional<LogKey> DecodeLogKey(std::string_view text);

/// The signed note: three lines, from the second epoch on a fourth, a blank line, "— origin
/// signature".
[[nodiscard]] std::string SignCheckpoint(const Checkpoint& checkpoint, const LogKey& key);
/// The checkpoint if the note carries a valid signature of `verifier_key`; otherwise nothing.
[[nodiscard]] std::optional<Checkpoint> OpenCheckpoint(std::string_view note,
                                                       std::string_view verifier_key);

}  // namespace sop::journal
