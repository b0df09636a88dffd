#include "monitor/service/signatures.h"

#include "monitor/service/people.h"
#include "sop/journal/event.h"
#include "sop/journal/merkle.h"
#include "tests/monitor/service/record_fixture.h"

// People sign records: with their password again, under four eyes, over what they have seen.
namespace monitor::service {
namespace {

constexpr const char* kPassword = "correct horse battery";

class SignaturesTest : public RecordTest {
 protected:
  SignaturesTest() {
    record_->people().SeedRoles();
    ApplyFacility();
    for (const auto& [id, name] : {std::pair{"ana", "Ana Sousa"}, {"bruno", "Bruno Reis"}}) {
      record_->Command("account_created", {{"id", id}, {"name", name}, {"kind", "person"}},
                       "admin");
      for (const char* role : {"quality_manager", "operator"}) {
        record_->Command("role_granted", {{"account", id}, {"role", role}}, "admin");
      }
      record_->people().SetPassword(id, kPassword, id);
    }
    key_ = Measured(1, "carla");
  }

  std::string Measured(int raw, const char* performer) {
    Json submission = Submission(raw, 0.5, "2026-03-01T08:00:00Z");
    submission["performer"] = performer;
    return record_->Submit(submission, "bruno").at("key");
  }
  [[nodiscard]] Signatures::Who Who(const std::string& account) const {
    return {account, "session-1", record_->people().RightsOf(account), {"127.0.0.1", "test"}};
  }
  [[nodiscard]] Json Order(const char* kind, const std::string& id, const char* meaning) const {
    return {{"record", record_->signatures().Of(kind, id).at("record")},
            {"meaning", meaning},
            {"reason", "looked at it"},
            {"password", kPassword}};
  }
  std::string Refusal(const Json& order, const std::string& account = "ana") {
    const std::string before = record_->Checkpoint();
    const std::string type = ProblemOf([&] { record_->signatures().Sign(order, Who(account)); });
    EXPECT_EQ(record_->Checkpoint() == before, !type.empty()) << type;
    return type;
  }
  [[nodiscard]] Json Items(const char* kind, const std::string& id) const {
    return record_->signatures().Of(kind, id).at("items");
  }

  std::string key_;
};

TEST_F(SignaturesTest, BindsDigestMeaningNameReasonAndTime) {
  const Json order = Order("measurement", key_, "reviewed");
  const Json signed_now = record_->signatures().Sign(order, Who("ana"));
  const auto event = sop::journal::ParseEvent(
      record_->Events(signed_now.at("log_index"), 1)["items"][0]["line"].get<std::string>());
  EXPECT_EQ(event.type, "record_signed");
  EXPECT_EQ(event.actor, "ana");
  EXPECT_EQ(event.body, (Json{{"record", order.at("record")},
                              {"meaning", "reviewed"},
                              {"signer", "ana"},
                              {"printed_name", "Ana Sousa"},
                              {"reason", "looked at it"},
                              {"signed_at", "2026-03-01T09:00:00.000Z"}}));
  const Json shown = record_->Measurement(key_, {}).at("signatures");
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].at("printed_name"), "Ana Sousa");
  EXPECT_EQ(shown[0].at("id"), signed_now.at("id"));
  EXPECT_EQ(shown[0].at("current"), true);
}

/// What FORMAT.md says that a digest is made of, made here by hand.
TEST_F(SignaturesTest, TheDigestIsThatOfTheDocumentedBytes) {
  const auto digest = [](const std::string& bytes) {
    return sop::journal::ToHex(sop::journal::Sha256(bytes));
  };
  const Json measurement = record_->Measurement(key_, {});
  const auto leaf = [&](const Json& idx) {
    return record_->Events(idx, 1)["items"][0]["leaf_hash"].get<std::string>();
  };
  const std::string received = measurement.at("log_index").dump();
  EXPECT_EQ(record_->signatures().Of("measurement", key_)["record"]["digest"],
            digest(R"({"content":{"decided":")" + leaf(measurement["decision"]["log_index"]) +
                   R"(","received":")" + leaf(measurement["log_index"]) + R"("},"id":")" + key_ +
                   R"(","kind":"measurement","version":)" + received + "}"));
  record_->Command("instrument_registered", {{"id", "sd-1"}, {"name", "Disk"}}, "admin");
  const Json sd = record_->signatures().Of("instrument", "sd-1").at("record");
  EXPECT_EQ(sd.at("digest"),
            digest(R"({"content":{"id":"sd-1","name":"Disk"},"id":"sd-1","kind":"instrument",)"
                   R"("version":)" +
                   sd.at("version").dump() + "}"));
}

