#include "qc_metrics/sectioning.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "qc_metrics/half_maximum_1d.h"

namespace qc_metrics {
namespace {

constexpr int kFewestSamples = 7;
constexpr int kFewestPixels = 16;
constexpr int kTilesASide = 4;
constexpr int kStrips = 8;
constexpr int kFewestStripPx = 4;
constexpr double kLargestSaturated = 0.01;
constexpr double kFwhmPerSigma = 2.3548200450309493;

/// Mean profiles of tiles, in order of rows, and of the whole region.
struct Profiles {
  std::vector<cv::Rect> tiles;
  std::vector<std::vector<double>> values;  ///< one of each tile
  std::vector<double> whole;
  double saturated = 0.0;
};

/// `count` even parts of `length`, the first ones a pixel longer where it does not divide.
std::vector<cv::Range> Parts(int length, int count) {
  std::vector<cv::Range> parts;
  for (int i = 0; i < count; ++i) parts.emplace_back(length * i / count, length * (i + 1) / count);
  return parts;
}

double SaturatedShare(const cv::Mat& plane, const SectioningSettings& settings) {
  if (!settings.saturation_adu) return 0.0;
  return cv::countNonZero(plane >= *settings.saturation_adu) / static_cast<double>(plane.total());
}

Profiles OfStack(const Stack& stack, const SectioningSettings& settings) {
  Profiles out;
  const cv::Size size = stack.planes.front().size();
  for (const cv::Range& rows : Parts(size.height, kTilesASide)) {
    for (const cv::Range& columns : Parts(size.width, kTilesASide)) {
      out.tiles.emplace_back(columns.start, rows.start, columns.size(), rows.size());
    }
  }
  out.values.resize(out.tiles.size());
  for (const cv::Mat& plane : stack.planes) {
    double total = 0.0;
    for (std::size_t i = 0; i < out.tiles.size(); ++i) {
      const double sum = cv::sum(plane(out.tiles[i]))[0];
      out.values[i].push_back(sum / out.tiles[i].area());
      total += sum;
    }
    out.whole.push_back(total / size.area());
    out.saturated += SaturatedShare(plane, settings) / static_cast<double>(stack.planes.size());
  }
  return out;
}

Profiles OfXzImage(const cv::Mat& image, const SectioningSettings& settings) {
  Profiles out;
  const int strips = std::min(kStrips, image.cols / kFewestStripPx);
  for (const cv::Range& columns : Parts(image.cols, std::max(1, strips))) {
    out.tiles.emplace_back(columns.start, 0, columns.size(), image.rows);
  }
  out.values.resize(out.tiles.size());
  for (int y = 0; y < image.rows; ++y) {
    for (std::size_t i = 0; i < out.tiles.size(); ++i) {
      const cv::Mat row = image(cv::Rect(out.tiles[i].x, y, out.tiles[i].width, 1));
      out.values[i].push_back(cv::mean(row)[0]);
    }
    out.whole.push_back(cv::mean(image.row(y))[0]);
  }
  out.saturated = SaturatedShare(image, settings);
  return out;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

/// Standard uncertainty of a median of 4 values or more that scatter normally; few values scatter
/// by more than their SD says: n - 1 over n - 3 in squares.
double MedianU(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0.0;
  for (const double value : values) mean += value / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(std::numbers::pi / 2.0 * squares / (n - 3.0) / n);
}

/// Slopes of the tiles' centres, in um of z a pixel.
struct Slopes {
  double x = 0.0, y = 0.0;
  Eigen::Matrix2d covariance = Eigen::Matrix2d::Zero();
};

std::optional<Slopes> SlopesOf(const std::vector<AxialTile>& tiles, bool along_y) {
  const int unknowns = along_y ? 3 : 2;
  if (static_cast<int>(tiles.size()) < unknowns + 2) return std::nullopt;
  Eigen::MatrixXd design(static_cast<Eigen::Index>(tiles.size()), unknowns);
  Eigen::VectorXd centres(design.rows());
  for (Eigen::Index i = 0; i < design.rows(); ++i) {
    const AxialTile& tile = tiles[static_cast<std::size_t>(i)];
    design(i, 0) = 1.0;
    design(i, 1) = tile.x_px;
    if (along_y) design(i, 2) = tile.y_px;
    centres[i] = tile.centre_um;
  }
  const Eigen::MatrixXd inverse = (design.transpose() * design).inverse();
  if (!inverse.allFinite()) return std::nullopt;
  const Eigen::VectorXd plane = inverse * design.transpose() * centres;
  const double freedom = static_cast<double>(design.rows() - unknowns);
  const double variance = (centres - design * plane).squaredNorm() / freedom;
  const double few = freedom > 2.0 ? freedom / (freedom - 2.0) : 3.0;
  Slopes out{.x = plane[1], .y = along_y ? plane[2] : 0.0};
  out.covariance(0, 0) = inverse(1, 1) * variance * few;
  if (along_y) {
    out.covariance(1, 1) = inverse(2, 2) * variance * few;
    out.covariance(0, 1) = out.covariance(1, 0) = inverse(1, 2) * variance * few;
  }
  return out;
}

/// Angle of the plane's normal from z.
std::optional<AxialValue> Tilt(const Slopes& slopes, const SectioningSettings& settings) {
  const bool stack = settings.layout == AxialLayout::kStack;
  if (!settings.pixel_x_um || (stack && !settings.pixel_y_um)) return std::nullopt;
  Eigen::Vector2d slope(slopes.x / *settings.pixel_x_um,
                        stack ? slopes.y / *settings.pixel_y_um : 0.0);
  Eigen::Matrix2d scale = Eigen::Matrix2d::Zero();
  scale(0, 0) = 1.0 / *settings.pixel_x_um;
  scale(1, 1) = stack ? 1.0 / *settings.pixel_y_um : 0.0;
  const Eigen::Matrix2d covariance = scale * slopes.covariance * scale;
  const double steep = slope.norm();
  constexpr double kDegrees = 180.0 / std::numbers::pi;
  // Without a direction of its own the slope is as uncertain as the mean of both axes.
  const double variance = steep > 0.0
                              ? (slope.transpose() * covariance * slope)(0) / (steep * steep)
                              : 0.5 * covariance.trace();
  return AxialValue{kDegrees * std::atan(steep),
                    kDegrees * std::sqrt(variance) / (1.0 + steep * steep)};
}

class Measuring {
 public:
  Measuring(const Profiles& profiles, const SectioningSettings& settings)
      : profiles_(profiles), settings_(settings) {}

  Measured<Sectioning> Measure() {
    const auto region = FitGauss1d(profiles_.whole);
    if (!region) return Fault::kFitFailed;
    out_.profile = profiles_.whole;
    out_.saturated = profiles_.saturated;
    out_.region_fit = *region;
    out_.region_r2 = region->r2;
    const double per_sigma = kFwhmPerSigma * settings_.z_step_um;
    out_.region_fwhm_um = {per_sigma * region->sigma, per_sigma * region->u_sigma};
    out_.half_maximum_um = HalfMaximum();
    FitTiles();
    const auto slopes = SlopesOf(out_.tiles, settings_.layout == AxialLayout::kStack);
    if (slopes) out_.tilt_deg = Tilt(*slopes, settings_);
    if (settings_.layout == AxialLayout::kXzImage) {
      out_.fwhm_um = out_.region_fwhm_um;
      out_.r2 = {region->r2, std::nullopt};
      return std::move(out_);
    }
    if (2 * out_.tiles.size() < profiles_.tiles.size()) return Fault::kFitFailed;
    TakeMedians(slopes.value_or(Slopes{}));
    return std::move(out_);
  }

 private:
  std::optional<AxialValue> HalfMaximum() const {
    const auto width = HalfMaximum1d(profiles_.whole);
    if (!width) return std::nullopt;
    return AxialValue{width->width * settings_.z_step_um, width->u * settings_.z_step_um};
  }

  void FitTiles() {
    out_.tried_tiles = static_cast<int>(profiles_.tiles.size());
    for (std::size_t i = 0; i < profiles_.tiles.size(); ++i) {
      const auto fit = FitGauss1d(profiles_.values[i]);
      if (!fit) continue;
      const cv::Rect& tile = profiles_.tiles[i];
      out_.tiles.push_back({.x_px = tile.x + 0.5 * (tile.width - 1),
                            .y_px = tile.y + 0.5 * (tile.height - 1),
                            .fwhm_um = kFwhmPerSigma * settings_.z_step_um * fit->sigma,
                            .centre_um = settings_.z_step_um * fit->centre,
                            .r2 = fit->r2});
    }
  }

  // A tilted plane crosses a tile over slope x side: a box, whose variance adds to the response's.
  void TakeMedians(const Slopes& slopes) {
    const double across_x = slopes.x * profiles_.tiles.front().width;
    const double across_y = slopes.y * profiles_.tiles.front().height;
    const double added = (across_x * across_x + across_y * across_y) / 12.0;
    std::vector<double> widths;
    std::vector<double> r2;
    for (const AxialTile& tile : out_.tiles) {
      const double variance = std::pow(tile.fwhm_um / kFwhmPerSigma, 2) - added;
      widths.push_back(kFwhmPerSigma * std::sqrt(std::max(0.0, variance)));
      r2.push_back(tile.r2);
    }
    out_.fwhm_um = {Median(widths), MedianU(widths)};
    out_.r2 = {Median(r2), MedianU(r2)};
  }

  const Profiles& profiles_;
  const SectioningSettings& settings_;
  Sectioning out_;
};

std::optional<Fault> Refusal(const Stack& stack, const SectioningSettings& settings) {
  if (stack.planes.empty() || stack.planes.front().empty()) return Fault::kUnsupportedFormat;
  const cv::Mat& first = stack.planes.front();
  for (const cv::Mat& plane : stack.planes) {
    if (plane.channels() != 1 || plane.depth() == CV_64F || plane.size() != first.size() ||
        plane.type() != first.type()) {
      return Fault::kUnsupportedFormat;
    }
  }
  const bool image = settings.layout == AxialLayout::kXzImage;
  const int samples = image ? first.rows : static_cast<int>(stack.planes.size());
  if (samples < kFewestSamples) return Fault::kTooSmall;
  if (!image && std::min(first.cols, first.rows) < kFewestPixels) return Fault::kTooSmall;
  return std::nullopt;
}

}  // namespace

Measured<Sectioning> MeasureSectioning(const Stack& stack, const SectioningSettings& settings) {
  if (const auto fault = Refusal(stack, settings)) return *fault;
  const Profiles profiles = settings.layout == AxialLayout::kXzImage
                                ? OfXzImage(stack.planes.front(), settings)
                                : OfStack(stack, settings);
  const auto [low, high] = std::minmax_element(profiles.whole.begin(), profiles.whole.end());
  for (const double value : profiles.whole) {
    if (!std::isfinite(value)) return Fault::kNotFinite;
  }
  if (profiles.saturated > kLargestSaturated) return Fault::kSaturated;
  if (!(*high > *low)) return Fault::kNoSignal;
  return Measuring(profiles, settings).Measure();
}

}  // namespace qc_metrics
