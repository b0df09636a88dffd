#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/service/people.h"
#include "monitor/service/sign_ins.h"
#include "monitor/service/signature_register.h"

namespace monitor::service {

struct Exchange;

/// Signatures of people: each asks who signs to prove themselves again, by password or by a fresh
/// sign-in at their institution, and is bound to what was signed by its digest.
///
/// Threads  any.  Errors  Problem, StoreError.
class Signatures {
 public:
  using Json = nlohmann::json;

  Signatures(sop::store::Store& store, JournalWriter& writer, Clock clock, People& people,
             SignIns& sign_ins);

  /// Who asks, as the gate found out.
  struct Who {
    std::string account;
    std::string session;  ///< empty: an API token
    sop::Rights rights;
    SignIns::From from;
  };

  /// {"record": {"kind", "id", "digest", "version"?}, "meaning", "reason", "password"?}: the digest
  /// is that of the record as it was shown to who signs.
  /// Problem 403 `wrong_password`, `initial_password`, `no_account`, `not_allowed`, `four_eyes`;
  /// 404 `unknown_record`; 409 `record_changed`; 422; 429 `too_many_attempts`.
  Json Sign(const Json& body, const Who& who);
  /// {"reason", "password"?}: by who signed, or who may approve. It stays visible for ever.
  /// Problem 404 `unknown_signature`; 409 `signature_invalidated`; as above.
  Json Invalidate(const std::string& id, const Json& body, const Who& who);
  /// {"record": {...}, "items": [...], "next_cursor": null}
  [[nodiscard]] Json Of(std::string_view kind, std::string_view id) const;

  [[nodiscard]] Json Policy() const;
  Json SetPolicy(const Json& body, std::string_view actor);

  /// Takes the member "signature" {"meaning", "reason", "password"?} out of a command's body and
  /// proves who signs; nothing when there is none.
  [[nodiscard]] std::optional<CommandSignature> OfCommand(Json& body, const Who& who);

  /// A fresh sign-in at the institution stands in place of the password, once, within 5 minutes.
  void ProvedAnew(const std::string& session);

 private:
  [[nodiscard]] ProvenSigner Prove(const Json& body, const Who& who);
  [[nodiscard]] bool TakeFreshSignIn(const std::string& session);
  [[nodiscard]] Json Appended(const PlacedEvent& placed) const;

  sop::store::Store& store_;
  JournalWriter& writer_;
  Clock clock_;
  People& people_;
  SignIns& sign_ins_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> fresh_until_ms_;  ///< by session
};

/// Whoever asks, to be asked again for a signature.
[[nodiscard]] Signatures::Who SignerOf(const Exchange& exchange);

}  // namespace monitor::service
