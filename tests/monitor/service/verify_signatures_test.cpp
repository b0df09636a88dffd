#include "monitor/cli/verify_signatures.h"

#include "sop/journal/event.h"
#include "tests/monitor/service/record_fixture.h"

// What `verify` says of agents' signatures, on a real journal and on forged copies of it.
namespace monitor::service {
namespace {

using cli::SignatureCheck;
using sop::journal::Event;

class VerifySignaturesTest : public RecordTest {
 protected:
  VerifySignaturesTest() {
    ApplyFacility();
    // From before agents had keys, as older records hold it.
    old_ = Submit(Submission(9, 0.5, "2026-03-01T08:00:00Z"), "ana");
    room_ = Enrol("room");
    first_ = Submit(Measured(1), "agent:room");
    next_ = {"room", sop::journal::GenerateSigningKey()};
    Json body = {{"agent", "room"},
                 {"public_key", sop::journal::PublicKeyOf(next_.key)},
                 {"replaces", room_.signer.KeyId()}};
    measurement::Sign(body, room_.signer);
    rotated_ = record_->RotateAgentKey(body, "room").at("log_index");
    room_.signer = next_;
    last_ = Submit(Measured(2), "agent:room");
    revoked_ =
        record_->RevokeAgent({{"agent", "room"}, {"reason", "gone"}}, "admin").at("log_index");
    const Json events = record_->Events(0, 1000);
    for (const Json& row : events.at("items")) {
      events_.push_back(sop::journal::ParseEvent(row.at("line").get<std::string>()));
    }
    events_[old_].actor = "agent:room";
  }
  [[nodiscard]] Json Measured(int raw) const {
    return Signed(Submission(raw, 0.5, "2026-03-01T08:00:00Z"), room_.signer);
  }
  std::size_t Submit(const Json& submission, const char* submitter) {
    return record_->Submit(submission, submitter).at("log_index");
  }
  [[nodiscard]] static SignatureCheck::Result Check(const std::vector<Event>& events) {
    SignatureCheck check;
    for (std::size_t i = 0; i < events.size(); ++i) {
      check.Note(static_cast<std::int64_t>(i), events[i]);
    }
    return check.Finish();
  }
  /// The one finding of a copy that `forge` changed, without its index; "" when there is none.
  template <typename Forge>
  [[nodiscard]] std::string Finding(std::size_t at, Forge forge) const {
    std::vector<Event> events = events_;
    forge(events[at]);
    const auto result = Check(events);
    EXPECT_LE(result.findings.size(), 1U);
    if (result.findings.empty()) return "";
    const std::string start = "signature_invalid at event " + std::to_string(at) + ": ";
    EXPECT_TRUE(result.findings[0].starts_with(start)) << result.findings[0];
    return result.findings[0].substr(start.size());
  }

  EnrolledAgent room_;
  measurement::AgentSigner next_;
  std::size_t old_ = 0, first_ = 0, rotated_ = 0, last_ = 0, revoked_ = 0;
  std::vector<Event> events_;
};

TEST_F(VerifySignaturesTest, ARecordAsItWasWrittenHolds) {
  const auto result = Check(events_);
  EXPECT_TRUE(result.findings.empty()) << result.findings[0];
  EXPECT_EQ(result.summary,
            "agents: checked the signatures of 2 measurements; 1 are from before their agent had a "
            "key, and unsigned");
}

TEST_F(VerifySignaturesTest, WhatTheAgentDidNotSignIsNamed) {
  for (const std::size_t at : {first_, last_}) {
    EXPECT_EQ(Finding(at, [](Event& event) { event.body["performer"] = "bruno"; }),
              "the measurement is not what agent room signed.");
    EXPECT_EQ(Finding(at, [](Event& event) { event.body.erase("signature"); }),
              "the measurement of agent room is not signed.");
    EXPECT_EQ(Finding(at, [](Event& event) { event.actor = "agent:other"; }),
              "agent other had no key then.");
  }
  EXPECT_EQ(Finding(last_, [](Event& event) { event.actor = "ana"; }), "");
  EXPECT_EQ(Finding(last_,
                    [](Event& event) {
                      event.actor = "ana";
                      event.body["performer"] = "bruno";
                    }),
            "the measurement is not what agent room signed.");
}

TEST_F(VerifySignaturesTest, AKeyCountsFromItsEnrolmentToItsEnd) {
  EXPECT_NE(Finding(first_, [&](Event& event) { measurement::Sign(event.body, next_); })
                .find("was not the key of agent room then"),
            std::string::npos);
  std::vector<Event> events = events_;
  std::swap(events[last_], events[revoked_]);
  ASSERT_EQ(Check(events).findings.size(), 1U);
  EXPECT_NE(Check(events).findings[0].find("agent room had no key then"), std::string::npos);
}

TEST_F(VerifySignaturesTest, AKeyThatReplacesAnotherIsSignedByIt) {
  std::vector<Event> events = events_;
  measurement::Sign(events[rotated_].body, next_);
  ASSERT_EQ(Check(events).findings.size(), 1U);
  EXPECT_NE(Check(events).findings[0].find("is not signed by the one it replaces"),
            std::string::npos);
}

}  // namespace
}  // namespace monitor::service
