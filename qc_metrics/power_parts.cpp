#include "qc_metrics/power_parts.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "qc_metrics/power_outliers.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kMostSteps = 16;
constexpr int kMostBarrings = 24;
constexpr std::size_t kLeastApart = 4;  // a shorter stay is an outlier
constexpr double kLeastTauIntervals = 1.5;
constexpr double kMostTauPart = 1.0 / 3.0;  // of the record; slower is drift
constexpr int kTaus = 28;
constexpr int kTauRefinements = 30;
constexpr double kGolden = 0.6180339887498949;
constexpr double kLocalSigmas = 7.0;       // that a sudden step's neighbours should show
constexpr double kLeastLocalSigmas = 2.0;  // and at least do
constexpr double kLeastLocalPart = 0.5;    // of the step's height
constexpr double kWanderingLag1 = 0.93;
constexpr int kNewtonSteps = 3;
constexpr double kNoiseless = 1e-9;  // of the level: rounding

// The parts sought, by index of bin; the columns are in this order too.
class Search {
 public:
  Search(const BinnedTrace& trace, double band)
      : trace_(trace),
        band_(band),
        noise_(NoiseOfDifferences(trace.power_mw)),
        significant_(SignificantSigmas(trace.power_mw.size())),
        barred_(trace.power_mw.size()) {
    // A meter may show the same digits for minutes: then half of its digit is the noise.
    if (!(noise_.sd > 0.0)) noise_.sd = 0.5 * SmallestChange(trace.power_mw);
    const double length = trace.times_s.back() - trace.times_s.front();
    least_tau_ = kLeastTauIntervals * length / static_cast<double>(trace.times_s.size() - 1);
    most_tau_ = kMostTauPart * length;
  }

  PartsFit Run() {
    if (noise_.sd > 0.0) {
      while (AddOne()) continue;
      TakeOutStairs();
      TakeOutInsignificant();
    }
    return Finish();
  }

 private:
  std::vector<double> StepColumn(std::size_t k) const {
    std::vector<double> column(trace_.times_s.size());
    std::fill(column.begin() + static_cast<std::ptrdiff_t>(k), column.end(), 1.0);
    return column;
  }

  std::vector<double> SettlingColumn(double tau) const {
    std::vector<double> column;
    for (const double t : trace_.times_s) {
      column.push_back(std::exp(-(t - trace_.times_s.front()) / tau));
    }
    return column;
  }

  DesignColumns Columns(const std::vector<std::size_t>& steps, std::optional<double> tau) const {
    const double middle = 0.5 * (trace_.times_s.front() + trace_.times_s.back());
    const double length = trace_.times_s.back() - trace_.times_s.front();
    DesignColumns columns(2);
    for (const double t : trace_.times_s) {
      columns[0].push_back(1.0);
      columns[1].push_back((t - middle) / length);
    }
    for (const std::size_t k : steps) columns.push_back(StepColumn(k));
    if (tau) columns.push_back(SettlingColumn(*tau));
    return columns;
  }

  SeriesScan Scan(const std::vector<std::size_t>& steps, std::optional<double> tau) const {
    return {Columns(steps, tau), trace_.power_mw, trace_.gaps, noise_};
  }

  // Best settling time beside what `scan` holds, with its significance.
  std::pair<double, double> BestTau(const SeriesScan& scan) const {
    const auto value = [&](double log_tau) {
      return std::abs(scan.Sigmas(SettlingColumn(std::exp(log_tau))));
    };
    const double first = std::log(least_tau_);
    const double step = (std::log(most_tau_) - first) / kTaus;
    if (!(step > 0.0)) return {least_tau_, 0.0};
    int best = 0;
    double most = 0.0;
    for (int i = 0; i <= kTaus; ++i) {
      const double sigmas = value(first + step * i);
      if (sigmas > most) {
        most = sigmas;
        best = i;
      }
    }
    if (most < significant_) return {least_tau_, most};
    double low = first + step * std::max(0, best - 1);
    double high = first + step * std::min(kTaus, best + 1);
    for (int i = 0; i < kTauRefinements; ++i) {
      const double left = high - kGolden * (high - low);
      const double right = low + kGolden * (high - low);
      (value(left) > value(right) ? high : low) = value(left) > value(right) ? right : left;
    }
    return {std::exp(0.5 * (low + high)), value(0.5 * (low + high))};
  }

