#include <fstream>

#include "sop/journal/event.h"
#include "tests/monitor/service/record_fixture.h"

// Agents with keys of their own: who is enrolled, what is taken of them, what is not.
namespace monitor::service {
namespace {

constexpr const char* kRoom = "agent:room";

class AgentsTest : public RecordTest {
 protected:
  AgentsTest() {
    ApplyFacility();
    record_->Command("instrument_registered", {{"id", "sd-1"}, {"name", "Disk"}}, "admin");
    room_ = Enrol("room");
  }
  [[nodiscard]] Json Measured(int raw = 1, double fwhm = 0.5) const {
    return Signed(Submission(raw, fwhm, "2026-03-01T08:00:00Z"), room_.signer);
  }
  std::string Refusal(const Json& submission, const char* submitter = kRoom) {
    const std::string before = record_->Checkpoint();
    std::string problem = ProblemOf([&] { record_->Submit(submission, submitter); });
    EXPECT_EQ(record_->Checkpoint() == before, !problem.empty());
    return problem;
  }
  [[nodiscard]] sop::journal::Event EventAt(std::int64_t idx) const {
    return sop::journal::ParseEvent(record_->Events(static_cast<std::uint64_t>(idx), 1)
                                        .at("items")
                                        .at(0)
                                        .at("line")
                                        .get<std::string>());
  }
  Json Rotation(const measurement::AgentSigner& to) const {
    Json body = {{"agent", "room"},
                 {"public_key", sop::journal::PublicKeyOf(to.key)},
                 {"replaces", room_.signer.KeyId()}};
    measurement::Sign(body, room_.signer);
    return body;
  }

