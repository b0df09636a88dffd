#include "qc_metrics/psf_outliers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "qc_metrics/psf_field_fit.h"
#include "qc_metrics/psf_values.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kFewestBeads = 5;
constexpr std::size_t kBeadsForSurface = 16;
constexpr double kMadToSd = 1.4826;

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 == 1 ? *middle
                                : 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

/// Largest score that chance gives n beads: sqrt(2 ln(30 n)) is beyond the largest of 3 n normal
/// numbers in 98 of 100 fields; the second factor is for the scatter of the robust SD itself.
double LargestByChance(std::size_t beads) {
  const auto n = static_cast<double>(beads);
  return std::sqrt(2.0 * std::log(30.0 * n)) * (1.0 + 5.0 / n);
}

/// What is left of each value once the field, or the median, is taken off, and its robust SD.
struct Leftover {
  std::vector<double> values;
  double sd = 0.0;
};

Leftover LeftoverOf(const PsfField& field, const std::vector<BeadValue>& values) {
  std::vector<FieldPoint> points;
  std::vector<double> plain;
  for (const BeadValue& one : values) {
    const auto& at = field.beads[one.bead].position_px;
    points.push_back({at[0] / field.columns - 0.5, at[1] / field.rows - 0.5, one.value.value});
    plain.push_back(one.value.value);
  }
  const auto fit = values.size() < kBeadsForSurface ? std::nullopt : FitField(points);
  const double median = MedianOf(plain);
  std::vector<double> sizes;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    plain[i] -= fit ? fit->At(points[i].x, points[i].y) : median;
    sizes.push_back(std::abs(plain[i]));
  }
  return {std::move(plain), fit ? fit->residual_sd : kMadToSd * MedianOf(std::move(sizes))};
}

/// Raises the score of each bead to what one quantity says of it.
void Score(const PsfField& field, const std::vector<BeadValue>& values,
           std::map<std::size_t, double>& scores) {
  if (values.size() < kFewestBeads) return;
  const Leftover left = LeftoverOf(field, values);
  std::vector<double> us;
  for (const BeadValue& one : values) us.push_back(one.value.u);
  const double scale = std::max(left.sd, MedianOf(std::move(us)));
  if (!(scale > 0.0)) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& score = scores[values[i].bead];
    score = std::max(score, std::abs(left.values[i]) / scale);
  }
}

}  // namespace

std::vector<OutlierMark> FindOutliers(const PsfField& field) {
  std::map<std::size_t, double> scores;
  for (const PsfWidth width : {PsfWidth::kLateral, PsfWidth::kZ, PsfWidth::kAsymmetry}) {
    for (const PsfDefinition definition : kPsfDefinitions) {
      const auto values = KeptValues(field, definition, width);
      if (values.empty()) continue;
      Score(field, values, scores);
      break;
    }
  }
  std::vector<OutlierMark> out;
  for (const auto& [bead, score] : scores) {
    if (score > LargestByChance(scores.size())) out.push_back({bead, score});
  }
  return out;
}

void AddOutliers(const PsfField& field, int channel, Report& report) {
  const auto marks = FindOutliers(field);
  for (const OutlierMark& mark : marks) {
    if (mark.bead >= report.objects.size()) continue;
    Quantity q;
    q.id = "psf.outlier";
    q.definition = "etalon.outlier/1";
    q.unit = "1";
    q.value = mark.score;
    q.channel = channel;
    report.objects[mark.bead].quantities.push_back(std::move(q));
  }
  if (!marks.empty()) {
    const std::string count = std::to_string(marks.size());
    report.findings.push_back({"outliers", Severity::kInfo,
                               count + (marks.size() == 1 ? " kept bead is" : " kept beads are") +
                                   " unlike the others (farther off in width or asymmetry than "
                                   "chance puts any); marked, not left "
                                   "out: look at the pictures.",
                               channel});
  }
}

}  // namespace qc_metrics
