#include "monitor/service/evidence.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>

#include "monitor/service/time_text.h"
#include "tests/support/test_database.h"

// What is read for a verdict, against everything that was ever measured.
namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::kForever;
using sop::store::MeasurementRow;
using sop::store::Table;

constexpr std::array<const char*, 10> kOutcomes = {
    "pass",         "conditional_pass",   "fail",           "fail", "conditional_fail",
    "unmeasurable", "not_representative", "limits_missing", "fail", "an outcome of the future"};
constexpr std::array<const char*, 4> kPurposes = {"as_found", "repeat", "as_left", "practice"};
const std::string kZone = "Europe/Lisbon";

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "evidence-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
    database_ = std::make_unique<sop::store::TestDatabase>(dir_);
    store_ = std::make_unique<sop::store::Store>(database_->where());
    state_.time_zone = kZone;
    state_.procedures["P"] = {{"recurrence", "FREQ=MONTHLY;BYMONTHDAY=1"},
                              {"start", "2026-01-01"},
                              {"window_start_d", 7},
                              {"window_end_d", 7},
                              {"suspect_working_days", 2}};
    state_.limit_sets["P"] = {{"limits", Json::array({1})}};
  }
  ~EvidenceTest() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }

  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  /// A measurement somewhere in ten days, often of the same instant or data as another.
  MeasurementRow Random(std::int64_t idx, const std::string& configuration, int outcomes) {
    MeasurementRow row;
    row.key = "m" + std::to_string(idx);
    row.instrument = "lsm-1";
    row.configuration = configuration;
    row.procedure = "P";
    row.purpose = kPurposes[static_cast<std::size_t>(Pick(4))];
    row.acquired_ms = begin_ms_ + Pick(240) * 3'600'000LL + Pick(2) * 400;
    row.acquired_at = TimeText(FromMs(row.acquired_ms));
    row.idx = idx;
    row.decided_idx = idx + 1;
    row.outcome = kOutcomes[static_cast<std::size_t>(Pick(outcomes))];
    row.review = Pick(2) != 0 ? "pending" : "released_by_rule";
    row.body = Json{{"attributed", Pick(5) != 0},
                    {"uncertainty_incomplete", Pick(5) == 0},
                    {"clear_fail", row.outcome == "fail"},
                    {"warning", Pick(5) == 0},
                    {"raw", Json::array({"raw" + std::to_string(Pick(3))})}}
                   .dump();
    return row;
  }
  void Fill(int count, const std::string& configuration, int outcomes) {
    auto transaction = store_->Begin();
    for (int i = 0; i < count; ++i) {
      const std::int64_t idx = transaction->EventCount();
      transaction->AppendEvent({idx, "{}", "", idx});
      transaction->AppendEvent({idx + 1, "{}", "", idx + 1});
      rows_.push_back(Random(idx, configuration, outcomes));
      transaction->AddMeasurement(rows_.back());
      if (Pick(3) != 0) continue;
      transaction->AppendEvent({idx + 2, "{}", "", idx + 2});
      const std::string key =
          rows_[static_cast<std::size_t>(Pick(static_cast<int>(rows_.size())))].key;
      transaction->Put(Table::kReview, {key, "", idx + 2, kForever, idx + 2, "{}"});
      reviews_.emplace_back(idx + 2, key);
    }
    transaction->Commit();
  }

  /// All that counts, oldest acquisition first.
  [[nodiscard]] std::vector<MeasurementRow> All(const std::string& configuration, std::int64_t at,
                                                sop::Instant now) const {
    std::vector<MeasurementRow> all;
    for (const MeasurementRow& row : rows_) {
      if (row.configuration == configuration && row.decided_idx < at && row.purpose != "practice" &&
          ToSeconds(FromMs(row.acquired_ms)) <= now) {
        all.push_back(row);
      }
    }
    std::ranges::sort(
        all, {}, [](const MeasurementRow& row) { return std::pair(row.acquired_ms, row.idx); });
    return all;
  }
  [[nodiscard]] sop::DecidedMeasurement Decided(const MeasurementRow& row, std::int64_t at) const {
    const Json body = Json::parse(row.body);
    const bool reviewed = std::ranges::any_of(reviews_, [&](const auto& review) {
      return review.first < at && review.second == row.key;
    });
    return {
        row.key,
        ToSeconds(FromMs(row.acquired_ms)),
        sop::MeasurementOutcomeFrom(row.outcome).value_or(sop::MeasurementOutcome::kUnmeasurable),
        reviewed ? sop::Review::kReviewed : *sop::ReviewFrom(row.review),
        body["attributed"],
        body["uncertainty_incomplete"],
        body["clear_fail"],
        body["warning"],
        body["raw"][0]};
  }
  static std::string Text(const sop::AssignmentEvidence& evidence, sop::Instant now) {
    const sop::FitnessQuery query{now, now, now, kZone};
    std::string text = VerdictJson(sop::Fitness({evidence}, {}, query), "p", "c", now).dump();
    const sop::DueState due = sop::Due(evidence, kZone);
    return text + DayText(*due.due) + TimeText(*due.overdue_from);
  }

  /// Asks of a random time and place both ways.
  void Compare(const std::string& configuration) {
    const auto tables = store_->Read();
    const std::int64_t at = Pick(static_cast<int>(tables->EventCount()) + 1);
    const sop::Instant now = ToSeconds(FromMs(begin_ms_ + Pick(300) * 3'600'000LL));
    const Assignment assignment{"lsm-1", configuration, "P"};
    const Evidence evidence(state_, *tables, at, now);
    const auto all = All(configuration, at, now);
    const auto& latest = evidence.Of(assignment).latest;
    ASSERT_EQ(latest ? latest->key : "", all.empty() ? "" : all.back().key);
    const auto found = evidence.LatestAsFound(assignment);
    const auto slow = std::find_if(all.rbegin(), all.rend(), [](const MeasurementRow& row) {
      return row.purpose == "as_found";
    });
    ASSERT_EQ(found ? found->key : "", slow == all.rend() ? "" : slow->key);
    sop::AssignmentEvidence whole = evidence.For(assignment);
    whole.history.clear();
    for (const MeasurementRow& row : all) whole.history.push_back(Decided(row, at));
    ASSERT_EQ(Text(evidence.For(assignment), now), Text(whole, now))
        << configuration << " at " << at << " of " << all.size();
  }

  std::mt19937 random_{20261130};
  std::int64_t begin_ms_ = ToMs(ParseTime("2026-02-20T00:00:00Z").value());
  std::string dir_;
  std::unique_ptr<sop::store::TestDatabase> database_;
  std::unique_ptr<sop::store::Store> store_;
  RegisterState state_;
  std::vector<MeasurementRow> rows_;
  std::vector<std::pair<std::int64_t, std::string>> reviews_;
};