TEST_F(SignaturesTest, AsksForThePasswordAgainAndCountsWrongOnes) {
  Json order = Order("measurement", key_, "reviewed");
  order["password"] = "wrong horse battery";
  EXPECT_EQ(Refusal(order), "wrong_password");
  order.erase("password");
  EXPECT_EQ(Refusal(order), "proof_missing");
  order["password"] = "wrong horse battery";
  std::string last;
  for (int i = 0; i < 8 && last != "too_many_attempts"; ++i) last = Refusal(order);
  EXPECT_EQ(last, "too_many_attempts");
  order["password"] = kPassword;
  EXPECT_EQ(Refusal(order), "too_many_attempts") << "the right one waits as well";
}

TEST_F(SignaturesTest, AnInitialPasswordSignsNothing) {
  record_->people().SetPassword("ana", kPassword, "admin");
  EXPECT_EQ(Refusal(Order("measurement", key_, "reviewed")), "initial_password");
}

TEST_F(SignaturesTest, OnlyPeopleWithAnAccountAndTheRightSign) {
  const Json order = Order("measurement", key_, "reviewed");
  EXPECT_EQ(Refusal(order, "admin"), "no_account");
  Signatures::Who who = Who("ana");
  who.rights = record_->people().RightsOfRole("viewer");
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Sign(order, who); }), "not_allowed");
  who.rights.Allow("measurement.review", "sd-1");
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Sign(order, who); }), "not_allowed");
  who.rights.Allow("measurement.review", "lsm-1");
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Sign(order, who); }), "");
}

TEST_F(SignaturesTest, WhoPerformedDoesNotReview) {
  EXPECT_EQ(Refusal(Order("measurement", key_, "reviewed"), "bruno"), "four_eyes");
  EXPECT_EQ(Refusal(Order("measurement", key_, "acknowledged"), "bruno"), "");
  EXPECT_EQ(Refusal(Order("measurement", key_, "reviewed"), "ana"), "");
  EXPECT_EQ(Refusal(Order("measurement", Measured(2, "ana"), "reviewed"), "ana"), "four_eyes");
  const std::string claimed = Measured(3, "carla");
  EXPECT_EQ(Refusal(Order("measurement", claimed, "performed"), "ana"), "");
  EXPECT_EQ(Refusal(Order("measurement", claimed, "rejected"), "ana"), "four_eyes");
}

TEST_F(SignaturesTest, WhoAuthoredDoesNotApproveUntilTheSignatureIsTakenBack) {
  const Json authored =
      record_->signatures().Sign(Order("procedure", "PSF-03", "authored"), Who("ana"));
  EXPECT_EQ(Refusal(Order("procedure", "PSF-03", "approved"), "ana"), "four_eyes");
  EXPECT_EQ(Refusal(Order("procedure", "PSF-03", "approved"), "bruno"), "");
  record_->signatures().Invalidate(authored.at("id"),
                                   {{"reason", "not mine"}, {"password", kPassword}}, Who("ana"));
  EXPECT_EQ(Refusal(Order("procedure", "PSF-03", "approved"), "ana"), "");
}

TEST_F(SignaturesTest, ARecordThatChangedSinceItWasShownIsNotSigned) {
  const Json order = Order("procedure", "PSF-03", "approved");
  std::string changed = kFacility;
  changed.replace(changed.find("Point spread"), 12, "Spot spread ");
  record_->signatures().Sign(Order("procedure", "PSF-03", "acknowledged"), Who("bruno"));
  record_->ApplyFacility(changed, dir_, "admin");
  EXPECT_EQ(Refusal(order), "record_changed");
  const Json items = Items("procedure", "PSF-03");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("current"), false) << "it stands, over the version that was signed";
  Json other = Order("procedure", "PSF-03", "approved");
  other["record"]["version"] = 99;
  EXPECT_EQ(Refusal(other), "record_changed");
  Json unlike = Order("procedure", "PSF-03", "approved");
  unlike["record"]["digest"] = Order("measurement", key_, "reviewed")["record"]["digest"];
  EXPECT_EQ(Refusal(unlike), "record_changed") << "the version alone does not tell what was shown";
}

