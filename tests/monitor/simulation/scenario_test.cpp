#include "monitor/simulation/scenario.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace monitor::simulation {
namespace {

/// Settings that make every kind quick to draw.
const std::map<std::string_view, std::string_view> kSmall = {
    {"model", "gaussian"}, {"columns", "96"},      {"rows", "96"},
    {"planes", "24"},      {"beads", "2"},         {"dark_frames", "3"},
    {"flat_frames", "2"},  {"flat_levels", "500"}, {"on_s", "60"}};

const Scenario& Named(std::string_view name) {
  for (const Scenario& scenario : Scenarios()) {
    if (scenario.name == name) return scenario;
  }
  throw std::logic_error("no scenario");
}

class ScenarioFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "scenarioXXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Simulated Run(const Scenario& scenario, const ScenarioSettings& settings,
                              std::uint64_t seed = 1) const {
    return scenario.run(settings, (folder_ / scenario.name).string(), seed);
  }
  [[nodiscard]] std::string Bytes(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST(ScenarioSettings, EveryStandardValueIsOneThatMayBeSet) {
  for (const Scenario& scenario : Scenarios()) {
    std::set<std::string_view> names;
    ScenarioSettings settings(scenario.keys);
    for (const ScenarioKey& key : scenario.keys) {
      EXPECT_TRUE(names.insert(key.name).second) << key.name;
      EXPECT_FALSE(key.help.empty()) << key.name;
      EXPECT_NO_THROW(settings.Put(key.name, key.standard)) << scenario.name << " " << key.name;
    }
  }
}

TEST(ScenarioSettings, RefusesWhatAKeyCannotBe) {
  ScenarioSettings settings(Named("psf").keys);
  EXPECT_THROW(settings.Put("planes", "12.5"), ScenarioError);
  EXPECT_THROW(settings.Put("planes", "11"), ScenarioError);
  EXPECT_THROW(settings.Put("photons", "many"), ScenarioError);
  EXPECT_THROW(settings.Put("photons", "nan"), ScenarioError);
  EXPECT_THROW(settings.Put("photons", "1e7"), ScenarioError);
  EXPECT_THROW(settings.Put("model", "gauss"), ScenarioError);
  EXPECT_THROW(settings.Put("emission_nm", "520,"), ScenarioError);
  EXPECT_THROW(settings.Put("objective", "a\nb"), ScenarioError);
  settings.Put("emission_nm", "520,600.5");
  EXPECT_EQ(settings.Numbers("emission_nm"), (std::vector<double>{520.0, 600.5}));
  settings.Put("planes", "12");
  EXPECT_EQ(settings.Whole("planes"), 12);
}

TEST_F(ScenarioFiles, OneSeedGivesTheSameBytesAndAnotherDoesNot) {
  for (const Scenario& scenario : Scenarios()) {
    ScenarioSettings settings(scenario.keys);
    for (const ScenarioKey& key : scenario.keys) {
      if (const auto small = kSmall.find(key.name); small != kSmall.end()) {
        settings.Put(key.name, small->second);
      }
    }
    const std::string path = Run(scenario, settings).files.at(0);
    const std::string first = Bytes(path);
    (void)Run(scenario, settings);
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, Bytes(path)) << scenario.name;
    (void)Run(scenario, settings, 2);
    EXPECT_NE(first, Bytes(path)) << scenario.name;
  }
}

TEST_F(ScenarioFiles, BadBeadsAreTold) {
  const Scenario& psf = Named("psf");
  ScenarioSettings settings(psf.keys);
  for (const auto& [key, value] : {std::pair{"model", "gaussian"},
                                   {"columns", "400"},
                                   {"rows", "400"},
                                   {"planes", "20"},
                                   {"beads", "5"},
                                   {"pairs", "2"},
                                   {"edge_beads", "3"},
                                   {"saturated_beads", "1"}}) {
    settings.Put(key, value);
  }
  const Simulated done = Run(psf, settings);
  std::map<std::string, int> reasons;
  for (const TrueObject& bead : done.objects) ++reasons[bead.reason];
  EXPECT_EQ(reasons,
            (std::map<std::string, int>{{"", 5}, {"edge", 3}, {"saturated", 1}, {"too_close", 4}}));
  EXPECT_EQ(done.quantities.back().id, "psf.beads.kept");
  EXPECT_EQ(done.quantities.back().value, 5.0);
}

TEST_F(ScenarioFiles, WhatCannotBeDrawnIsAScenarioError) {
  const Scenario& psf = Named("psf");
  ScenarioSettings settings(psf.keys);
  settings.Put("model", "gaussian");
  settings.Put("beads", "1000");
  EXPECT_THROW((void)Run(psf, settings), ScenarioError);
  settings.Put("beads", "3");
  settings.Put("bits", "8");
  EXPECT_THROW((void)Run(psf, settings), ScenarioError);
  settings.Put("bits", "16");
  settings.Put("excitation_nm", "488,561");
  EXPECT_THROW((void)Run(psf, settings), ScenarioError);
  settings.Put("excitation_nm", "488");
  settings.Put("numerical_aperture", "1.6");
  EXPECT_THROW((void)Run(psf, settings), ScenarioError);
  settings.Put("numerical_aperture", "1.4");
  settings.Put("specimen_index", "0.5");
  EXPECT_THROW((void)Run(psf, settings), ScenarioError);
}

TEST_F(ScenarioFiles, PowerOfASegmentIsItsClosedForm) {
  const Scenario& power = Named("power");
  ScenarioSettings settings(power.keys);
  settings.Put("settings", "20,80");
  settings.Put("on_s", "100");
  settings.Put("off_s", "20");
  settings.Put("drift_per_h", "0.36");
  settings.Put("dark_mw", "0");
  const Simulated done = Run(power, settings);
  ASSERT_EQ(done.quantities.size(), 4U);
  // Samples at 0, 1, ... 99 s and 120 ... 219 s; 0.36 per hour is 1e-4 per second.
  EXPECT_NEAR(done.quantities[0].value, 2.0 * (1.0 + 49.5e-4), 1e-9);
  EXPECT_NEAR(done.quantities[1].value, 0.36 / (1.0 + 49.5e-4), 1e-6);
  EXPECT_NEAR(done.quantities[2].value, 8.0 * (1.0 + 169.5e-4), 1e-9);
  settings.Put("step", "0.1");
  settings.Put("acquired_at", "yesterday");
  EXPECT_THROW((void)Run(power, settings), ScenarioError);
  settings.Put("acquired_at", "2026-02-31T00:00:00Z");
  EXPECT_THROW((void)Run(power, settings), ScenarioError);
}

}  // namespace
}  // namespace monitor::simulation