  bool IsFree(std::size_t k) const {
    if (barred_[k] != 0 || k < kLeastApart || k + kLeastApart > barred_.size()) return false;
    return std::none_of(steps_.begin(), steps_.end(),
                        [k](std::size_t s) { return (s > k ? s - k : k - s) < kLeastApart; });
  }

  std::pair<std::size_t, double> BestStep(const std::vector<double>& sigmas) const {
    std::size_t best = 0;
    double most = 0.0;
    for (std::size_t k = 1; k < sigmas.size(); ++k) {
      if (std::abs(sigmas[k]) <= most || !IsFree(k)) continue;
      most = std::abs(sigmas[k]);
      best = k;
    }
    return {best, most};
  }

  // A wandering power looks like a step from afar; beside its place it does not.
  bool IsSudden(std::size_t k) const {
    std::vector<std::size_t> with = steps_;
    with.push_back(k);
    const SeriesFit fit = FitSeries(Columns(with, tau_), trace_.power_mw, trace_.gaps);
    const double height = fit.coefficients[1 + with.size()];
    const double inflated = noise_.sd * std::sqrt((1.0 + noise_.lag1) / (1.0 - noise_.lag1));
    const double wanted = 2.0 * std::pow(kLocalSigmas * inflated / height, 2);
    const auto room = static_cast<double>(std::min(k, trace_.power_mw.size() - k));
    const auto beside = static_cast<std::size_t>(
        std::min(room, std::max(std::ceil(wanted), static_cast<double>(kLeastApart))));
    double jump = 0.0;
    for (std::size_t i = 0; i < beside; ++i) {
      // Residuals hold no step any more, so its height is put back.
      jump += (fit.residuals[k + i] - fit.residuals[k - 1 - i]) / static_cast<double>(beside);
    }
    jump += height;
    const double u = inflated * std::sqrt(2.0 / static_cast<double>(beside));
    return jump / height > kLeastLocalPart && std::abs(jump) > kLeastLocalSigmas * u;
  }

  // Differences know the noise's correlation poorly; the fit with the step knows it better.
  bool StandsOutOfItsFit(std::size_t k) const {
    if (k == 0 || !IsSudden(k)) return false;
    std::vector<std::size_t> with = steps_;
    with.push_back(k);
    const SeriesFit fit = FitSeries(Columns(with, tau_), trace_.power_mw, trace_.gaps);
    const std::size_t column = 1 + with.size();
    return std::abs(fit.coefficients[column]) >=
           significant_ * std::sqrt(fit.covariance[column][column]);
  }

  void Bar(std::size_t k) {
    wanders_ = true;
    ++barrings_;
    const std::size_t first = k < kLeastApart ? 0 : k - kLeastApart;
    for (std::size_t i = first; i < std::min(barred_.size(), k + kLeastApart); ++i) barred_[i] = 1;
  }

  // One more part; false when nothing significant is left.
  bool AddOne() {
    if (steps_.size() >= kMostSteps) return false;
    const SeriesScan scan = Scan(steps_, tau_);
    const std::vector<double> sigmas = scan.StepSigmas();
    const auto [tau, tau_sigmas] = tau_ ? std::pair{0.0, 0.0} : BestTau(scan);
    auto [k, step_sigmas] = BestStep(sigmas);
    while (step_sigmas >= std::max(significant_, tau_sigmas) && !IsSudden(k)) {
      Bar(k);
      if (barrings_ > kMostBarrings) return false;
      std::tie(k, step_sigmas) = BestStep(sigmas);
    }
    const bool seen = std::max(step_sigmas, tau_sigmas) >= significant_;
    if (!seen && !StandsOutOfItsFit(k)) return false;
    if (seen && tau_sigmas > step_sigmas) {
      tau_ = tau;
    } else {
      steps_.push_back(k);
      MoveSteps();
    }
    if (tau_) tau_ = BestTau(Scan(steps_, std::nullopt)).first;
    return true;
  }

