#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "monitor/service/passwords.h"
#include "sop/journal/tiles.h"
#include "sop/rights.h"

namespace monitor::service {

class AccessLog;
class People;
class SignIns;
class SignInLinks;
class Signatures;
struct CommandSignature;

/// A refusal with a stable type, in the form of RFC 9457; the HTTP layer prints it as it is.
struct Problem : std::runtime_error {
  Problem(int http_status, std::string stable_type, std::string one_sentence)
      : std::runtime_error(one_sentence), status(http_status), type(std::move(stable_type)) {}
  int status;             ///< 400, 401, 403, 404, 409, 413, 422, 429, 503
  std::string type;       ///< "unknown_instrument": the last part of the problem type URI
  int retry_after_s = 0;  ///< when asking again makes sense; 0: not said
};

using Clock = std::function<std::chrono::sys_time<std::chrono::milliseconds>()>;

/// Where the record lives and who keeps time.
struct RecordOptions {
  std::string data_dir;    ///< holds etalon.db, log.key, blobs/; made when missing
  std::string log_origin;  ///< only for a new log; "demo/..." allows a simulated clock
  Clock clock;
  PasswordCost password_cost = {};
  std::string database = {};  ///< URL of a server's database; empty: etalon.db in data_dir
};

/// The quality record: the journal, its read tables, and every question asked of them.
///
/// Every write goes through Append's single writer (group commit: one transaction and one signed
/// checkpoint a batch); the caller waits until its event is durable. Reads see committed state
/// only. All times in and out are RFC 3339 UTC text. `as_of` is recorded time; absent means now.
/// Threads  every member may be called from any thread.
/// Errors   Problem for a refusal; store::StoreError when the world broke.
class QualityRecord {
 public:
  explicit QualityRecord(RecordOptions options);
  ~QualityRecord();
  QualityRecord(const QualityRecord&) = delete;
  QualityRecord& operator=(const QualityRecord&) = delete;

  using Json = nlohmann::json;
  using AsOf = std::optional<std::string>;

  // --- commands: each is one event (a submission is two), named `type` of docs/journal-events
  // -----
  /// Validates and appends one event. Returns {"log_index", "recorded_at", "checkpoint"}.
  /// With a signature both are recorded or neither; the policy may ask for one (403
  /// `signature_required`).
  Json Command(std::string_view type, const Json& body, std::string_view actor,
               const CommandSignature* signature = nullptr);
  /// Idempotent. Returns the receipt (schema etalon.receipt/1), the same for every repeat;
  /// `created`, when given, tells whether this call stored it (201) or an earlier one did (200).
  /// What "agent:NAME" submits must be signed by its key and about an instrument of its enrolment.
  /// Errors  as ReadSubmission and CheckSubmissionOf; Problem 409 `key_in_use` when the key stands
  ///         for other content than this.
  Json Submit(const Json& submission, std::string_view submitter, bool* created = nullptr);
  /// Replaces what `agent` ("confocal-room") reported as waiting; not journalled.
  /// `entries` is an array of {"name","reason","candidates","seen_at"}.
  void ReportInbox(std::string_view agent, const Json& entries);
  /// Reports a fault of an instrument. Reporter (`reporter` in the body, else the one who asks) and
  /// text are erasable: the event holds commitments, and names no actor.
  Json ReportFault(const Json& body, std::string_view reporter);
  /// Erases for good what {"name"} or {"commitment"} says, with a {"reason"}: every value of the
  /// events in which a value is that name. Returns {..., "erased": n, "mentions": [...]}, the other
  /// values that hold the name.
  Json EraseNames(const Json& request, std::string_view actor);
  /// Seeds the register from a facility file; already registered, unchanged rows append nothing.
  /// Returns {"appended": n}.
  Json ApplyFacility(std::string_view toml_text, std::string_view base_dir, std::string_view actor);

  // --- agents: each has a key of its own and signs what it submits -----------------------------
  /// Makes a one-time code for an agent and its instruments: {"agent", "instruments": [ids],
  /// "expires_in_h"?} gives {"code", "agent", "instruments", "expires_at", "log_index", ...}. It
  /// replaces an unused code of the same agent.
  Json OpenEnrolment(const Json& body, std::string_view actor);
  /// Takes {"code", "public_key"} for a new agent's, or in place of an older key and its tokens:
  /// {"agent", "instruments", "key_id", "token", "log_index", ...}.
  Json EnrolAgent(const Json& body);
  /// {"agent", "public_key", "replaces": key id, "signature": by the key it replaces}.
  Json RotateAgentKey(const Json& body, std::string_view agent);
  /// {"agent", "reason"}: nothing of it is taken any more; what it submitted stays valid.
  Json RevokeAgent(const Json& body, std::string_view actor);
  [[nodiscard]] Json Agents(const AsOf& as_of) const;
  /// Problem 403 `agent_revoked` when it was.
  void RequireStanding(std::string_view agent) const;

