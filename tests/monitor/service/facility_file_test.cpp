#include "monitor/service/facility_file.h"

#include <fstream>

#include "tests/monitor/service/record_fixture.h"

namespace monitor::service {
namespace {

std::string Refusal(const std::string& toml, const std::string& dir = ".") {
  try {
    static_cast<void>(ReadFacilityFile(toml, dir));
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.type, "facility_file");
    return problem.what();
  }
  return "";
}

TEST(FacilityFile, NamesTheLineAndTheNearestKey) {
  EXPECT_EQ(Refusal("[facility]\nname = \"F\"\ntime_zome = \"UTC\"\n"),
            "line 3: unknown key \"time_zome\" in facility; did you mean \"time_zone\"?");
  EXPECT_EQ(
      Refusal("[[instrument]]\nid = \"a\"\n\n[[instrumnet]]\nid = \"b\"\n"),
      "line 4: unknown key \"instrumnet\" in the facility file; did you mean \"instrument\"?");
  EXPECT_EQ(Refusal("[[procedure]]\nid = \"p\"\n[procedure.decision_rule]\nguard_band = 1\n")
                .substr(0, 28),
            "line 4: unknown key \"guard_b");
  EXPECT_EQ(Refusal("[[profile]]\nneeds = [\n  { procedure = \"p\" },\n  { proc = \"q\" },\n]\n")
                .substr(0, 26),
            "line 4: unknown key \"proc\"");
  EXPECT_EQ(Refusal("[[limit]]\nupper = 1.0\n"), "line 1: [[limit]] needs a procedure");
  EXPECT_EQ(Refusal("[instrument]\nid = \"a\"\n"), "line 1: write [[instrument]]");
  EXPECT_EQ(Refusal("[facility\n").substr(0, 7), "line 1:");
}

TEST(FacilityFile, ProcedureTextsAreReadBesideTheFileOnly) {
  const std::string dir = ::testing::TempDir();
  std::ofstream(dir + "/psf.md") << "# How to";
  const auto rows = ReadFacilityFile("[[procedure]]\nid = \"p\"\nfile = \"psf.md\"\n", dir);
  EXPECT_EQ(rows.at(0).body.at("text"), "# How to");
  EXPECT_FALSE(rows.at(0).body.contains("file"));
  EXPECT_NE(Refusal("[[procedure]]\nfile = \"../psf.md\"\n", dir).find("beside"),
            std::string::npos);
  EXPECT_NE(Refusal("[[procedure]]\nfile = \"/etc/passwd\"\n", dir).find("relative"),
            std::string::npos);
  EXPECT_NE(Refusal("[[procedure]]\nfile = \"none.md\"\n", dir).find("cannot read none.md"),
            std::string::npos);
}

TEST(FacilityFile, LimitsOfAProcedureAreOneSet) {
  const auto rows = ReadFacilityFile(
      "[[limit]]\nprocedure = \"p\"\nquantity = \"a\"\n[[limit]]\nprocedure = \"q\"\n"
      "[[limit]]\nprocedure = \"p\"\nquantity = \"b\"\n",
      ".");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].body.at("limits").size(), 2U);
  EXPECT_FALSE(rows[0].body.at("limits").at(0).contains("procedure"));
}

TEST_F(RecordTest, AWrongValueInAFacilityFileNamesItsRow) {
  const auto refusal = [&](const std::string& good, const std::string& bad) -> std::string {
    std::string broken = kFacility;
    broken.replace(broken.find(good), good.size(), bad);
    try {
      record_->ApplyFacility(broken, dir_, "admin");
    } catch (const Problem& problem) {
      EXPECT_EQ(problem.status, 422);
      return problem.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=SOMETIMES"),
            "line 18: recurrence 'FREQ=SOMETIMES' needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
  EXPECT_EQ(refusal("window_end_d = 7", "decision_rule = { guard_band_ratio = -1 }"),
            "line 18: 'decision_rule.guard_band_ratio' must be 0 to 3");
  EXPECT_EQ(refusal("upper = 1.0", "upper = 1.0\nlower = 2.0"),
            "line 32: 'limits[0].lower' must be at most 'upper'");
  EXPECT_EQ(record_->Events(0, 100).at("tree_size"), 1);
}

}  // namespace
}  // namespace monitor::service
