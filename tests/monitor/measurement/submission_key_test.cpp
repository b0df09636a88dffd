#include "monitor/measurement/submission_key.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "monitor/measurement/sha256.h"

namespace monitor::measurement {
namespace {

nlohmann::json Document() {
  return nlohmann::json::parse(R"({"schema":"etalon.measurement/1","measured_at":"2026-01-01",
    "software":{"name":"etalon","version":"0.1.0","build":"x"},
    "inputs":[{"name":"b","sha256":"bb"},{"name":"a","sha256":"aa"}],
    "setup":{"zoom":{"value":2.0,"source":"option"}},
    "quantities":[{"definition":"z/1"},{"definition":"a/1"},{"definition":"z/1"}]})");
}

TEST(SubmissionKey, IsTheDigestOfTheWrittenForm) {
  EXPECT_EQ(SubmissionKey(Document(), "lsm-1", "63x", "PSF-03"),
            BytesDigest(R"({"algorithm":["etalon/0.1.0","a/1","z/1"],"configuration":"63x",)"
                        R"("instrument":"lsm-1","procedure":"PSF-03","raw":["bb","aa"],)"
                        R"("setup":{"zoom":2}})"));
}

TEST(SubmissionKey, DoesNotDependOnTimeNamesOrSources) {
  nlohmann::json other = Document();
  other["measured_at"] = "2027-01-01";
  other["inputs"][0]["name"] = "renamed";
  other["setup"]["zoom"]["source"] = "configuration";
  EXPECT_EQ(SubmissionKey(Document(), "i", "c", "p"), SubmissionKey(other, "i", "c", "p"));
  other["setup"]["zoom"]["value"] = 3.0;
  EXPECT_NE(SubmissionKey(Document(), "i", "c", "p"), SubmissionKey(other, "i", "c", "p"));
}

TEST(SubmissionKey, RefusesWhatIsNoMeasurement) {
  EXPECT_THROW((void)SubmissionKey(nlohmann::json(3), "i", "c", "p"), std::invalid_argument);
  nlohmann::json broken = Document();
  broken["inputs"][0].erase("sha256");
  EXPECT_THROW((void)SubmissionKey(broken, "i", "c", "p"), std::invalid_argument);
}

TEST(Sha256, KnownDigest) {
  EXPECT_EQ(BytesDigest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace monitor::measurement
