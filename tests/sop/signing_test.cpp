#include "sop/signing.h"

#include <gtest/gtest.h>

#include "sop/rights.h"

namespace sop {
namespace {

using nlohmann::json;

std::string Conflict(const SigningPolicy& policy, const char* meaning, const char* account,
                     const ActedBy& acted, const char* kind = "procedure") {
  return FourEyesConflict(policy, meaning, kind, account, acted).value_or("");
}

TEST(Signing, EachMeaningAsksForARightThatThereIs) {
  EXPECT_EQ(SignatureMeanings().size(), 8U);
  for (const SignatureMeaning& meaning : SignatureMeanings()) {
    EXPECT_NE(FindRight(meaning.right), nullptr) << meaning.id;
    EXPECT_EQ(FindSignatureMeaning(meaning.id)->id, meaning.id);
  }
  EXPECT_EQ(FindSignatureMeaning("liked"), nullptr);
}

TEST(Signing, WhoActedDoesNotCheckTheirOwnWork) {
  const SigningPolicy& policy = BuiltInSigningPolicy();
  const ActedBy acted = {{"authored", {"ana"}}, {"performed", {"bruno"}}};
  EXPECT_EQ(Conflict(policy, "approved", "ana", acted), "authored");
  EXPECT_EQ(Conflict(policy, "approved", "bruno", acted), "");
  EXPECT_EQ(Conflict(policy, "reviewed", "bruno", acted), "performed");
  EXPECT_EQ(Conflict(policy, "rejected", "bruno", acted), "performed");
  EXPECT_EQ(Conflict(policy, "reviewed", "ana", acted), "");
  EXPECT_EQ(Conflict(policy, "acknowledged", "ana", acted), "");
  EXPECT_EQ(Conflict(policy, "approved", "ana", {}), "");
}

TEST(Signing, AFacilitySetsRulesForAKindAndWhatACommandAsksFor) {
  std::string why;
  const json body = {
      {"rules", {{{"meaning", "released"}, {"kind", "hold"}, {"not_same_as", {"performed"}}}}},
      {"required", {{{"command", "hold_released"}, {"meaning", "released"}}}}};
  const auto policy = ReadSigningPolicy(body, why);
  ASSERT_TRUE(policy.has_value()) << why;
  EXPECT_EQ(SigningPolicyJson(*policy), body);
  const ActedBy acted = {{"performed", {"ana"}}, {"authored", {"ana"}}};
  EXPECT_EQ(Conflict(*policy, "released", "ana", acted, "hold"), "performed");
  EXPECT_EQ(Conflict(*policy, "released", "ana", acted, "measurement"), "");
  EXPECT_EQ(Conflict(*policy, "approved", "ana", acted), "") << "the built-in rules are replaced";
  EXPECT_EQ(RequiredMeaning(*policy, "hold_released").value_or(""), "released");
  EXPECT_FALSE(RequiredMeaning(*policy, "hold_placed").has_value());
  EXPECT_FALSE(RequiredMeaning(BuiltInSigningPolicy(), "hold_released").has_value());
}

TEST(Signing, APolicyThatSaysAnythingElseIsRefusedWithASentence) {
  const json rule = {{"meaning", "approved"}, {"not_same_as", {"authored"}}};
  std::vector<json> wrong = {json::array(),
                             {{"rule", json::array()}},
                             {{"rules", 1}},
                             {{"required", {{{"command", "x"}}}}}};
  for (const auto& [member, value] : {std::pair<const char*, json>{"meaning", "liked"},
                                      {"not_same_as", json::array()},
                                      {"not_same_as", {"liked"}},
                                      {"kind", ""},
                                      {"kinds", "x"}}) {
    json changed = rule;
    changed[member] = value;
    wrong.push_back({{"rules", json::array({changed})}});
  }
  for (const json& body : wrong) {
    std::string why;
    EXPECT_FALSE(ReadSigningPolicy(body, why).has_value()) << body;
    EXPECT_FALSE(why.empty()) << body;
  }
}

}  // namespace
}  // namespace sop
