#include "monitor/service/people.h"

#include <gtest/gtest.h>

#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

constexpr const char* kPassword = "correct horse battery";

class PeopleTest : public RecordTest {
 protected:
  PeopleTest() {
    record_->people().SeedRoles();
    ApplyFacility();
    Command("account_created", {{"id", "ana"}, {"name", "Ana Sousa"}});
  }
  void Command(const char* type, const Json& body) { record_->Command(type, body, "admin"); }
  std::string Refused(const char* type, const Json& body) {
    return ProblemOf([&] { Command(type, body); });
  }
  [[nodiscard]] sop::Rights Ana() const { return record_->people().RightsOf("ana"); }
};

TEST_F(PeopleTest, AnAccountHoldsWhatItsRolesGive) {
  EXPECT_TRUE(Ana().Names().empty());
  Command("role_granted", {{"account", "ana"}, {"role", "reviewer"}});
  Command("role_granted", {{"account", "ana"}, {"role", "operator"}, {"instrument", "lsm-1"}});
  EXPECT_TRUE(Ana().Holds("measurement.review"));
  EXPECT_TRUE(Ana().HoldsOn("measurement.submit", "lsm-1"));
  EXPECT_FALSE(Ana().Holds("measurement.submit"));
  Command("role_revoked", {{"account", "ana"}, {"role", "reviewer"}, {"reason", "moved on"}});
  EXPECT_FALSE(Ana().HoldsSomewhere("measurement.review"));
  EXPECT_TRUE(Ana().HoldsOn("measurement.submit", "lsm-1"));
  EXPECT_EQ(Refused("role_revoked", {{"account", "ana"}, {"role", "reviewer"}, {"reason", "x"}}),
            "unknown_grant");
}

TEST_F(PeopleTest, ATimeBoxedGrantEndsByItself) {
  const auto grant = [&](const Json& until) {
    Json body = {{"account", "ana"}, {"role", "auditor"}};
    if (!until.is_null()) body["until"] = until;
    return Refused("role_granted", body);
  };
  EXPECT_EQ(grant(nullptr), "missing_field");
  EXPECT_EQ(grant("2026-02-01T00:00:00Z"), "wrong_value") << "already over";
  EXPECT_EQ(grant("2028-01-01T00:00:00Z"), "wrong_value") << "no end to speak of";
  EXPECT_EQ(grant("2026-03-08T00:00:00Z"), "");
  EXPECT_TRUE(Ana().Holds("access_log.read"));
  SetClock("2026-03-07T23:59:59Z");
  EXPECT_TRUE(Ana().Holds("access_log.read"));
  SetClock("2026-03-08T00:00:00Z");
  EXPECT_FALSE(Ana().HoldsSomewhere("access_log.read"));
  EXPECT_FALSE(record_->people().StandingOf("ana").grants.at(0).in_force);
}

TEST_F(PeopleTest, AServiceEngineerIsForOneInstrument) {
  Json body = {{"account", "ana"}, {"role", "service_engineer"}, {"until", "2026-03-08T00:00:00Z"}};
  EXPECT_EQ(Refused("role_granted", body), "missing_field");
  body["instrument"] = "lsm-9";
  EXPECT_EQ(Refused("role_granted", body), "unknown_instrument");
  body["instrument"] = "lsm-1";
  EXPECT_EQ(Refused("role_granted", body), "");
  EXPECT_TRUE(Ana().HoldsOn("measurement.submit", "lsm-1"));
  EXPECT_FALSE(Ana().Holds("record.read"));
}

TEST_F(PeopleTest, AClosedAccountHoldsNothingAndItsIdIsNeverGivenAgain) {
  Command("role_granted", {{"account", "ana"}, {"role", "reviewer"}});
  record_->people().SetPassword("ana", kPassword, "ana");
  Command("account_closed", {{"id", "ana"}, {"reason", "left"}});
  EXPECT_TRUE(Ana().Names().empty());
  EXPECT_EQ(record_->people().CheckPassword("ana", kPassword), People::PasswordCheck::kWrong);
  const auto account = record_->people().Find("ana");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->name, "Ana Sousa") << "the record still names who acted";
  EXPECT_TRUE(account->closed);
  EXPECT_EQ(Refused("account_created", {{"id", "ana"}, {"name", "Another"}}), "account_exists");
  EXPECT_EQ(Refused("account_changed", {{"id", "ana"}, {"name", "Another"}}), "account_closed");
  EXPECT_EQ(Refused("role_granted", {{"account", "ana"}, {"role", "viewer"}}), "account_closed");
  EXPECT_EQ(ProblemOf([&] { record_->people().SetPassword("ana", kPassword, "admin"); }),
            "account_closed");
}

