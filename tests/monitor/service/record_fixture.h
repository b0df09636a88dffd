#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "monitor/measurement/agent_signature.h"
#include "monitor/measurement/submission_key.h"
#include "monitor/service/record.h"
#include "monitor/service/time_text.h"
#include "tests/support/test_database.h"

namespace monitor::service {

inline constexpr const char* kFacility = R"(
[facility]
name = "Imaging"
time_zone = "Europe/Lisbon"
log_origin = "demo/test"

[[instrument]]
id = "lsm-1"
name = "LSM 1"
place = "Room 1"

[[configuration]]
id = "63x-561"
instrument = "lsm-1"
name = "63x oil, 561 nm"
setup = { numerical_aperture = 1.4, emission_nm = 580 }

[[procedure]]
id = "PSF-03"
title = "Point spread function"
analysis = "psf"
recurrence = "FREQ=MONTHLY;BYMONTHDAY=1"
start = 2026-01-01
window_start_d = 7
window_end_d = 7

[[profile]]
id = "routine"
name = "Routine imaging"
needs = [{ procedure = "PSF-03" }]

[[limit]]
procedure = "PSF-03"
quantity = "psf.fwhm.z"
definition = "etalon.gauss3d/1"
upper = 1.0
source = "acceptance test"

[[assignment]]
procedure = "PSF-03"
instrument = "lsm-1"
configuration = "63x-561"
)";

/// A record in a temporary folder, with a clock that the test moves.
class RecordTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  RecordTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "record-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
    database_ = std::make_unique<sop::store::TestDatabase>(dir_);
    SetClock("2026-03-01T09:00:00Z");
    Open();
  }
  ~RecordTest() override {
    record_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Open() {
    record_.reset();
    record_ = std::make_unique<QualityRecord>(
        RecordOptions{dir_, "demo/test", [this] { return FromMs(now_ms_.load()); }, password_cost_,
                      database_->option()});
  }
  static bool OnPostgresql() { return sop::store::TestDatabase::OnPostgresql(); }
  void SetClock(const char* time) { now_ms_ = ToMs(ParseTime(time).value()); }
  void ApplyFacility() { record_->ApplyFacility(kFacility, dir_, "admin"); }

  /// A submission of one bead stack: `raw` makes its key, `fwhm` its value.
  static Json Submission(int raw, double fwhm, const std::string& acquired_at) {
    Json document = {
        {"schema", "etalon.measurement/1"},
        {"analysis", "psf"},
        {"software", {{"name", "etalon"}, {"version", "0.1.0"}, {"build", "test"}}},
        {"inputs", Json::array({{{"name", "psf.tif"}, {"sha256", Hex(raw)}, {"bytes", 3}}})},
        {"acquired_at", acquired_at},
        {"measured_at", acquired_at},
        {"setup", {{"z_step_um", {{"value", 0.2}, {"source", "file"}}}}},
        {"quantities", Json::array({{{"id", "psf.fwhm.z"},
                                     {"definition", "etalon.gauss3d/1"},
                                     {"value", fwhm},
                                     {"unit", "um"},
                                     {"u", 0.01},
                                     {"u_parts", {{"estimate", 0.01}}},
                                     {"n", 5},
                                     {"channel", 0},
                                     {"channel_name", "525/50"}}})},
        {"a_field_of_the_future", {1, 2, 3}}};
    return Wrap(document);
  }

  static Json Wrap(const Json& document) {
    return {{"schema", "etalon.submission/1"},
            {"key", measurement::SubmissionKey(document, "lsm-1", "63x-561", "PSF-03")},
            {"instrument", "lsm-1"},
            {"configuration", "63x-561"},
            {"procedure", "PSF-03"},
            {"purpose", "as_found"},
            {"performer", "ana"},
            {"agent", {{"name", "confocal-room"}, {"version", "0.1.0"}}},
            {"document", document.dump(1)},
            {"raw", Json::array({{{"name", "psf.tif"},
                                  {"sha256", document["inputs"][0]["sha256"]},
                                  {"bytes", 3},
                                  {"archived", true}}})},
            {"pictures", Json::array()}};
  }

  /// An agent as its PC holds it: name, key, token.
  struct EnrolledAgent {
    measurement::AgentSigner signer;
    std::string token;
  };
  EnrolledAgent Enrol(const std::string& name, const Json& instruments = {"lsm-1"}) const {
    EnrolledAgent agent{{name, sop::journal::GenerateSigningKey()}, ""};
    const Json opened =
        record_->OpenEnrolment({{"agent", name}, {"instruments", instruments}}, "admin");
    agent.token = record_
                      ->EnrolAgent({{"code", opened.at("code")},
                                    {"public_key", sop::journal::PublicKeyOf(agent.signer.key)}})
                      .at("token");
    return agent;
  }
  static Json Signed(Json submission, const measurement::AgentSigner& signer) {
    submission["agent"]["name"] = signer.agent;
    measurement::Sign(submission, signer);
    return submission;
  }

  static std::string Hex(int n) {
    std::string digits = std::to_string(n);
    return std::string(64 - digits.size(), 'a') + digits;
  }

  [[nodiscard]] Json Verdict(const QualityRecord::AsOf& as_of = {}) const {
    return record_->Fitness({"lsm-1", "63x-561", "routine", "", ""}, as_of);
  }
  [[nodiscard]] std::string VerdictName(const QualityRecord::AsOf& as_of = {}) const {
    return Verdict(as_of).at("verdict");
  }
  static bool HasReason(const Json& verdict, const std::string& code) {
    for (const Json& reason : verdict.at("reasons")) {
      if (reason.at("code") == code) return true;
    }
    return false;
  }

  /// The type of the Problem that `call` ends in; "" when it succeeds.
  template <typename Call>
  static std::string ProblemOf(Call call) {
    try {
      call();
    } catch (const Problem& problem) {
      return problem.type;
    }
    return "";
  }

  std::string dir_;
  std::unique_ptr<sop::store::TestDatabase> database_;
  std::atomic<std::int64_t> now_ms_{0};
  PasswordCost password_cost_{.passes = 1, .memory_bytes = 8U << 20};  ///< 10 ms each
  std::unique_ptr<QualityRecord> record_;
};

}  // namespace monitor::service