  // Each step anew beside the others: the first was placed when nothing else was known.
  void MoveSteps() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::size_t before = steps_[i];
      steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(i));
      const std::size_t place = BestStep(Scan(steps_, tau_).StepSigmas()).first;
      steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(i), place > 0 ? place : before);
    }
  }

  // A power that wanders is climbed by stairs; a step must stand out of the wandering too.
  void TakeOutStairs() {
    if (!wanders_ || steps_.empty()) return;
    const DesignColumns columns = Columns({}, tau_);
    const SeriesNoise wandering = FitSeries(columns, trace_.power_mw, trace_.gaps).noise;
    const SeriesScan scan(columns, trace_.power_mw, trace_.gaps, wandering);
    const std::vector<double> sigmas = scan.StepSigmas();
    std::erase_if(steps_, [&](std::size_t k) { return std::abs(sigmas[k]) < significant_; });
  }

  void TakeOutInsignificant() {
    while (!steps_.empty() || tau_) {
      const SeriesFit fit = FitSeries(Columns(steps_, tau_), trace_.power_mw, trace_.gaps);
      std::size_t worst = 0;
      double least = significant_;
      for (std::size_t j = 2; j < fit.coefficients.size(); ++j) {
        const double sigmas = std::abs(fit.coefficients[j]) / std::sqrt(fit.covariance[j][j]);
        if (sigmas >= least) continue;
        least = sigmas;
        worst = j;
      }
      if (worst == 0) return;
      if (worst - 2 < steps_.size()) {
        steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(worst - 2));
      } else {
        tau_.reset();
      }
    }
  }

  PartsFit Finish();
  void FillSettling(const SeriesFit& fit, std::size_t column, TraceModel& model) const;
  double PlaceVariance(std::size_t step) const;

  const BinnedTrace& trace_;
  double band_;
  SeriesNoise noise_;
  double significant_;
  std::vector<char> barred_;
  double least_tau_ = 0.0;
  double most_tau_ = 0.0;
  std::vector<std::size_t> steps_;
  std::optional<double> tau_;
  bool wanders_ = false;
  int barrings_ = 0;
};

// Variance of a step's place, in bins, from how much less its neighbours explain.
double Search::PlaceVariance(std::size_t step) const {
  std::vector<std::size_t> others = steps_;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(step));
  const std::vector<double> sigmas = Scan(others, tau_).StepSigmas();
  const std::size_t place = steps_[step];
  double sum = 0.0;
  double first = 0.0;
  double second = 0.0;
  const std::size_t begin = place > 40 ? place - 40 : 1;
  for (std::size_t k = begin; k < std::min(sigmas.size(), place + 41); ++k) {
    const double gain = sigmas[k] * sigmas[k] - sigmas[place] * sigmas[place];
    const double weight = std::exp(0.5 * std::min(0.0, gain));
    const double offset = static_cast<double>(k) - static_cast<double>(place);
    sum += weight;
    first += weight * offset;
    second += weight * offset * offset;
  }
  return second / sum;  // about the place reported, not about the mean
}

// The time until the settling part is `band` of the settled power, with the part's, the rate's and
// the level's uncertainty.
void Search::FillSettling(const SeriesFit& fit, std::size_t column, TraceModel& model) const {
  TraceSettling settling{.part_mw = fit.coefficients[column], .tau_s = *tau_};
  const double settled = fit.coefficients[0] - 0.5 * fit.coefficients[1];  // at the first sample
  const double ratio = std::abs(settling.part_mw) / (band_ * settled);
  const double logarithm = std::log(ratio);
  if (!(logarithm > 0.0)) {
    model.settling = settling;
    return;
  }
  settling.time_s = *tau_ * logarithm;
  std::vector<double> gradient(fit.coefficients.size());
  gradient[0] = -*tau_ / settled;
  gradient[1] = 0.5 * *tau_ / settled;
  gradient[column] = *tau_ / settling.part_mw;
  gradient[column + 1] = logarithm;
  double variance = 0.0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    for (std::size_t j = 0; j < gradient.size(); ++j) {
      variance += gradient[i] * fit.covariance[i][j] * gradient[j];
    }
  }
  settling.time_u_s = std::sqrt(std::max(0.0, variance));
  model.settling = settling;
}