TEST_F(EvidenceTest, SaysTheSameAsAllThatWasMeasured) {
  // Of "bad" half of the outcomes are failures and none is good: its chains are long.
  const std::array<std::pair<const char*, int>, 3> places = {
      {{"few", 10}, {"many", 10}, {"mostly good", 3}}};
  Fill(4, places[0].first, places[0].second);
  Fill(150, places[1].first, places[1].second);
  Fill(60, places[2].first, places[2].second);
  for (int i = 0; i < 600; ++i) {
    Compare(places[static_cast<std::size_t>(i % 3)].first);
    if (HasFatalFailure()) return;
  }
}

TEST_F(EvidenceTest, ALongChainWithoutConfirmationIsReadToItsBeginning) {
  auto transaction = store_->Begin();
  for (std::int64_t i = 0; i < 50; ++i) {
    transaction->AppendEvent({2 * i, "{}", "", i});
    transaction->AppendEvent({2 * i + 1, "{}", "", i});
    MeasurementRow row = Random(2 * i, "c", 1);
    row.outcome = i == 0 ? "fail" : "conditional_fail";
    row.purpose = "repeat";
    row.acquired_ms = begin_ms_ + i * 1000;
    rows_.push_back(row);
    transaction->AddMeasurement(row);
  }
  transaction->Commit();
  const auto tables = store_->Read();
  const Evidence evidence(state_, *tables, 100, ToSeconds(FromMs(begin_ms_ + 60'000)));
  const auto history = evidence.Of({"lsm-1", "c", "P"}).history;
  EXPECT_EQ(history.size(), 50U);
  EXPECT_EQ(history.front().key, "m0");
}

}  // namespace
}  // namespace monitor::service