  // --- questions ------------------------------------------------------------------------------
  [[nodiscard]] Json Facility() const;
  [[nodiscard]] Json Instruments(const AsOf& as_of) const;
  [[nodiscard]] Json Instrument(std::string_view id, const AsOf& as_of) const;
  [[nodiscard]] Json Configuration(std::string_view instrument, std::string_view id,
                                   const AsOf& as_of) const;  ///< instrument may be empty
  [[nodiscard]] Json Procedures(const AsOf& as_of) const;
  [[nodiscard]] Json Limits(const AsOf& as_of) const;
  [[nodiscard]] Json Schedule(const AsOf& as_of) const;
  [[nodiscard]] Json Inbox() const;
  /// Reported faults; a value is null where `erased` (or `altered`) names its member.
  [[nodiscard]] Json Faults(std::string_view instrument, const AsOf& as_of) const;
  struct SeriesQuery {
    std::string subject, quantity, definition, channel, from, to;
    int points = 0;  ///< 0: all
    std::string of;  ///< canonical JSON of the qualifiers; empty: the newest measurement's first
  };
  [[nodiscard]] Json Series(const SeriesQuery& query, const AsOf& as_of) const;
  struct MeasurementsQuery {
    std::string instrument, configuration, procedure, cursor;
    int limit = 50;
  };
  [[nodiscard]] Json Measurements(const MeasurementsQuery& query, const AsOf& as_of) const;
  [[nodiscard]] Json Measurement(std::string_view key, const AsOf& as_of) const;
  struct FitnessRequest {
    std::string instrument, configuration, profile, from, to;
  };
  [[nodiscard]] Json Fitness(const FitnessRequest& request, const AsOf& as_of) const;
  [[nodiscard]] Json Events(std::uint64_t from_index, int limit) const;
  [[nodiscard]] std::string Checkpoint() const;
  [[nodiscard]] std::string VerifierKey() const;
  [[nodiscard]] Json Proof(std::uint64_t index) const;
  /// That the journal of `from` events is the beginning of the one of `to` (RFC 6962, 2.1.2).
  [[nodiscard]] Json Consistency(std::uint64_t from, std::uint64_t to) const;
  /// The first `width` hashes of a tile as concatenated bytes; nothing where it has not so many.
  [[nodiscard]] std::optional<std::string> Tile(const sop::journal::TileId& id,
                                                std::size_t width) const;
  /// Committed state for /metrics: latest values, limits, verdicts, due times, counters.
  /// {"journal_events":n,
  ///  "measurements":[{"instrument","configuration","procedure","acquired_at",
  ///    "quantities":[{"id","definition","channel_name"?,"of"?,"value","u"?,
  ///                   "limit"?:{"lower"?,"upper"?}}]}],   (latest as-found of each assignment)
  ///  "fitness":[{"instrument","configuration","profile","verdict"}],
  ///  "procedures":[{"instrument","configuration","procedure","due"?}],
  ///  "agents":[{"name","last_seen"}]}                      (times RFC 3339; agents may be absent)
  [[nodiscard]] Json MetricsSnapshot() const;

  // --- identity (issue of tokens is not part of the quality record; digests only are kept)
  // ---------
  [[nodiscard]] People& people();              ///< accounts, roles, passwords
  [[nodiscard]] SignIns& sign_ins();           ///< sessions and API tokens
  [[nodiscard]] Signatures& signatures();      ///< what people sign
  [[nodiscard]] SignInLinks& sign_in_links();  ///< who they are at their institution
  [[nodiscard]] AccessLog& access_log();       ///< who asked for what
  /// Makes a token for `subject` ("admin", "agent:confocal-room") with `role` admin|agent.
  std::string IssueToken(std::string_view subject, std::string_view role);
  struct Identity {
    std::string subject, role;
    sop::Rights rights;
    std::string session;        ///< its id, where a session proves the identity
    std::string token;          ///< its id, where an API token does
    bool reads_logged = false;  ///< time-boxed: every read stands in the access log
  };
  [[nodiscard]] std::optional<Identity> Authenticate(std::string_view token) const;

  // --- log epochs ------------------------------------------------------------------------------
  /// First event of a record that was restored from a backup. `lost_checkpoint` is the newest note
  /// known of what was lost, or empty. Returns {..., "epoch"}.
  Json OpenEpoch(const std::string& reason, const std::string& lost_checkpoint);
  /// Every restore with its proof: {"checkpoint", "items": [{"log_index","line","inclusion",...}]}.
  [[nodiscard]] Json Epochs() const;

  // --- anchors ---------------------------------------------------------------------------------
  /// Keeps the reply (DER) of an RFC 3161 authority over `note`; both were verified by the caller.
  Json RecordAnchor(const std::string& note, const std::string& reply, const std::string& time,
                    const std::string& authority);
  /// Each with its `checkpoint` and its `reply` in base64: `openssl ts -verify` takes them.
  [[nodiscard]] Json Anchors() const;
  [[nodiscard]] std::optional<std::string> LastAnchoredAt() const;

  // --- maintenance -----------------------------------------------------------------------------
  /// Drops and rebuilds the read tables from the journal; returns the digest of the canonical dump.
  std::string Rebuild();
  [[nodiscard]] std::string DumpDigest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace monitor::service