PartsFit Search::Finish() {
  std::sort(steps_.begin(), steps_.end());
  DesignColumns columns = Columns(steps_, tau_);
  SeriesFit fit = FitSeries(columns, trace_.power_mw, trace_.gaps);
  const std::size_t settling = 2 + steps_.size();
  // The settling time constant is a parameter too: its derivative is a column, its value follows.
  for (int i = 0; tau_ && i < kNewtonSteps; ++i) {
    columns = Columns(steps_, tau_);
    columns.emplace_back();
    for (std::size_t k = 0; k < trace_.times_s.size(); ++k) {
      const double t = trace_.times_s[k] - trace_.times_s.front();
      columns.back().push_back(fit.coefficients[settling] * columns[settling][k] * t /
                               (*tau_ * *tau_));
    }
    fit = FitSeries(columns, trace_.power_mw, trace_.gaps);
    if (i + 1 < kNewtonSteps) {
      *tau_ = std::clamp(*tau_ + fit.coefficients.back(), 0.5 * *tau_, 2.0 * *tau_);
    }
  }
  PartsFit result;
  TraceModel& model = result.model;
  const double length = trace_.times_s.back() - trace_.times_s.front();
  model.middle_s = 0.5 * (trace_.times_s.front() + trace_.times_s.back());
  model.first_s = trace_.times_s.front();
  model.level_mw = fit.coefficients[0];
  model.slope_mw_per_s = fit.coefficients[1] / length;
  model.slope_u_mw_per_s = std::sqrt(fit.covariance[1][1]) / length;
  model.noise = fit.noise;
  const bool noisy = fit.noise.sd > kNoiseless * std::abs(model.level_mw);
  model.wanders = wanders_ || (noisy && fit.noise.lag1 > kWanderingLag1);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const std::size_t k = steps_[i];
    const double interval = trace_.times_s[k] - trace_.times_s[k - 1];
    model.steps.push_back({.time_s = 0.5 * (trace_.times_s[k] + trace_.times_s[k - 1]),
                           .time_u_s = interval * std::sqrt(1.0 / 12.0 + PlaceVariance(i)),
                           .height_mw = fit.coefficients[2 + i],
                           .height_u_mw = std::sqrt(fit.covariance[2 + i][2 + i])});
  }
  if (tau_) FillSettling(fit, settling, model);
  result.columns = columns.size();
  return result;
}

}  // namespace

PartsFit FitLine(const BinnedTrace& trace) {
  const double length = trace.times_s.back() - trace.times_s.front();
  PartsFit result;
  TraceModel& model = result.model;
  model.first_s = trace.times_s.front();
  for (const double t : trace.times_s) {
    model.middle_s += t / static_cast<double>(trace.times_s.size());
  }
  DesignColumns columns(2);
  for (const double t : trace.times_s) {
    columns[0].push_back(1.0);
    columns[1].push_back((t - model.middle_s) / length);
  }
  const SeriesFit fit = FitSeries(columns, trace.power_mw, trace.gaps);
  model.level_mw = fit.coefficients[0];
  model.slope_mw_per_s = fit.coefficients[1] / length;
  model.slope_u_mw_per_s = std::sqrt(fit.covariance[1][1]) / length;
  model.noise = fit.noise;
  result.columns = 2;
  return result;
}

PartsFit FindParts(const BinnedTrace& trace, double band) { return Search(trace, band).Run(); }

}  // namespace qc_metrics