TEST_F(PeopleTest, PasswordsAreCheckedAndKeptAsHashes) {
  auto& people = record_->people();
  EXPECT_EQ(people.CheckPassword("ana", kPassword), People::PasswordCheck::kWrong);
  people.SetPassword("ana", kPassword, "admin");
  EXPECT_EQ(people.CheckPassword("ana", kPassword), People::PasswordCheck::kRightButInitial);
  people.SetPassword("ana", kPassword, "ana");
  EXPECT_EQ(people.CheckPassword("ana", kPassword), People::PasswordCheck::kRight);
  EXPECT_EQ(people.CheckPassword("ana", "Correct horse battery"), People::PasswordCheck::kWrong);
  EXPECT_EQ(people.CheckPassword("nobody", kPassword), People::PasswordCheck::kWrong);
  EXPECT_EQ(ProblemOf([&] { people.SetPassword("ana", "elevenchars", "ana"); }), "weak_password");
  EXPECT_EQ(ProblemOf([&] { people.SetPassword("nobody", kPassword, "admin"); }),
            "unknown_account");
  Command("account_created", {{"id", "booking"}, {"name", "Booking"}, {"kind", "system"}});
  EXPECT_EQ(ProblemOf([&] { people.SetPassword("booking", kPassword, "admin"); }), "no_password");
  const std::string events = record_->Events(0, 100).dump();
  EXPECT_NE(events.find("password_changed"), std::string::npos);
  EXPECT_EQ(events.find("argon2"), std::string::npos);
  EXPECT_EQ(events.find(kPassword), std::string::npos);
}

TEST_F(PeopleTest, AHashOfAnotherCostIsMadeAgain) {
  record_->people().SetPassword("ana", kPassword, "ana");
  const auto hash = [&] {
    return sop::store::Store(database_->where(), sop::store::Access::kReadOnly)
        .Read()
        ->Password("ana")
        ->hash;
  };
  const std::string cheap = hash();
  EXPECT_NE(cheap.find("m=8192,t=1"), std::string::npos) << cheap;
  password_cost_.passes = 2;
  Open();
  EXPECT_EQ(record_->people().CheckPassword("ana", "wrong wrong wrong"),
            People::PasswordCheck::kWrong);
  EXPECT_EQ(hash(), cheap);
  EXPECT_EQ(record_->people().CheckPassword("ana", kPassword), People::PasswordCheck::kRight);
  EXPECT_NE(hash().find("m=8192,t=2"), std::string::npos) << hash();
  EXPECT_EQ(record_->people().CheckPassword("ana", kPassword), People::PasswordCheck::kRight);
}

TEST_F(PeopleTest, TheServiceRenewsItsOwnRolesAndLeavesAFacilitysAlone) {
  const auto count = [&] { return record_->Events(0, 500).at("tree_size").get<int>(); };
  const int before = count();
  record_->people().SeedRoles();
  EXPECT_EQ(count(), before) << "nothing to renew";
  const Json own = {{"id", "viewer"}, {"title", "Viewer"}, {"rights", {"status.read"}}};
  Command("role_defined", own);
  record_->Command(
      "role_defined",
      {{"id", "reviewer"}, {"title", "Of an older program"}, {"rights", Json::array()}}, "service");
  record_->people().SeedRoles();
  EXPECT_EQ(record_->people().RightsOfRole("viewer").Names(),
            std::vector<std::string>{"status.read"});
  EXPECT_TRUE(record_->people().RightsOfRole("reviewer").Holds("measurement.review"));
}

TEST_F(PeopleTest, AFacilityFileDefinesRoles) {
  record_->ApplyFacility(std::string(kFacility) + R"(
[[role]]
id = "public"
title = "Not signed in"
rights = ["status.read", "record.read"]
)",
                         dir_, "admin");
  EXPECT_EQ(record_->people().PublicRights()->Names(),
            (std::vector<std::string>{"record.read", "status.read"}));
}

TEST_F(PeopleTest, ARebuildGivesTheSamePeople) {
  Command("account_created", {{"id", "rui"}, {"name", "Rui"}});
  Command("account_changed", {{"id", "rui"}, {"name", "Rui Dias"}});
  Command("account_closed", {{"id", "rui"}, {"reason", "left"}});
  Command("role_granted", {{"account", "ana"}, {"role", "reviewer"}});
  Command("role_granted",
          {{"account", "ana"}, {"role", "auditor"}, {"until", "2026-03-08T00:00:00Z"}});
  Command("role_revoked", {{"account", "ana"}, {"role", "reviewer"}, {"reason", "moved on"}});
  record_->people().SetPassword("ana", kPassword, "ana");
  const std::string before = record_->DumpDigest();
  const Json accounts = record_->people().Accounts();
  EXPECT_EQ(record_->Rebuild(), before);
  EXPECT_EQ(record_->people().Accounts(), accounts);
  EXPECT_EQ(record_->people().CheckPassword("ana", kPassword), People::PasswordCheck::kRight);
}

}  // namespace
}  // namespace monitor::service