  EnrolledAgent room_;
};

TEST_F(AgentsTest, WhatAnEnrolledAgentSignsStandsInTheJournalAsItWasSigned) {
  const Json submission = Measured();
  const Json receipt = record_->Submit(submission, kRoom);
  const auto event = EventAt(receipt.at("log_index"));
  EXPECT_EQ(event.actor, kRoom);
  EXPECT_EQ(event.body, submission);
  EXPECT_TRUE(measurement::IsSignedBy(event.body, sop::journal::PublicKeyOf(room_.signer.key)));
  EXPECT_EQ(record_->Measurement(receipt.at("key").get<std::string>(), {}).at("submitted_by"),
            kRoom);
}

TEST_F(AgentsTest, TheEnrolmentIsInTheJournalAndItsSecretsAreNot) {
  const Json items = record_->Agents({}).at("items");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("key").at("id"), room_.signer.KeyId());
  EXPECT_EQ(items[0].at("state"), "enrolled");
  const Json opened =
      record_->OpenEnrolment({{"agent", "next"}, {"instruments", {"sd-1", "lsm-1"}}}, "admin");
  const auto event = EventAt(opened.at("log_index"));
  EXPECT_EQ(event.type, "agent_enrolment_opened");
  EXPECT_EQ(event.body.at("instruments"), (Json{"lsm-1", "sd-1"}));
  EXPECT_EQ(event.body.at("expires_at"), "2026-03-02T09:00:00.000Z");
  record_.reset();
  std::ifstream file(dir_ + "/etalon.db", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes.find(opened.at("code").get<std::string>()), std::string::npos);
  EXPECT_EQ(bytes.find(room_.token), std::string::npos);
  EXPECT_EQ(bytes.find(sop::journal::EncodeSigningKey(room_.signer.key)), std::string::npos);
}

TEST_F(AgentsTest, EveryWrongSignatureIsRefusedByItsName) {
  const Json good = Measured();
  Json bad = good;
  bad.erase("signature");
  EXPECT_EQ(Refusal(bad), "signature_missing");

  measurement::AgentSigner stranger{"room", sop::journal::GenerateSigningKey()};
  EXPECT_EQ(Refusal(Signed(good, stranger)), "signature_wrong_key");
  bad = Signed(good, stranger);
  bad["signature"]["key_id"] = room_.signer.KeyId();
  EXPECT_EQ(Refusal(bad), "signature_invalid");

  const EnrolledAgent other = Enrol("other");
  EXPECT_EQ(Refusal(Signed(good, other.signer)), "signature_wrong_agent");
  EXPECT_EQ(Refusal(good, "agent:other"), "signature_wrong_agent");
  EXPECT_EQ(Refusal(good, "agent:nobody"), "agent_not_enrolled");
  bad = good;
  bad["agent"]["name"] = "other";
  measurement::Sign(bad, room_.signer);
  EXPECT_EQ(Refusal(bad), "signature_wrong_agent");

  for (const auto& [member, value] : {std::pair{"performer", "bruno"}, {"purpose", "as_left"}}) {
    bad = good;
    bad[member] = value;
    EXPECT_EQ(Refusal(bad), "signature_invalid") << member;
  }
  bad = good;
  bad["document"] = bad["document"].get<std::string>() + " ";
  EXPECT_EQ(Refusal(bad), "signature_invalid");
  bad = Measured(2);
  bad["signature"] = good["signature"];
  EXPECT_EQ(Refusal(bad), "signature_invalid") << "a signature about another measurement";
  bad["signature"]["value"] = "AAAA";
  EXPECT_EQ(Refusal(bad), "signature_invalid");

  EXPECT_EQ(Refusal(good), "");
}

TEST_F(AgentsTest, AnAgentSubmitsForItsOwnInstrumentsOnly) {
  room_ = Enrol("room", {"sd-1"});
  EXPECT_EQ(Refusal(Measured()), "instrument_not_enrolled");
}

TEST_F(AgentsTest, APersonMayCarryWhatAnAgentSignedAndNothingThatItDidNot) {
  Json altered = Measured();
  altered["performer"] = "bruno";
  EXPECT_EQ(Refusal(altered, "ana"), "signature_invalid");
  EXPECT_EQ(Refusal(Measured(), "ana"), "");
}

TEST_F(AgentsTest, AClockThatRanBackDoesNotSpoilASignature) {
  SetClock("2026-02-01T09:00:00Z");
  const auto event = EventAt(record_->Submit(Measured(), kRoom).at("log_index"));
  ASSERT_TRUE(event.body.contains("clock_read"));
  EXPECT_TRUE(measurement::IsSignedBy(event.body, sop::journal::PublicKeyOf(room_.signer.key)));
}

TEST_F(AgentsTest, ACodeIsGoodOnceUntilItExpiresOrAnotherReplacesIt) {
  const Json key = sop::journal::PublicKeyOf(sop::journal::GenerateSigningKey());
  const auto open = [&] {
    return record_->OpenEnrolment(
        {{"agent", "next"}, {"instruments", {"lsm-1"}}, {"expires_in_h", 2}}, "admin")["code"];
  };
  const auto enrol = [&](const Json& code) {
    return ProblemOf([&] { record_->EnrolAgent({{"code", code}, {"public_key", key}}); });
  };
  EXPECT_EQ(enrol("22222-22222-22222-22222-22222"), "enrolment_refused");
  const Json replaced = open();
  const Json code = open();
  EXPECT_EQ(enrol(replaced), "enrolment_refused");
  EXPECT_EQ(ProblemOf([&] {
              record_->EnrolAgent({{"code", code}, {"public_key", "AAAA"}});
            }),
            "wrong_value");
  EXPECT_EQ(enrol(code), "");
  EXPECT_EQ(enrol(code), "enrolment_refused");
  const Json late = open();
  SetClock("2026-03-01T11:00:00.001Z");
  EXPECT_EQ(enrol(late), "enrolment_refused");
}

TEST_F(AgentsTest, AnEnrolmentNamesAnAgentAndInstrumentsOfTheRegister) {
  const auto open = [&](const Json& body) {
    return ProblemOf([&] { record_->OpenEnrolment(body, "admin"); });
  };
  EXPECT_EQ(open({{"agent", "a"}, {"instruments", {"none"}}}), "unknown_instrument");
  EXPECT_EQ(open({{"agent", "a"}, {"instruments", Json::array()}}), "wrong_value");
  EXPECT_EQ(open({{"agent", "a"}}), "wrong_value");
  EXPECT_EQ(open({{"agent", "No Such"}, {"instruments", {"lsm-1"}}}), "wrong_value");
  EXPECT_EQ(open({{"agent", "a"}, {"instruments", {"lsm-1"}}, {"expires_in_h", 1000}}),
            "wrong_value");
}

TEST_F(AgentsTest, ANewKeyIsSignedByTheOneItReplaces) {
  record_->Submit(Measured(1), kRoom);
  const measurement::AgentSigner next{"room", sop::journal::GenerateSigningKey()};
  Json forged = Rotation(next);
  measurement::Sign(forged, next);
  EXPECT_EQ(ProblemOf([&] { record_->RotateAgentKey(forged, "room"); }), "signature_wrong_key");
  const Json rotation = Rotation(next);
  const Json rotated = record_->RotateAgentKey(rotation, "room");
  EXPECT_EQ(rotated.at("key_id"), next.KeyId());
  EXPECT_EQ(EventAt(rotated.at("log_index")).body, rotation);
  EXPECT_EQ(record_->RotateAgentKey(rotation, "room"), rotated) << "its answer may be lost";
  EXPECT_EQ(Refusal(Measured(2)), "signature_wrong_key");
  EXPECT_EQ(Refusal(Signed(Measured(2), next)), "");
  // An old rotation cannot bring the old key back.
  const measurement::AgentSigner third{"room", sop::journal::GenerateSigningKey()};
  EXPECT_EQ(ProblemOf([&] { record_->RotateAgentKey(Rotation(third), "room"); }),
            "signature_wrong_key");
}

TEST_F(AgentsTest, WhatARevokedAgentSubmittedStaysValidAndNothingFollows) {
  const Json receipt = record_->Submit(Measured(1), kRoom);
  const Json measured = record_->Measurement(receipt.at("key").get<std::string>(), {});
  record_->RevokeAgent({{"agent", "room"}, {"reason", "left the facility"}}, "admin");
  EXPECT_EQ(Refusal(Measured(2)), "agent_revoked");
  EXPECT_EQ(Refusal(Measured(1)), "agent_revoked") << "not even a repeat";
  EXPECT_EQ(ProblemOf([&] { record_->RequireStanding("room"); }), "agent_revoked");
  EXPECT_EQ(ProblemOf([&] { record_->RequireStanding("somebody"); }), "");
  const Json again = record_->Measurement(receipt.at("key").get<std::string>(), {});
  EXPECT_EQ(again.at("decision"), measured.at("decision"));
  EXPECT_EQ(ProblemOf([&] {
              record_->RevokeAgent({{"agent", "room"}, {"reason", "again"}}, "admin");
            }),
            "agent_revoked");
  EXPECT_EQ(ProblemOf([&] {
              record_->RevokeAgent({{"agent", "x"}, {"reason", "y"}}, "admin");
            }),
            "unknown_agent");
  const std::string old_token = room_.token;
  room_ = Enrol("room");
  EXPECT_FALSE(record_->Authenticate(old_token).has_value());
  EXPECT_EQ(Refusal(Measured(2)), "");
}

TEST_F(AgentsTest, AgentsAreReadTablesOfTheJournal) {
  record_->RotateAgentKey(Rotation({"room", sop::journal::GenerateSigningKey()}), "room");
  record_->RevokeAgent({{"agent", "room"}, {"reason", "moved"}}, "admin");
  Enrol("other", {"sd-1"});
  const std::string before = record_->DumpDigest();
  const Json agents = record_->Agents({});
  EXPECT_EQ(record_->Rebuild(), before);
  EXPECT_EQ(record_->Agents({}).at("items"), agents.at("items"));
}

/// Known gap: the old receipt was given for whatever came under a known key.
TEST_F(AgentsTest, AKeyWithOtherContentIsAConflictAndTheSameContentMeasuredAgainIsNot) {
  const Json first = record_->Submit(Measured(1, 0.5), kRoom);
  EXPECT_EQ(Refusal(Measured(1, 0.7)), "key_in_use");
  Json other = Submission(1, 0.5, "2026-03-01T08:00:00Z");
  other["performer"] = "bruno";
  EXPECT_EQ(Refusal(Signed(other, room_.signer)), "key_in_use");

  Json again = Submission(1, 0.5, "2026-03-01T08:00:00Z");
  Json document = Json::parse(again["document"].get<std::string>());
  document["measured_at"] = "2026-03-02T10:00:00Z";
  document["timing"] = {{"analysis_s", 1.25}};
  again["document"] = document.dump();
  bool created = true;
  const EnrolledAgent other_agent = Enrol("other");
  EXPECT_EQ(record_->Submit(Signed(again, other_agent.signer), "agent:other", &created), first);
  EXPECT_FALSE(created);
}

}  // namespace
}  // namespace monitor::service
