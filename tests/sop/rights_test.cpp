#include "sop/rights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "sop/register.h"

namespace sop {
namespace {

using nlohmann::json;

const Role& RoleOf(std::string_view id) {
  const auto roles = BuiltInRoles();
  return *std::ranges::find(roles, id, &Role::id);
}
bool Gives(std::string_view role, std::string_view right) {
  return std::ranges::find(RoleOf(role).rights, right) != RoleOf(role).rights.end();
}

TEST(Rights, TheListIsSortedAndWithoutRepeats) {
  const auto rights = AllRights();
  EXPECT_TRUE(std::ranges::is_sorted(rights, {}, &Right::id));
  for (std::size_t i = 1; i < rights.size(); ++i) EXPECT_NE(rights[i].id, rights[i - 1].id);
  for (const std::string_view id : PublicRights()) {
    ASSERT_NE(FindRight(id), nullptr) << id;
    EXPECT_TRUE(FindRight(id)->publishable) << id;
  }
}

TEST(Rights, TheBuiltInRolesAreEventsThatTheRegisterTakes) {
  for (const Role& role : BuiltInRoles()) {
    const json body = {{"id", role.id},
                       {"title", role.title},
                       {"rights", role.rights},
                       {"time_boxed", role.time_boxed},
                       {"one_instrument", role.one_instrument}};
    const auto fault = RegisterFault("role_defined", body);
    EXPECT_FALSE(fault) << role.id << ": " << fault->sentence;
  }
}

TEST(Rights, WhoManagesAccountsDoesNotJudgeAndWhoAuditsDoesNotWrite) {
  for (const char* right : {"measurement.review", "procedure.approve", "measurement.submit"}) {
    EXPECT_FALSE(Gives("administrator", right)) << right;
  }
  for (const std::string& right : RoleOf("auditor").rights) {
    EXPECT_TRUE(right.ends_with(".read") || right == "account.own") << right;
  }
  EXPECT_TRUE(RoleOf("auditor").time_boxed);
  EXPECT_TRUE(RoleOf("service_engineer").time_boxed);
  EXPECT_TRUE(RoleOf("service_engineer").one_instrument);
  EXPECT_FALSE(Gives("agent", "record.read"));
}

TEST(Rights, HeldOnOneInstrumentIsNotHeldOnAnother) {
  Rights rights;
  rights.Allow("record.read", "lsm-1");
  EXPECT_TRUE(rights.HoldsOn("record.read", "lsm-1"));
  EXPECT_FALSE(rights.HoldsOn("record.read", "lsm-2"));
  EXPECT_FALSE(rights.HoldsOn("record.read", ""));
  EXPECT_FALSE(rights.Holds("record.read"));
  EXPECT_TRUE(rights.HoldsSomewhere("record.read"));
  rights.Allow("record.read");
  EXPECT_TRUE(rights.Holds("record.read"));
  EXPECT_TRUE(rights.HoldsOn("record.read", "lsm-2"));
  EXPECT_TRUE(rights.HoldsOn("record.read", ""));
  EXPECT_FALSE(rights.HoldsSomewhere("hold.place"));
}

TEST(Rights, AScopeNeverAdds) {
  Rights rights;
  rights.Allow("record.read", "lsm-1");
  rights.Allow("hold.place");
  const std::array<std::string, 2> scope = {"record.read", "account.manage"};
  const Rights within = rights.Within(scope);
  EXPECT_TRUE(within.HoldsOn("record.read", "lsm-1"));
  EXPECT_FALSE(within.Holds("record.read"));
  EXPECT_FALSE(within.HoldsSomewhere("account.manage"));
  EXPECT_FALSE(within.HoldsSomewhere("hold.place"));
}

TEST(PeopleEvents, RefuseWhatWouldDeceive) {
  const auto sentence = [](const char* type, const json& body) {
    const auto fault = RegisterFault(type, body);
    return fault ? fault->sentence : "";
  };
  EXPECT_EQ(sentence("account_created", {{"id", "ana"}, {"name", "Ana"}}), "");
  EXPECT_EQ(sentence("account_created", {{"id", "Ana"}, {"name", "Ana"}}),
            "'id' must be in lower case");
  EXPECT_NE(sentence("account_created", {{"id", "x"}, {"name", ""}}), "");
  EXPECT_NE(sentence("account_changed", {{"id", "x"}, {"name", std::string(201, 'x')}}), "");
  for (const char* id : {"admin", "service", "agent", "public"}) {
    EXPECT_NE(sentence("account_created", {{"id", id}, {"name", "x"}}), "") << id;
  }
  EXPECT_NE(sentence("account_created", {{"id", "agent:x"}, {"name", "x"}}), "");
  EXPECT_NE(sentence("account_created", {{"id", "x"}, {"name", "x"}, {"kind", "robot"}}), "");
  const auto role = [&](const char* id, const json& rights) {
    return sentence("role_defined", {{"id", id}, {"title", "T"}, {"rights", rights}});
  };
  EXPECT_EQ(role("booking", {"fitness.read"}), "");
  EXPECT_NE(role("booking", {"fitness.write"}), "");
  EXPECT_NE(role("booking", {"fitness.read", "fitness.read"}), "");
  EXPECT_NE(role("booking", "fitness.read"), "");
  EXPECT_EQ(role("public", {"record.read", "status.read"}), "");
  EXPECT_NE(role("public", {"hold.place"}), "");
  EXPECT_NE(role("public", {"access_log.read"}), "");
  EXPECT_NE(sentence("role_granted", {{"account", "ana"}, {"role", "public"}}), "");
  EXPECT_NE(sentence("role_granted", {{"account", "ana"}, {"role", "agent"}}), "");
}

}  // namespace
}  // namespace sop