TEST_F(SignaturesTest, ASignatureIsTakenBackOnceWithAReasonAndStaysVisible) {
  const Json one =
      record_->signatures().Sign(Order("measurement", key_, "acknowledged"), Who("bruno"));
  const std::string id = one.at("id");
  const Json end = {{"reason", "wrong instrument"}, {"password", kPassword}};
  Signatures::Who viewer = Who("ana");
  viewer.rights = record_->people().RightsOfRole("viewer");
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Invalidate(id, end, viewer); }), "not_allowed");
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Invalidate("sig-0", end, Who("ana")); }),
            "unknown_signature");
  EXPECT_EQ(ProblemOf([&] {
              record_->signatures().Invalidate(id, {{"reason", " "}, {"password", kPassword}},
                                               Who("ana"));
            }),
            "wrong_value");
  record_->signatures().Invalidate(id, end, Who("ana"));
  EXPECT_EQ(ProblemOf([&] { record_->signatures().Invalidate(id, end, Who("ana")); }),
            "signature_invalidated");
  const Json items = Items("measurement", key_);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("invalidated").at("by"), "ana");
  EXPECT_EQ(items[0].at("invalidated").at("reason"), "wrong instrument");
  const std::string before = record_->DumpDigest();
  EXPECT_EQ(record_->Rebuild(), before);
}

TEST_F(SignaturesTest, ThePolicyIsDataAndIsCheckedByAccount) {
  record_->signatures().SetPolicy(
      {{"rules",
        {{{"meaning", "acknowledged"}, {"kind", "measurement"}, {"not_same_as", {"performed"}}}}}},
      "admin");
  EXPECT_EQ(Refusal(Order("measurement", key_, "acknowledged"), "bruno"), "four_eyes");
  EXPECT_EQ(Refusal(Order("measurement", key_, "reviewed"), "bruno"), "");
  record_->Command("account_changed", {{"id", "bruno"}, {"name", "Ana Sousa"}}, "admin");
  EXPECT_EQ(Refusal(Order("measurement", key_, "acknowledged"), "bruno"), "four_eyes");
  EXPECT_EQ(ProblemOf([&] {
              record_->signatures().SetPolicy(
                  {{"required", {{{"command", "log_opened"}, {"meaning", "approved"}}}}}, "admin");
            }),
            "wrong_value");
}

TEST_F(SignaturesTest, ACommandMayAskForASignatureThatStandsOrFallsWithIt) {
  record_->signatures().SetPolicy(
      {{"required", {{{"command", "hold_released"}, {"meaning", "released"}}}}}, "admin");
  record_->Command("hold_placed", {{"id", "h-1"}, {"instrument", "lsm-1"}, {"reason", "laser"}},
                   "ana");
  const auto release = [&](Json body) {
    const auto signature = record_->signatures().OfCommand(body, Who("ana"));
    record_->Command("hold_released", body, "ana", signature ? &*signature : nullptr);
  };
  Json body = {{"hold", "h-1"}, {"reason", "repaired"}};
  EXPECT_EQ(ProblemOf([&] { release(body); }), "signature_required");
  body["signature"] = {{"meaning", "reviewed"}, {"reason", "seen"}, {"password", kPassword}};
  EXPECT_EQ(ProblemOf([&] { release(body); }), "signature_required");
  body["signature"]["meaning"] = "released";
  body["signature"]["password"] = "wrong horse battery";
  EXPECT_EQ(ProblemOf([&] { release(body); }), "wrong_password");
  EXPECT_TRUE(Items("hold", "h-1").empty());
  EXPECT_EQ(VerdictName(), "out_of_spec");
  body["signature"]["password"] = kPassword;
  release(body);
  ASSERT_EQ(Items("hold", "h-1").size(), 1U);
  EXPECT_EQ(Items("hold", "h-1")[0].at("meaning"), "released");
  EXPECT_NE(VerdictName(), "out_of_spec");
}

TEST_F(SignaturesTest, AFreshSignInStandsInPlaceOfThePasswordOnceAndNotForLong) {
  Json order = Order("measurement", key_, "acknowledged");
  order.erase("password");
  record_->signatures().ProvedAnew("session-1");
  EXPECT_EQ(Refusal(order), "");
  EXPECT_EQ(Refusal(order), "proof_missing");
  record_->signatures().ProvedAnew("session-2");
  EXPECT_EQ(Refusal(order), "proof_missing");
  record_->signatures().ProvedAnew("session-1");
  SetClock("2026-03-01T09:05:00.001Z");
  EXPECT_EQ(Refusal(order), "proof_missing");
}

TEST_F(SignaturesTest, OnlyKnownKindsMeaningsAndRecordsAreSigned) {
  Json order = Order("measurement", key_, "liked");
  EXPECT_EQ(Refusal(order), "wrong_value");
  EXPECT_EQ(ProblemOf([&] { static_cast<void>(Items("account", "ana")); }), "unknown_kind");
  EXPECT_EQ(ProblemOf([&] { static_cast<void>(Items("procedure", "none")); }), "unknown_record");
  order = Order("measurement", key_, "acknowledged");
  order["reason"] = "";
  EXPECT_EQ(Refusal(order), "wrong_value");
}

}  // namespace
}  // namespace monitor::service
