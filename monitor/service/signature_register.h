#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "monitor/service/journal_writer.h"
#include "sop/rights.h"
#include "sop/signing.h"
#include "sop/store/store.h"

namespace monitor::service {

/// A record as somebody signs it.
struct SignableRecord {
  std::string kind;  ///< "measurement", "procedure", "limit_set", "hold" ...
  std::string id;
  nlohmann::json version;  ///< the record's own where it counts them, else its event's index
  std::string digest;      ///< hex SHA-256 of the canonical record
  std::string instrument;  ///< that it is about; empty: it is about the facility
  sop::ActedBy acted;      ///< who acted in this version, by meaning
  [[nodiscard]] nlohmann::json Reference() const;  ///< {"kind", "id", "version", "digest"}
};

/// What a signature over a record stands for, word for word in FORMAT.md: the RFC 8785 bytes of
/// {"kind", "id", "version", "content"}, the content being the body of the entry in force (of a
/// hold its last), or of a measurement the leaf hashes of its two events.
/// Errors  Problem 422 `unknown_kind`; 404 `unknown_record`.
[[nodiscard]] SignableRecord FindSignable(const sop::store::Reader& tables, std::int64_t at,
                                          std::string_view kind, std::string_view id);

/// Whether a command writes or speaks of a record that can be signed.
[[nodiscard]] bool IsSignableCommand(std::string_view command);
/// The record that a signable command has just written or spoken of.
[[nodiscard]] SignableRecord SignableOf(const sop::store::Reader& tables, std::int64_t at,
                                        std::string_view command, const nlohmann::json& body,
                                        std::int64_t idx);

[[nodiscard]] sop::SigningPolicy SigningPolicyAt(const sop::store::Reader& tables, std::int64_t at);

/// Whom a signature is by, after their password or sign-in was proved anew.
struct ProvenSigner {
  std::string account;
  std::string printed_name;
};

/// A signature that comes with a command and stands or falls with it.
struct CommandSignature {
  ProvenSigner signer;
  std::string meaning;
  std::string reason;
  sop::Rights rights;
};

/// "sig-17": the signature that event 17 made.
[[nodiscard]] std::string SignatureId(std::int64_t idx);

/// Problem 403 `signature_required` when the policy asks a signature of this command and it has
/// none of that meaning.
void RequireSignatureOf(std::string_view command, const CommandSignature* signature,
                        const sop::store::Reader& tables, std::int64_t at);
/// Appends the signature that came with a command which has just been appended as event `idx`.
/// Errors  Problem 403 `not_allowed`, `four_eyes`; 422 `unknown_kind`.
void AppendCommandSignature(JournalWriter::Batch& batch, std::string_view command,
                            const nlohmann::json& body, std::int64_t idx,
                            const CommandSignature& signature);
/// Whoever signs must hold the right of the meaning on the record. Problem 403 `not_allowed`.
void RequireRightToSign(const sop::Rights& rights, std::string_view meaning,
                        const SignableRecord& record);

/// Appends `record_signed`. Errors  Problem 403 `four_eyes`, saying which act stands against it.
PlacedEvent AppendSignature(JournalWriter::Batch& batch, const SignableRecord& record,
                            const ProvenSigner& signer, const std::string& meaning,
                            const std::string& reason);

/// Signatures of a record, oldest first, each with "current": whether the record still is what was
/// signed, and "invalidated" where somebody took it back.
[[nodiscard]] nlohmann::json SignaturesOf(const sop::store::Reader& tables, std::int64_t at,
                                          const SignableRecord& record);

/// Keeps the registers of signatures and of the policy. Other events pass.
void ProjectSignature(sop::store::Transaction& tables, const PlacedEvent& event);

}  // namespace monitor::service
