#include "monitor/service/submission.h"

#include <algorithm>
#include <array>

#include "monitor/measurement/submission_key.h"
#include "monitor/service/command_rules.h"
#include "monitor/service/record.h"
#include "sop/journal/canonical_json.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::Shape;
using Kind = sop::Member::Kind;

constexpr std::string_view kSchema = "etalon.submission/1";
constexpr std::string_view kDocumentSchema = "etalon.measurement/1";
constexpr std::size_t kMaxDocumentBytes = 32U << 20U;
constexpr std::size_t kMaxQuantities = 10'000;
constexpr std::array<std::string_view, 4> kPurposes = {"as_found", "repeat", "as_left", "practice"};

const Shape& EnvelopeShape() {
  static const Shape kAgent{{{"name", Kind::kText, true}, {"version", Kind::kText}}};
  static const Shape kRaw{{{"name", Kind::kText, true},
                           {"sha256", Kind::kId, true},
                           {"bytes", Kind::kNumber},
                           {"archived", Kind::kFlag}}};
  static const Shape kPicture{{{"name", Kind::kText, true},
                               {"media_type", Kind::kText, true},
                               {"sha256", Kind::kId, true}}};
  static const Shape kSignature{
      {{"agent", Kind::kText, true}, {"key_id", Kind::kText, true}, {"value", Kind::kText, true}}};
  static const Shape kEnvelope{{{"key", Kind::kId, true},
                                {"instrument", Kind::kId, true},
                                {"configuration", Kind::kId, true},
                                {"procedure", Kind::kId, true},
                                {"purpose", Kind::kId, true},
                                {"performer", Kind::kText},
                                {"agent", Kind::kObject, false, &kAgent},
                                {"raw", Kind::kRows, false, &kRaw},
                                {"pictures", Kind::kRows, false, &kPicture},
                                {"signature", Kind::kObject, false, &kSignature}}};
  return kEnvelope;
}

bool IsDigest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void CheckDigests(const Json& envelope) {
  for (const char* list : {"raw", "pictures"}) {
    if (!envelope.contains(list)) continue;
    for (const Json& row : envelope[list]) {
      if (IsDigest(row.at("sha256"))) continue;
      throw Problem(422, "wrong_value", std::string(list) + ".sha256 must be 64 hex digits");
    }
  }
}

Json ParseDocument(const Json& text) {
  if (!text.is_string() || text.get_ref<const std::string&>().size() > kMaxDocumentBytes) {
    throw Problem(422, "wrong_value",
                  "document must be the measurement's JSON text, at most 32 MB");
  }
  Json document;
  try {
    document = sop::journal::ParseStrict(text.get_ref<const std::string&>());
  } catch (const sop::journal::CanonicalJsonError& error) {
    throw Problem(422, "wrong_document", std::string("document is not JSON: ") + error.what());
  }
  if (!document.is_object() || document.value("schema", Json()) != kDocumentSchema) {
    throw Problem(422, "wrong_document",
                  "document must be an object with schema " + std::string(kDocumentSchema));
  }
  const auto quantities = document.find("quantities");
  if (quantities != document.end() && quantities->size() > kMaxQuantities) {
    throw Problem(422, "too_large",
                  "document has " + std::to_string(quantities->size()) +
                      " quantities; one measurement may have " + std::to_string(kMaxQuantities));
  }
  return document;
}

void CheckKey(const Submission& submission) {
  std::string key;
  try {
    key = measurement::SubmissionKey(submission.document, submission.instrument,
                                     submission.configuration, submission.procedure);
  } catch (const std::exception& error) {
    throw Problem(422, "wrong_document", error.what());
  }
  if (key == submission.key) return;
  throw Problem(422, "key_mismatch", "the key of this document is " + key);
}

}  // namespace

Submission ReadSubmission(const Json& submission) {
  Submission read;
  if (!submission.is_object() || submission.value("schema", Json()) != kSchema) {
    throw Problem(422, "wrong_value", "schema must be " + std::string(kSchema));
  }
  if (!submission.contains("document")) {
    throw Problem(422, "missing_field", "document is missing");
  }
  // The whole is kept verbatim, because it may be signed; the rest is checked without its parts
  // that the shape does not know.
  read.envelope = submission;
  Json rest = submission;
  for (const char* known : {"schema", "document"}) rest.erase(known);
  if (rest.value("performer", Json()).is_null()) rest.erase("performer");
  CheckShape(EnvelopeShape(), rest, "");
  CheckDigests(rest);
  read.document = ParseDocument(submission.at("document"));
  read.key = read.envelope.at("key");
  read.instrument = read.envelope.at("instrument");
  read.configuration = read.envelope.at("configuration");
  read.procedure = read.envelope.at("procedure");
  read.purpose = read.envelope.at("purpose");
  read.attributed = !rest.value("performer", std::string()).empty();
  if (std::find(kPurposes.begin(), kPurposes.end(), read.purpose) == kPurposes.end()) {
    throw Problem(422, "wrong_value", "purpose must be as_found, repeat, as_left or practice");
  }
  CheckKey(read);
  return read;
}

}  // namespace monitor::service
