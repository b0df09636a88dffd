#include "monitor/agent/matching.h"

#include <gtest/gtest.h>

namespace monitor::agent {
namespace {

AgentConfig TwoInstruments() {
  AgentConfig config;
  Watch one{.instrument = "lsm-1", .dir = "/qc/lsm-1", .since = {}, .rules = {}};
  one.rules.push_back({"**/psf_*.tif", "63x", "PSF-03", "as_found", {}, {}, {}});
  one.rules.push_back({"**/*_field.tif", "10x", "FLAT-01", "as_found", {}, {}, {}});
  Watch two{.instrument = "lsm-2", .dir = "/qc/lsm-2", .since = {}, .rules = {}};
  two.rules.push_back({"*.tif", "20x", "PSF-03", "as_found", {}, {}, {{"zoom", "2"}}});
  two.rules.push_back({"*.tif", "40x", "PSF-03", "as_found", {}, {}, {{"zoom", "4"}}});
  config.watches = {one, two};
  return config;
}

TextPairs NoMetadata(const std::string&) {
  ADD_FAILURE() << "metadata must not be read where no rule asks for it";
  return {};
}

TEST(Matching, FindsTheOneRule) {
  const AgentConfig config = TwoInstruments();
  const auto match = MatchFile(config, "/qc/lsm-1/2026/psf_1.tif", NoMetadata);
  ASSERT_TRUE(std::holds_alternative<Candidate>(match));
  EXPECT_EQ(Describe(std::get<Candidate>(match)), "lsm-1/63x PSF-03");
}

TEST(Matching, NeverGuesses) {
  const AgentConfig config = TwoInstruments();
  const auto none = MatchFile(config, "/qc/lsm-1/notes.txt", NoMetadata);
  EXPECT_EQ(std::get<Unmatched>(none).reason, InboxReason::kNoRule);
  const auto both = MatchFile(config, "/qc/lsm-1/psf_field/psf_1_field.tif", NoMetadata);
  EXPECT_EQ(std::get<Unmatched>(both).reason, InboxReason::kSeveralRules);
  EXPECT_EQ(std::get<Unmatched>(both).candidates.size(), 2U);
  const auto outside = MatchFile(config, "/qc/lsm-10/psf_1.tif", NoMetadata);
  EXPECT_EQ(std::get<Unmatched>(outside).reason, InboxReason::kNoRule);
}

TEST(Matching, DecidesByWhatTheFileStates) {
  const AgentConfig config = TwoInstruments();
  const auto stating = [&](const char* zoom) {
    return MatchFile(config, "/qc/lsm-2/a.tif", [&](const std::string&) {
      return TextPairs{{"zoom", zoom}};
    });
  };
  EXPECT_EQ(std::get<Candidate>(stating("4.0")).rule->configuration, "40x");
  EXPECT_EQ(std::get<Candidate>(stating("2.0000001")).rule->configuration, "20x");
  EXPECT_EQ(std::get<Unmatched>(stating("3")).reason, InboxReason::kMetadataDiffers);
}

TEST(Matching, AFileBelowTwoWatchesIsAmbiguous) {
  AgentConfig config = TwoInstruments();
  config.watches[1].dir = "/qc";
  config.watches[1].rules = {{"**/*.tif", "20x", "PSF-03", "as_found", {}, {}, {}}};
  const auto match = MatchFile(config, "/qc/lsm-1/psf_1.tif", NoMetadata);
  EXPECT_EQ(std::get<Unmatched>(match).reason, InboxReason::kSeveralRules);
}

}  // namespace
}  // namespace monitor::agent
